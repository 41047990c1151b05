"""Ordering a picture: what it costs, who may, what is written; and canceling."""

import pytest

from app.delivery import outbox
from app.models import Generation, GenerationTag, OutboxMessage, Tag, Transaction
from app.models.reads.status import status as status_of
from app.services.generation_service import GENERATIONS
from app.services.pricing import artist_share, cost_of
from app.tests import ledger
from app.tests.api import Api
from app.tests.factories import (
    ArtistFactory,
    GenerationFactory,
    StyleFactory,
    UserFactory,
    give_tokens,
)
from app.tests.ordering import GENERATE, order, order_of
from app.utils import clock
from protocol import GenerationTask, decode_task

pytestmark = pytest.mark.django_db


class TestOrdering:
    def test_an_order_is_charged_and_put_on_the_outbox(self, as_buyer, buyer, settings):
        settings.SITE_URL = "http://shop.example"
        style = StyleFactory(price=7, name="Quill", artist__artist_name="Ada Quill")
        answer = as_buyer.post(GENERATE, order_of(style), headers={"X-Request-ID": "order-1"})
        assert answer.status == 202
        picture = Generation.objects.get()
        assert answer.data == {
            "generation_id": picture.pk,
            "status": "queued",
            "cost": 7,
            "seed": 5,
            "balance": 993,
            "unknown_words": [],
        }
        assert ledger.entries_of(buyer) == [("earn", 1000), ("consume", 7)]
        charge = Transaction.objects.get(type="consume")
        assert (charge.generation, charge.sender, charge.receiver) == (picture, buyer, None)

        message = OutboxMessage.objects.get()
        assert (message.queue, message.sent_at) == ("image_generation", None)
        task = decode_task(bytes(message.body))
        assert isinstance(task, GenerationTask)
        assert (task.task_id, task.attempt, task.request_id) == (picture.task_id, 1, "order-1")
        assert task.webhook_url == f"http://shop.example/api/images/{picture.pk}/status"
        given = task.data
        assert (given.generation_id, given.style_id) == (picture.pk, style.pk)
        assert (given.prompt, given.aspect_ratio, given.seed) == ("castle, sea", "1:1", 5)
        assert (given.width, given.height) == (512, 512)
        assert (given.artist_name, given.style_name) == ("Ada Quill", "Quill")
        assert given.license_url == f"http://shop.example/styles/{style.pk}"
        assert given.lora_path == style.model_path
        assert given.signature_path is None
        assert given.output_path.endswith(f"/generations/{picture.task_id}/1")
        ledger.assert_right()

    @pytest.mark.parametrize(
        ("aspect_ratio", "size", "costs"),
        [
            ("1:1", (512, 512), {1: 1, 7: 7, 10: 10, 10_000: 10_000}),
            ("2:2", (1024, 1024), {1: 2, 7: 11, 10: 15, 10_000: 15_000}),
            ("1:2", (512, 1024), {1: 2, 7: 9, 10: 12, 10_000: 12_000}),
            ("3:2", (768, 512), {1: 2, 7: 8, 10: 11, 10_000: 11_000}),
            ("2:1", (1024, 512), {1: 2, 7: 9, 10: 12, 10_000: 12_000}),
        ],
    )
    def test_a_format_has_its_size_and_its_factor_rounded_up(
        self, as_buyer, buyer, aspect_ratio, size, costs
    ):
        give_tokens(buyer, 100_000)
        for price, cost in costs.items():
            before = ledger.balance_of(buyer)
            style = StyleFactory(price=price)
            shown = as_buyer.get(f"/api/models/{style.pk}").data["prices"]
            assert shown[aspect_ratio] == cost_of(price, aspect_ratio) == cost
            answer = order(as_buyer, style, aspect_ratio=aspect_ratio).data
            assert (answer["cost"], answer["balance"]) == (cost, before - cost)
            picture = Generation.objects.get(pk=answer["generation_id"])
            assert (picture.width, picture.height) == size

    def test_a_seed_is_drawn_when_none_is_given(self, as_buyer):
        style = StyleFactory()
        seeds = {order(as_buyer, style, seed=None).data["seed"] for _ in range(4)}
        assert len(seeds) == 4
        assert all(0 <= seed < 2**32 for seed in seeds)

    @pytest.mark.parametrize("seed", [0, 2**32 - 1])
    def test_a_seed_may_be_as_large_as_a_worker_takes(self, as_buyer, seed):
        assert order(as_buyer, StyleFactory(), seed=seed).data["seed"] == seed
        assert Generation.objects.get().seed == seed

    def test_known_tags_of_the_prompt_are_linked_and_new_ones_are_not_made(self, as_buyer):
        style = StyleFactory(tags=("sea",))
        order(as_buyer, style, prompt_tags=["Harbour", "Sea", "sea"])
        assert Generation.objects.get().prompt_tags == ["Harbour", "Sea", "sea"]
        assert list(GenerationTag.objects.values_list("tag__name", flat=True)) == ["sea"]
        assert list(Tag.objects.values_list("name", flat=True)) == ["sea"]

    def test_an_artist_pays_for_pictures_in_their_own_style(self, as_artist, artist):
        give_tokens(artist, 10)
        style = StyleFactory(artist=artist.artist, price=10)
        assert order(as_artist, style).data["balance"] == 0

    def test_too_few_tokens_order_nothing(self, as_buyer):
        style = StyleFactory(price=1001)
        before = ledger.snapshot()
        answer = order(as_buyer, style)
        assert answer.refusal == (402, "INSUFFICIENT_TOKENS")
        assert answer.details == {"required": 1001, "available": 1000}
        assert ledger.snapshot() == before
        assert not Generation.objects.exists()

    @pytest.mark.parametrize("state", ["pending", "training", "failed"])
    def test_an_untrained_style_is_not_there_for_others(self, as_buyer, state):
        before = ledger.snapshot()
        style = StyleFactory(training_status=state)
        assert order(as_buyer, style).refusal == (404, "NOT_FOUND")
        assert ledger.snapshot()[1:] == before[1:]

    @pytest.mark.parametrize("state", ["pending", "training", "failed"])
    def test_an_untrained_style_is_not_ready_for_its_artist(self, as_artist, artist, state):
        give_tokens(artist, 100)
        style = StyleFactory(artist=artist.artist, training_status=state)
        before = ledger.snapshot()
        assert order(as_artist, style).refusal == (422, "STYLE_NOT_READY")
        assert ledger.snapshot() == before

    def test_a_deleted_style_cannot_be_ordered_from(self, as_buyer):
        style = StyleFactory(is_active=False)
        assert order(as_buyer, style).refusal == (404, "NOT_FOUND")
        assert not Generation.objects.exists()


