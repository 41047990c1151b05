"""Make it again: a picture keeps what it was made with, and an order can ask for the same."""

from __future__ import annotations

import pytest

from app.models import Generation, OutboxMessage
from app.services import operations_service
from app.services.generation_service import GENERATIONS
from app.tests import ledger
from app.tests.api import Api
from app.tests.factories import StyleFactory, UserFactory
from app.tests.ordering import order, report
from protocol import decode_task

pytestmark = pytest.mark.django_db
ASKED = {"steps": 12, "guidance": 3.5, "scheduler": "euler", "negative_prompt": "rain"}
MADE_WITH = {
    "engine": "diffusion",
    "engine_version": "1",
    "base_model": "sd-1.5@r1",
    "dtype": "float32",
    **ASKED,
}


def settings_of_tasks() -> list[dict]:
    bodies = OutboxMessage.objects.order_by("pk").values_list("body", flat=True)
    return [decode_task(bytes(body)).data.settings for body in bodies]


@pytest.fixture
def style(db):
    return StyleFactory(engine="diffusion")


@pytest.fixture
def picture(as_buyer, as_worker, style):
    order(as_buyer, style)
    made = Generation.objects.get()
    assert report(as_worker, made, "completed", metadata={"settings": MADE_WITH}).status == 200
    made.refresh_from_db()
    return made


class TestWhatItWasMadeWith:
    def test_its_owner_is_shown_all_of_it(self, as_buyer, as_anyone, picture):
        assert as_buyer.get(f"/api/images/{picture.pk}").data["settings"] == MADE_WITH
        (mine,) = as_buyer.get("/api/images/mine").results
        assert (mine["settings"], mine["seed"]) == (MADE_WITH, 5)
        as_buyer.patch(f"/api/images/{picture.pk}", {"visibility": "public"})
        assert as_anyone.get(f"/api/images/{picture.pk}").data["settings"] is None

    @pytest.mark.parametrize("told", [None, {}, {"settings": "fast"}, {"settings": None}])
    def test_workers_need_not_tell_it(self, as_buyer, as_worker, style, told):
        order(as_buyer, style)
        made = Generation.objects.get()
        assert report(as_worker, made, "completed", metadata=told).status == 200
        assert as_buyer.get(f"/api/images/{made.pk}").data["settings"] is None
        assert order(as_buyer, style, again=made.pk).status == 202
        assert settings_of_tasks() == [{}, {}]


class TestAgain:
    def test_the_worker_is_told_the_same_at_every_attempt(
        self, as_buyer, as_worker, style, picture
    ):
        placed = order(as_buyer, style, again=picture.pk)
        assert placed.status == 202
        again = Generation.objects.get(pk=placed.data["generation_id"])
        assert report(as_worker, again, "failed", retryable=True).status == 200
        operations_service.retry_generation(GENERATIONS.lock(again.pk))
        assert settings_of_tasks() == [{}, ASKED, ASKED, ASKED]
        assert as_buyer.get(f"/api/images/{again.pk}").data["settings"] == ASKED
        ledger.assert_right()

    def test_without_it_the_engine_decides(self, as_buyer, style, picture):
        assert order(as_buyer, style, again=None).status == 202
        assert settings_of_tasks() == [{}, {}]

    def test_an_engine_that_has_no_settings_is_told_none(self, as_buyer, as_worker):
        style = StyleFactory()
        order(as_buyer, style)
        made = Generation.objects.get()
        report(as_worker, made, "completed", metadata={"settings": MADE_WITH})
        assert order(as_buyer, style, again=made.pk).status == 202
        assert settings_of_tasks() == [{}, {}]

    def test_it_is_one_of_mine_of_this_style_and_made(self, as_buyer, style, picture):
        waiting = order(as_buyer, style).data["generation_id"]
        stranger, other = Api(UserFactory(tokens=100)), StyleFactory(engine="diffusion")
        before = ledger.snapshot()
        for refused in (
            order(as_buyer, other, again=picture.pk),
            order(as_buyer, style, again=waiting),
            order(as_buyer, style, again=2**40),
            order(stranger, style, again=picture.pk),
            order(as_buyer, style, again=0),
            order(as_buyer, style, again="1 "),
        ):
            assert refused.refusal == (400, "VALIDATION_ERROR")
            assert list(refused.details) == ["again"]
        assert ledger.snapshot() == before

    def test_a_repeated_request_is_one_order(self, as_buyer, style, picture):
        first = order(as_buyer, style, key="k", again=picture.pk)
        assert order(as_buyer, style, key="k", again=picture.pk).data == first.data
        refused = order(as_buyer, style, key="k")
        assert refused.refusal == (422, "IDEMPOTENCY_KEY_REUSED")
