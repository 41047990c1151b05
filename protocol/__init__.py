"""The messages between backend and AI workers: tasks over the queue, reports over HTTP.

Both sides import these types. Workers in other languages use the JSON Schemas in
``protocol/schemas``. Nothing here depends on Django, a broker or an engine.
"""

from protocol.figures import Memorisation, Sample, StyleScore, WorkNearness
from protocol.messages import (
    GENERATION_QUEUE,
    TOO_NEAR,
    TRAINING_QUEUE,
    GenerationData,
    GenerationProgress,
    GenerationReport,
    GenerationTask,
    InvalidMessage,
    InvalidReport,
    LicenceData,
    SignatureAnswer,
    SignatureRequest,
    Task,
    TermsData,
    TrainingData,
    TrainingProgress,
    TrainingReport,
    TrainingTask,
    decode_generation_report,
    decode_signature_request,
    decode_task,
    decode_training_report,
    encode,
    encode_over,
)

__all__ = [
    "GENERATION_QUEUE",
    "TOO_NEAR",
    "TRAINING_QUEUE",
    "GenerationData",
    "GenerationProgress",
    "GenerationReport",
    "GenerationTask",
    "InvalidMessage",
    "InvalidReport",
    "LicenceData",
    "Memorisation",
    "Sample",
    "SignatureAnswer",
    "SignatureRequest",
    "StyleScore",
    "Task",
    "TermsData",
    "TrainingData",
    "TrainingProgress",
    "TrainingReport",
    "TrainingTask",
    "WorkNearness",
    "decode_generation_report",
    "decode_signature_request",
    "decode_task",
    "decode_training_report",
    "encode",
    "encode_over",
]
