"""What a worker reports lies in the folder of its own attempt, even where other files exist."""

from __future__ import annotations

import pytest

from app.models import Generation
from app.tests import ledger
from app.tests.api import Api
from app.tests.factories import GenerationFactory, finished_file
from app.tests.ordering import report

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
