"""Workers tell of themselves, and operators see them, and what waits in vain."""

from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from app.models import Worker
from app.services import metrics_service, worker_service
from app.tests.factories import GenerationFactory, StyleFactory
from app.utils import clock

pytestmark = pytest.mark.django_db

ADDRESS = "/api/internal/workers"


def told(**changes):
    return {
        "worker_id": str(uuid4()),
        "engine": "diffusion",
        "engine_version": "1",
        "device": "NVIDIA L4",
        "base_model": "sdxl@1.0",
        "warm_styles": [7, 12],
        "done": 3,
        "failed": 1,
        "uptime_seconds": 60.0,
        **changes,
    }


def be_silent(seconds):
    Worker.objects.update(seen_at=clock.seconds_from_now(-seconds))


def listed():
    out = StringIO()
    call_command("workers", stdout=out)
    return out.getvalue()


def test_what_is_told_replaces_what_was_told_before(as_worker):
    first = told()
    assert as_worker.post(ADDRESS, first).data == {"worker_id": first["worker_id"]}
    began = Worker.objects.get().started_at
    assert 59 <= (clock.now() - began).total_seconds() < 120
    assert as_worker.post(ADDRESS, {**first, "done": 9, "warm_styles": []}).status == 200
    assert as_worker.post(ADDRESS, told(engine="stylenet")).status == 200
    kept = Worker.objects.get(pk=first["worker_id"])
    assert (kept.done_count, kept.warm_styles, kept.device) == (9, [], "NVIDIA L4")
    assert Worker.objects.count() == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"engine": "Big Engine"},
        {"engine_version": "x" * 51},
        {"worker_id": "me"},
        {"done": -1},
        {"device": "a\x00b"},
        {"warm_styles": [2**63]},
        {"uptime_seconds": 1e12},
    ],
)
def test_what_makes_no_sense_is_refused(as_worker, wrong):
    assert as_worker.post(ADDRESS, told(**wrong)).refusal == (400, "VALIDATION_ERROR")
    assert not Worker.objects.exists()


def test_operators_see_who_lives(as_worker, settings):
    settings.ENGINES = ["stylenet", "diffusion"]
    as_worker.post(ADDRESS, told())
    line, sums = listed().splitlines()
    for part in ("diffusion 1", "lives", "done 3", "failed 1", "NVIDIA L4", "sdxl@1.0", "7 12"):
        assert part in line
    assert sums == "0 of stylenet, 1 of diffusion"
    be_silent(worker_service.LIVING_SECONDS + 1)
    assert "gone" in listed()
    assert metrics_service.figures(max_age=0).workers == {"stylenet": 0, "diffusion": 0}


def test_jobs_that_wait_in_vain_are_named(as_worker, settings):
    settings.ENGINES = ["stylenet", "diffusion"]
    GenerationFactory(style=StyleFactory(engine="diffusion"), status="queued")
    StyleFactory(engine="diffusion", training_status="pending")
    GenerationFactory(style=StyleFactory(engine="diffusion"), status="processing")
    as_worker.post(ADDRESS, told(engine="stylenet"))
    assert metrics_service.figures(max_age=0).jobs_without_worker == {"diffusion": 2}
    with pytest.raises(CommandError, match="no living worker has: 2 for diffusion"):
        listed()
    as_worker.post(ADDRESS, told())
    assert metrics_service.figures(max_age=0).jobs_without_worker == {}
    assert "1 of diffusion" in listed()


def test_those_that_are_long_gone_are_forgotten(as_worker):
    as_worker.post(ADDRESS, told())
    assert worker_service.forget_old() == 0
    be_silent(worker_service.KEPT_SECONDS + 1)
    as_worker.post(ADDRESS, told(engine="stylenet"))
    assert worker_service.forget_old() == 1
    assert Worker.objects.get().engine == "stylenet"
