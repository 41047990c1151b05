"""What a worker reports lies in the folder of its own attempt, even where other files exist."""

from __future__ import annotations

from pathlib import Path

import pytest
import time_machine

from app.models import Generation
from app.services.uploads import upload_service
from app.tests import ledger
from app.tests.api import Api
from app.tests.factories import GenerationFactory, finished_file
from app.tests.ordering import report
from app.tests.uploads import files_in
from app.utils import clock

pytestmark = pytest.mark.django_db

WAYS = ["{own}/../../{other}/1/image.png", "{own}/%2e%2e/../{other}/1/image.png", "{theirs}"]


@pytest.mark.parametrize("way", WAYS)
def test_a_file_of_another_job_is_not_reached(as_worker: Api, way: str) -> None:
    mine, other = (GenerationFactory(status="processing") for _ in range(2))
    own, theirs = (finished_file(each) for each in (mine, other))
    before = ledger.snapshot()
    address = way.format(own=own.rpartition("/")[0], other=other.task_id, theirs=theirs)
    answer = report(as_worker, mine, "completed", image_path=address)
    assert answer.refusal == (400, "VALIDATION_ERROR")
    assert list(answer.details) == ["image_path"]
    assert Generation.objects.get(pk=mine.pk).status == "processing"
    assert ledger.snapshot() == before
    # It is there for the job that it belongs to.
    assert report(as_worker, other, "completed", image_path=theirs).status == 200


@pytest.mark.parametrize("status", ["completed", "failed"])
def test_what_earlier_attempts_stored_goes_a_week_later(
    as_worker: Api, media: Path, status: str
) -> None:
    picture = GenerationFactory(status="processing")
    first = finished_file(picture)
    assert report(as_worker, picture, "failed", retryable=True).status == 200
    picture.refresh_from_db()
    assert picture.attempt == 2
    assert report(as_worker, picture, status, retryable=False).status == 200
    if status == "failed":
        finished_file(picture)
    assert upload_service.forget_expired() == 0
    later = clock.seconds_from_now(upload_service.REPLACED_SECONDS + 1)
    with time_machine.travel(later):
        assert upload_service.forget_expired()
    kept = {name for name in files_in(media) if str(picture.task_id) in name}
    assert first.rpartition("/media/")[2] not in kept
    assert len(kept) == (1 if status == "completed" else 0)
