"""The published JSON Schemas are those of the code, and accept and refuse what the code does."""

import base64
import json
from typing import Any
from uuid import uuid4

import jsonschema
import msgspec
import pytest

from protocol import (
    GenerationProgress,
    GenerationReport,
    GenerationTask,
    InvalidMessage,
    InvalidReport,
    SignatureRequest,
    TrainingProgress,
    TrainingReport,
    TrainingTask,
    decode_generation_report,
    decode_signature_request,
    decode_task,
    decode_training_report,
    encode,
)
from protocol.messages import MAX_TO_SIGN
from protocol.schema_files import FOLDER, TYPES, schema_text

GENERATION: dict[str, Any] = {
    "task_id": str(uuid4()),
    "type": "image_generation",
    "attempt": 1,
    "request_id": "req-1",
    "data": {
        "generation_id": 1,
        "style_id": 2,
        "lora_path": "s3://bucket/model.npz",
        "prompt": "harbour, dawn",
        "aspect_ratio": "1:2",
        "width": 512,
        "height": 1024,
        "seed": 4294967295,
        "signature_path": None,
        "output_path": "s3://bucket/generations/1",
        "artist_name": "Mina",
        "style_name": "Tide",
        "license_url": "https://example.test/licence",
    },
    "webhook_url": "http://127.0.0.1:8000/api/images/1/status",
}
LICENSED: dict[str, Any] = {
    **GENERATION,
    "data": {
        **GENERATION["data"],
        "licence": {
            "number": "SL-7Q2M-0XKD-4T9S",
            "terms": {"key": "commercial", "version": 1, "url": "https://x.test", "sha256": "ab"},
            "artist": "Mina",
            "style": "Tide",
            "mark_id": 2**32 - 1,
            "verify_url": "https://x.test/licences/SL-7Q2M-0XKD-4T9S",
            "chain": ["a certificate", "its intermediate"],
            "signatures_url": "https://x.test/api/internal/signatures",
            "prompt_writer": "Bo",
        },
    },
}
TRAINING: dict[str, Any] = {
    "task_id": str(uuid4()),
    "type": "model_training",
    "attempt": 3,
    "request_id": "req-2",
    "data": {
        "style_id": 2,
        "name": "Tide",
        "image_paths": ["file:///srv/a.png", "file:///srv/b.png"],
        "image_tags": [["sea"], []],
        "num_epochs": 10,
        "output_path": "file:///srv/styles/2",
    },
    "webhook_url": "http://127.0.0.1:8000/api/models/2/status",
}


def schema(name: str) -> dict[str, Any]:
    return json.loads((FOLDER / f"{name}.json").read_text())


def accepts(name: str, message: Any) -> bool:
    return jsonschema.Draft202012Validator(schema(name)).is_valid(message)