class TestTheArtistsShare:
    @pytest.mark.parametrize(
        ("fee", "cost", "share"), [(0, 10, 10), (20, 10, 8), (15, 7, 6), (99, 1, 1), (100, 10, 0)]
    )
    def test_the_fee_is_rounded_in_the_artists_favour(self, settings, fee, cost, share):
        settings.PLATFORM_FEE_PERCENT = fee
        assert artist_share(cost) == share

    def test_the_platform_keeps_its_fee(self, settings):
        settings.PLATFORM_FEE_PERCENT = 20
        picture = GenerationFactory(style__price=10)
        assert ledger.entries_of(picture.style.artist.user) == [("earn", 8)]
        ledger.assert_right()


class TestCanceling:
    def test_a_queued_picture_is_canceled_and_refunded(self, as_buyer, buyer):
        picture = GenerationFactory(user=buyer, status="queued")
        answer = as_buyer.post(f"/api/images/{picture.pk}/cancel")
        assert answer.data["status"] == "canceled"
        assert ledger.entries_of(buyer) == [("earn", 1000), ("consume", 10), ("refund", 10)]
        assert Transaction.objects.get(type="refund").memo == "generation_canceled"
        assert buyer.notifications.count() == 0
        ledger.assert_right()

    def test_canceling_twice_refunds_once(self, as_buyer, buyer):
        picture = GenerationFactory(user=buyer, status="canceled")
        before = ledger.snapshot()
        assert as_buyer.post(f"/api/images/{picture.pk}/cancel").data["status"] == "canceled"
        assert ledger.snapshot() == before

    @pytest.mark.parametrize("status", ["processing", "completed", "failed"])
    def test_what_has_begun_cannot_be_canceled(self, as_buyer, buyer, status):
        picture = GenerationFactory(user=buyer, status=status)
        before = ledger.snapshot()
        answer = as_buyer.post(f"/api/images/{picture.pk}/cancel")
        assert answer.refusal == (409, "INVALID_TRANSITION")
        picture.refresh_from_db()
        assert picture.status == status
        assert ledger.snapshot() == before

    def test_nobody_else_can_cancel(self):
        picture = GenerationFactory(status="queued")
        before = ledger.snapshot()
        answer = Api(ArtistFactory().user).post(f"/api/images/{picture.pk}/cancel")
        assert answer.refusal == (404, "NOT_FOUND")
        assert ledger.snapshot()[1:] == before[1:]
        picture.refresh_from_db()
        assert picture.status == "queued"


