"""Write the JSON Schemas of the protocol: ``python -m protocol.schema_files``."""

import json
from pathlib import Path

import msgspec

from protocol.messages import (
    GenerationReport,
    GenerationTask,
    SignatureRequest,
    TrainingReport,
    TrainingTask,
)
from protocol.workers import WorkerAnnouncement

FOLDER = Path(__file__).parent / "schemas"
TYPES: dict[str, type[msgspec.Struct]] = {
    "model_training": TrainingTask,
    "image_generation": GenerationTask,
    "training_report": TrainingReport,
    "generation_report": GenerationReport,
    "signature_request": SignatureRequest,
    "worker_announcement": WorkerAnnouncement,
}


def schema_text(kind: type[msgspec.Struct]) -> str:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **msgspec.json.schema(kind),
    }
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, kind in TYPES.items():
        (FOLDER / f"{name}.json").write_text(schema_text(kind))


if __name__ == "__main__":
    main()