def changed(message: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy with the value at the dotted path replaced; ``...`` removes it."""
    copy = json.loads(json.dumps(message))
    *parents, last = path.split(".")
    place = copy
    for parent in parents:
        place = place[parent]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return copy


@pytest.mark.parametrize("name", TYPES)
def test_published_schema_is_that_of_the_code(name: str) -> None:
    """When this fails: python -m protocol.schema_files."""
    assert (FOLDER / f"{name}.json").read_text() == schema_text(TYPES[name])
    jsonschema.Draft202012Validator.check_schema(schema(name))


def test_every_schema_file_has_its_type() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(TYPES)


class TestTasks:
    @pytest.mark.parametrize(
        ("message", "kind"),
        [(GENERATION, GenerationTask), (LICENSED, GenerationTask), (TRAINING, TrainingTask)],
    )
    def test_task_survives_the_queue(self, message: dict[str, Any], kind: type) -> None:
        task = decode_task(json.dumps(message))
        assert type(task) is kind
        assert json.loads(encode(task)) == message
        assert accepts(message["type"], message)

    @pytest.mark.parametrize(
        ("message", "path", "value"),
        [
            (GENERATION, "task_id", ...),
            (GENERATION, "task_id", 7),
            (GENERATION, "type", "image_upscaling"),
            (GENERATION, "attempt", 0),
            (GENERATION, "attempt", 101),
            (GENERATION, "data", ...),
            (GENERATION, "data.width", 63),
            (GENERATION, "data.height", 4097),
            (GENERATION, "data.seed", 2**32),
            (GENERATION, "data.seed", -1),
            (GENERATION, "data.lora_path", ""),
            (GENERATION, "data.generation_id", 0),
            (GENERATION, "data.style_id", 2**63),
            (GENERATION, "data.prompt", None),
            (LICENSED, "data.licence", "SL-7Q2M-0XKD-4T9S"),
            (LICENSED, "data.licence.mark_id", 2**32),
            (LICENSED, "data.licence.chain", ...),
            (LICENSED, "data.licence.terms.version", "1"),
            (TRAINING, "data.num_epochs", 0),
            (TRAINING, "data.num_epochs", 10**18),
            (TRAINING, "data.image_paths", "file:///srv/a.png"),
            (TRAINING, "data.image_tags", [["sea"], [1]]),
            (TRAINING, "webhook_url", ...),
        ],
    )
    def test_code_and_schema_refuse_the_same(
        self, message: dict[str, Any], path: str, value: Any
    ) -> None:
        wrong = changed(message, path, value)
        assert not accepts(message["type"], wrong)
        with pytest.raises(InvalidMessage):
            decode_task(json.dumps(wrong))

    @pytest.mark.parametrize("body", [b"", b"{", b"null", b"[]", b"\xff\xfe", b'{"type": 1}'])
    def test_no_task_at_all_is_refused(self, body: bytes) -> None:
        with pytest.raises(InvalidMessage):
            decode_task(body)

    @pytest.mark.parametrize(
        "settings",
        ["NaN", "Infinity", "1e999", f"1{'0' * 6000}", '"\\ud800"', "[" * 100_000 + "]" * 100_000],
        ids=["nan", "infinity", "1e999", "6000 digits", "half a letter", "deep"],
    )
    def test_settings_that_no_reader_can_hold_are_refused(self, settings: str) -> None:
        body = json.dumps(changed(TRAINING, "data.settings", {"a": "here"}))
        with pytest.raises(InvalidMessage):
            decode_task(body.replace('"here"', settings))

    def test_every_image_needs_its_tags(self) -> None:
        with pytest.raises(InvalidMessage, match="differ in length"):
            decode_task(json.dumps(changed(TRAINING, "data.image_tags", [["sea"]])))

    def test_fields_of_later_versions_are_ignored(self) -> None:
        later = changed(GENERATION, "priority", 5)
        assert decode_task(json.dumps(later)) == decode_task(json.dumps(GENERATION))
        assert accepts("image_generation", later)


GENERATION_REPORTS = [
    GenerationReport(uuid4(), 1, "processing"),
    GenerationReport(uuid4(), 1, "processing", progress=GenerationProgress(3, 10, 30.0, 1.5)),
    GenerationReport(
        uuid4(), 2, "completed", image_path="s3://b/x.png", metadata={"seconds": 0.5, "width": 512}
    ),
    GenerationReport(uuid4(), 3, "failed", failure_reason="It failed.", retryable=True),
]
TRAINING_REPORTS = [
    TrainingReport(uuid4(), 1, "training", progress=TrainingProgress(1, 10, 10.0)),
    TrainingReport(
        uuid4(), 1, "completed", model_path="s3://b/m.npz", training_metric={"loss": 0.1}
    ),
    TrainingReport(uuid4(), 1, "failed", failure_reason="It failed."),
]


class TestSignatures:
    def test_request_survives_the_way(self) -> None:
        request = SignatureRequest(uuid4(), 2, b"what to sign \xff", b"a box \x00")
        assert decode_signature_request(encode(request)) == request
        assert accepts("signature_request", json.loads(encode(request)))

    @pytest.mark.parametrize(
        ("path", "value"),
        [
            ("to_sign", ...),
            ("to_sign", ""),
            ("to_sign", "no base64!"),
            ("to_sign", base64.b64encode(bytes(MAX_TO_SIGN + 1)).decode()),
            ("licence", base64.b64encode(bytes(MAX_TO_SIGN + 1)).decode()),
            ("algorithm", "es384"),
            ("attempt", 0),
            ("task_id", "42"),
        ],
    )
    def test_wrong_field_is_named(self, path: str, value: Any) -> None:
        request = SignatureRequest(uuid4(), 2, b"what to sign", b"a box")
        wrong = changed(json.loads(encode(request)), path, value)
        with pytest.raises(InvalidReport) as caught:
            decode_signature_request(json.dumps(wrong).encode())
        assert caught.value.field == path


class TestReports:
    @pytest.mark.parametrize("report", GENERATION_REPORTS)
    def test_generation_report_survives_the_way(self, report: GenerationReport) -> None:
        assert decode_generation_report(encode(report)) == report
        assert accepts("generation_report", json.loads(encode(report)))

    @pytest.mark.parametrize("report", TRAINING_REPORTS)
    def test_training_report_survives_the_way(self, report: TrainingReport) -> None:
        assert decode_training_report(encode(report)) == report
        assert accepts("training_report", json.loads(encode(report)))

    @pytest.mark.parametrize(
        ("path", "value", "field"),
        [
            ("status", "done", "status"),
            ("attempt", 0, "attempt"),
            ("task_id", "no uuid", "task_id"),
            ("task_id", ..., "task_id"),
            ("progress.current_step", -1, "progress.current_step"),
            ("progress.current_step", ..., "progress.current_step"),
            ("progress.progress_percent", 100.1, "progress.progress_percent"),
            ("progress.estimated_seconds", "soon", "progress.estimated_seconds"),
            ("failure_reason", "x" * 1001, "failure_reason"),
            ("metadata", [], "metadata"),
        ],
    )
    def test_wrong_field_is_named(self, path: str, value: Any, field: str) -> None:
        wrong = changed(json.loads(encode(GENERATION_REPORTS[1])), path, value)
        with pytest.raises(InvalidReport) as caught:
            decode_generation_report(json.dumps(wrong).encode())
        assert caught.value.field == field

    @pytest.mark.parametrize("body", [b"", b"{", b"null", b"[]", b"\xff"])
    def test_no_report_at_all_is_refused(self, body: bytes) -> None:
        with pytest.raises(InvalidReport) as caught:
            decode_generation_report(body)
        assert caught.value.field == "body"

    @pytest.mark.parametrize(
        ("report", "field"),
        [
            (GenerationReport(uuid4(), 1, "completed"), "image_path"),
            (GenerationReport(uuid4(), 1, "failed"), "failure_reason"),
        ],
    )
    def test_generation_outcome_needs_its_field(self, report: GenerationReport, field: str) -> None:
        with pytest.raises(InvalidReport) as caught:
            decode_generation_report(encode(report))
        assert caught.value.field == field

    @pytest.mark.parametrize(
        ("report", "field"),
        [
            (TrainingReport(uuid4(), 1, "completed"), "model_path"),
            (TrainingReport(uuid4(), 1, "failed"), "failure_reason"),
        ],
    )
    def test_training_outcome_needs_its_field(self, report: TrainingReport, field: str) -> None:
        with pytest.raises(InvalidReport) as caught:
            decode_training_report(encode(report))
        assert caught.value.field == field

    def test_numbers_that_json_cannot_hold_become_null(self) -> None:
        report = msgspec.structs.replace(
            TRAINING_REPORTS[1], training_metric={"loss": float("nan")}
        )
        assert json.loads(encode(report))["training_metric"] == {"loss": None}