class TestStatus:
    def test_a_queued_picture_has_its_place_in_the_queue(self, as_buyer, buyer):
        style = StyleFactory()
        GenerationFactory(user=buyer, style=style, status="completed")
        OutboxMessage.objects.update(sent_at=clock.now())
        queued = [GenerationFactory(style=style, status="queued") for _ in range(2)]
        mine = GenerationFactory(user=buyer, style=style, status="queued")
        assert as_buyer.get(f"/api/images/{mine.pk}/status").data == {
            "id": mine.pk,
            "status": "queued",
            "progress": None,
            "queue_position": 3,
            "image_url": None,
            "preview_url": None,
            "failure_reason": None,
        }
        Api(queued[0].user).post(f"/api/images/{queued[0].pk}/cancel")
        assert as_buyer.get(f"/api/images/{mine.pk}/status").data["queue_position"] == 2

    def test_other_engines_have_other_queues(self, as_buyer, buyer):
        other = [GenerationFactory(status="queued") for _ in range(3)]
        for message in OutboxMessage.objects.order_by("pk")[:2]:
            # The workers were given it.
            GENERATIONS.mark_accepted(message)
            outbox.mark_sent(message)
        style = StyleFactory(engine="diffusion")
        mine = [GenerationFactory(user=buyer, style=style, status="queued") for _ in range(3)]
        given, _, held = mine
        message = OutboxMessage.objects.get(task_id=given.task_id)
        GENERATIONS.mark_accepted(message)
        outbox.mark_sent(message)
        OutboxMessage.objects.filter(task_id=held.task_id).delete()
        Generation.objects.filter(pk=held.pk).update(is_held=True)

        def place(picture: Generation) -> int:
            client = Api(picture.user)
            return client.get(f"/api/images/{picture.pk}/status").data["queue_position"]

        assert [place(picture) for picture in mine] == [1, 2, 3]
        assert [place(picture) for picture in other] == [1, 2, 3]

    def test_it_says_when_to_ask_again(self, as_buyer, buyer):
        def told(picture, client) -> str | None:
            return client.get(f"/api/images/{picture.pk}/status").headers.get("Retry-After")

        style = StyleFactory()
        queued = [GenerationFactory(user=buyer, style=style, status="queued") for _ in range(64)]
        by_place = {1: "1", 10: "1", 11: "2", 64: "7"}
        assert {n: told(queued[n - 1], as_buyer) for n in by_place} == by_place
        for seconds, expected in ((None, "1"), (0.2, "1"), (7.5, "8"), (600, "30")):
            progress = {"current_step": 1, "total_steps": 20, "progress_percent": 5.0}
            progress["estimated_seconds"] = seconds
            made = GenerationFactory(user=buyer, status="processing")
            Generation.objects.filter(pk=made.pk).update(progress=progress)
            assert told(made, as_buyer) == expected
            # With a key, there is no session to be read with it.
            assert str(status_of(buyer.pk, made.pk).retry_after) == expected
        assert told(GenerationFactory(user=buyer, status="processing"), as_buyer) == "1"
        for status in ("completed", "failed", "canceled"):
            assert told(GenerationFactory(user=buyer, status=status), as_buyer) is None

    def test_a_failed_picture_says_why(self, as_buyer, buyer):
        picture = GenerationFactory(user=buyer, status="failed")
        shown = as_buyer.get(f"/api/images/{picture.pk}/status").data
        assert (shown["status"], shown["failure_reason"]) == ("failed", "The paint ran out.")
        assert (shown["queue_position"], shown["image_url"]) == (None, None)

    def test_a_completed_picture_has_a_link(self, as_buyer, buyer):
        picture = GenerationFactory(user=buyer)
        shown = as_buyer.get(f"/api/images/{picture.pk}/status").data
        assert shown["status"] == "completed"
        assert as_buyer.follow_link(shown["image_url"]).content == b"a picture"

    @pytest.mark.parametrize("status", ["queued", "processing", "completed", "failed", "canceled"])
    def test_others_do_not_see_a_private_picture(self, status):
        picture = GenerationFactory(status=status)
        for client in (Api(), Api(UserFactory()), Api(picture.style.artist.user)):
            assert client.get(f"/api/images/{picture.pk}/status").refusal == (404, "NOT_FOUND")
            assert client.get(f"/api/images/{picture.pk}").refusal == (404, "NOT_FOUND")
