"""A worker names its files at will: what the database has no room for is refused, not a 500.

Workers send a report again that is answered by 5xx, and would do so for ever.
"""

from __future__ import annotations

import io

import pytest

from app.models import Generation, Style
from app.services import storage
from app.services.jobs.attempts import MAX_ADDRESS, MAX_BELOW_FOLDER, output_folder
from app.tests import ledger
from app.tests.api import Answer, Api
from app.tests.factories import GenerationFactory, StyleFactory, finished_file
from app.tests.ordering import report

pytestmark = pytest.mark.django_db


def written(folder: str, name: str) -> str:
    key = f"{folder}/{name}"
    storage.save(key, io.BytesIO(b"what a worker made"))
    return storage.uri(key)


def name_of(length: int) -> str:
    """A path of so many characters, whose parts are file names that a disk takes."""
    return ("d" * 99 + "/") * (length // 100) + "f" * (length % 100 or 1)


def completed(as_worker: Api, style: Style, model_path: str) -> Answer:
    told = {"task_id": str(style.task_id), "attempt": style.attempt, "model_path": model_path}
    return as_worker.patch(
        f"/api/models/{style.pk}/status", {**told, "training_status": "completed"}
    )


@pytest.mark.parametrize("field", ["image_path", "metadata.preview_path"])
def test_a_picture_with_too_long_a_path_is_refused(as_worker: Api, field: str) -> None:
    picture = GenerationFactory(status="processing")
    folder = output_folder("generations", picture)
    long = written(folder, name_of(MAX_BELOW_FOLDER + 50))
    before = ledger.snapshot()
    if field == "image_path":
        answer = report(as_worker, picture, "completed", image_path=long)
    else:
        files = {"image_path": finished_file(picture), "metadata": {"preview_path": long}}
        answer = report(as_worker, picture, "completed", **files)
    assert answer.refusal == (400, "VALIDATION_ERROR")
    assert list(answer.details) == [field]
    assert Generation.objects.get(pk=picture.pk).status == "processing"
    assert ledger.snapshot() == before


def test_the_longest_path_of_a_picture_is_taken(as_worker: Api) -> None:
    picture = GenerationFactory(status="processing")
    longest = written(output_folder("generations", picture), name_of(150) + "e" * 50)
    assert report(as_worker, picture, "completed", image_path=longest).status == 200
    picture.refresh_from_db()
    assert storage.uri(picture.image_path) == longest


# The second is short, and long once it is written as an address.
@pytest.mark.parametrize("name", [name_of(MAX_BELOW_FOLDER + 50), "\u753b" * 60])
def test_a_model_with_too_long_a_path_is_refused(as_worker: Api, name: str) -> None:
    style = StyleFactory(training_status="training")
    address = written(output_folder("models", style), name)
    assert len(name) > MAX_BELOW_FOLDER or len(address) > MAX_ADDRESS
    answer = completed(as_worker, style, address)
    assert answer.refusal == (400, "VALIDATION_ERROR")
    assert list(answer.details) == ["model_path"]
    assert Style.objects.get(pk=style.pk).training_status == "training"
