"""docs/protocol.md says what the code does: its examples, its fields, its queues."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from protocol import (
    GenerationData,
    GenerationReport,
    LicenceData,
    SignatureRequest,
    TrainingData,
    TrainingReport,
    decode_announcement,
    decode_generation_report,
    decode_signature_request,
    decode_task,
    decode_training_report,
)
from protocol.messages import QUEUES, dead_queue_arguments, dead_queue_name, queue_arguments
from protocol.schema_files import FOLDER

PAGE = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text()
EXAMPLES = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]


def schema_of(example: dict[str, Any]) -> str:
    if "type" in example:
        return str(example["type"])
    if "to_sign" in example:
        return "signature_request"
    if "worker_id" in example:
        return "worker_announcement"
    return "training_report" if "training_status" in example else "generation_report"


@pytest.mark.parametrize("example", EXAMPLES, ids=schema_of)
def test_each_example_is_valid(example: dict[str, Any]) -> None:
    name = schema_of(example)
    jsonschema.validate(example, json.loads((FOLDER / f"{name}.json").read_text()))
    body = json.dumps(example).encode()
    if "type" in example:
        decode_task(body)
    elif name == "training_report":
        decode_training_report(body)
    elif name == "worker_announcement":
        decode_announcement(body)
    elif name == "signature_request":
        decode_signature_request(body)
    else:
        decode_generation_report(body)


def test_there_is_an_example_of_each_message_and_state() -> None:
    shown = {(schema_of(e), e.get("status") or e.get("training_status")) for e in EXAMPLES}
    assert {name for name, _ in shown} == {path.stem for path in FOLDER.iterdir()}
    assert {s for n, s in shown if n == "generation_report"} == {
        "processing",
        "completed",
        "failed",
    }


@pytest.mark.parametrize("fields", [TrainingData, GenerationData])
def test_each_field_of_a_task_is_in_a_table(fields: type[msgspec.Struct]) -> None:
    told = set(re.findall(r"`data\.(\w+)`", PAGE))
    assert {field.name for field in msgspec.structs.fields(fields)} <= told


def test_each_field_of_a_licence_is_in_a_table() -> None:
    fields = {field.name for field in msgspec.structs.fields(LicenceData)}
    assert set(re.findall(r"`licence\.(\w+)`(?=.* \|)", PAGE)) == fields


@pytest.mark.parametrize("fields", [TrainingReport, GenerationReport, SignatureRequest])
def test_each_field_of_a_report_is_in_a_table(fields: type[msgspec.Struct]) -> None:
    table = "\n".join(line for line in PAGE.splitlines() if line.startswith("|"))
    for field in msgspec.structs.fields(fields):
        assert f"`{field.name}`" in table, field.name


def test_no_field_is_told_of_that_does_not_exist() -> None:
    known = {f.name for t in (TrainingData, GenerationData) for f in msgspec.structs.fields(t)}
    assert set(re.findall(r"`data\.(\w+)`", PAGE)) == known


@pytest.mark.parametrize("queue", QUEUES)
def test_the_queues_arguments_are_told(queue: str) -> None:
    rows = dict(re.findall(r"^\| `(x-[a-z-]+)` \| (.*?) \|", PAGE, re.MULTILINE))
    arguments = queue_arguments(queue)
    assert rows.keys() == arguments.keys()
    for name, value in arguments.items():
        if name == "x-dead-letter-routing-key":
            assert value == dead_queue_name(queue) == f"{queue}.dead"
        else:
            assert rows[name].strip("`") in {str(value), f'"{value}"'}
    assert dead_queue_arguments() == {"x-queue-type": "quorum"}
