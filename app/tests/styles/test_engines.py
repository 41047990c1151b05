"""A style knows its engine: its tasks go to that engine's workers, and it has that one's formats
and words."""

import pytest
from django.db import connection

from app.models import Generation, OutboxMessage, Style, TrainingManifest
from app.models.formats import OF_STORED, stored
from app.services import operations_service, pricing
from app.services.generation_service import GENERATIONS
from app.tests import ledger
from app.tests.factories import PublicPictureFactory, StyleFactory
from app.tests.ordering import order, order_of, report, report_training
from app.tests.uploads import check_all, style_form
from protocol import decode_task
from protocol.formats import BY_ENGINE, COMMON, FORMATS
from protocol.messages import GENERATION_QUEUE, TRAINING_QUEUE

pytestmark = pytest.mark.django_db

BOTH = ["stylenet", "diffusion"]
RETRAIN = "/api/models/{}/retrain"


def last_task():
    check_all()
    message = OutboxMessage.objects.latest("pk")
    return message.queue, decode_task(bytes(message.body)).data.engine


class TestUploads:
    def test_the_usual_engine_has_the_plans_queue(self, as_artist, settings):
        settings.ENGINES = BOTH
        made = as_artist.upload("/api/models", style_form()).data
        assert (made["engine"], made["engine_version"]) == ("stylenet", None)
        assert last_task() == (TRAINING_QUEUE, "stylenet")

    def test_another_engine_has_a_queue_of_its_own(self, as_artist, settings):
        settings.ENGINES = BOTH
        made = as_artist.upload("/api/models", style_form(engine="diffusion")).data
        assert made["engine"] == Style.objects.get().engine == "diffusion"
        assert last_task() == ("model_training.diffusion", "diffusion")

    def test_the_first_that_is_offered_is_the_usual_one(self, as_artist, settings):
        settings.ENGINES = ["diffusion"]
        assert as_artist.upload("/api/models", style_form()).data["engine"] == "diffusion"

    @pytest.mark.parametrize("name", ["diffusion", "Stylenet", "x" * 31])
    def test_what_is_not_offered_is_refused(self, as_artist, name, media):
        answer = as_artist.upload("/api/models", style_form(engine=name))
        assert answer.refusal == (400, "VALIDATION_ERROR")
        assert list(answer.details) == ["engine"]
        assert not Style.objects.exists()
        assert not OutboxMessage.objects.exists()
        assert not list(media.rglob("*.png"))


class TestTrainings:
    def test_trained_again_it_keeps_its_engine(self, as_artist, artist, settings):
        settings.ENGINES = BOTH
        style = StyleFactory(
            artist_id=artist.pk, training_status="failed", engine="diffusion", works=1
        )
        assert as_artist.post(RETRAIN.format(style.pk)).data["engine"] == "diffusion"
        assert last_task() == ("model_training.diffusion", "diffusion")

    def test_or_gets_the_one_that_is_named(self, as_artist, artist, settings):
        style = StyleFactory(artist_id=artist.pk, training_status="failed", works=1)
        refused = as_artist.post(RETRAIN.format(style.pk), {"engine": "diffusion"})
        assert refused.refusal == (400, "VALIDATION_ERROR")
        style.refresh_from_db()
        assert (style.training_status, style.engine) == ("failed", "stylenet")
        settings.ENGINES = BOTH
        changed = as_artist.post(RETRAIN.format(style.pk), {"engine": "diffusion"})
        assert changed.data["engine"] == "diffusion"
        assert last_task() == ("model_training.diffusion", "diffusion")

    def test_the_version_that_trained_it_is_kept_and_in_the_manifest(self, as_worker, media):
        style = StyleFactory(training_status="training", engine="diffusion", works=1)
        path = media / "models" / str(style.task_id) / "1" / "model.safetensors"
        path.parent.mkdir(parents=True)
        path.write_bytes(b"a model")
        answer = report_training(
            *(as_worker, style, "completed"),
            model_path=path.as_uri(),
            engine_version="1",
            training_metric={"engine": {"name": "mine", "package": "diffusers 0.42.1"}},
        )
        assert answer.status == 200
        style.refresh_from_db()
        assert (style.engine, style.engine_version) == ("diffusion", "1")
        assert TrainingManifest.objects.get().content["engine"] == {
            "name": "diffusion",
            "version": "1",
            "package": "diffusers 0.42.1",
        }


class TestCheckpoints:
    @pytest.mark.parametrize("status", ["completed", "failed", "training"])
    def test_they_go_when_the_training_has_ended(
        self, as_worker, media, status, django_capture_on_commit_callbacks
    ):
        style = StyleFactory(training_status="training", attempt=2, works=1)
        folder = media / "models" / str(style.task_id)
        kept = [folder / str(attempt) / "checkpoints" / "last" for attempt in (1, 2)]
        model = folder / "2" / "model.npz"
        for path in (*kept, model):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"x")
        result = {"model_path": model.as_uri()} if status == "completed" else {}
        with django_capture_on_commit_callbacks(execute=True):
            assert report_training(as_worker, style, status, **result).status == 200
        assert [path.exists() for path in kept] == [status == "training"] * 2
        assert model.exists()


class TestOrders:
    def test_every_attempt_goes_to_the_workers_of_its_style(self, as_buyer, as_worker):
        assert order(as_buyer, StyleFactory(engine="diffusion")).status == 202
        assert last_task() == ("image_generation.diffusion", "diffusion")
        picture = Generation.objects.get()
        assert report(as_worker, picture, "failed", retryable=True).status == 200
        operations_service.retry_generation(GENERATIONS.lock(picture.pk))
        queues = OutboxMessage.objects.values_list("queue", flat=True)
        assert list(queues) == ["image_generation.diffusion"] * 3

    def test_the_plans_queue_is_the_usual_engines(self, as_buyer):
        assert order(as_buyer, StyleFactory()).status == 202
        assert last_task() == (GENERATION_QUEUE, "stylenet")


class TestFormats:
    @pytest.mark.parametrize(
        ("engine", "ratio"), [(engine, ratio) for engine in BOTH for ratio in BY_ENGINE[engine]]
    )
    def test_what_is_quoted_is_charged(self, as_buyer, buyer, engine, ratio):
        style = StyleFactory(engine=engine, price=7)
        item = order_of(style, aspect_ratio=ratio)
        quoted = as_buyer.post("/api/quotes", {"items": [item]}).data["cost"]
        assert quoted == as_buyer.get(f"/api/models/{style.pk}").data["prices"][ratio]
        placed = order(as_buyer, style, aspect_ratio=ratio, expected_cost=quoted)
        assert placed.data["cost"] == quoted
        picture = Generation.objects.get()
        assert (picture.width, picture.height) == FORMATS[ratio]

    def test_another_engine_has_those_that_all_draw(self, as_buyer, buyer):
        style = StyleFactory(engine="etching")
        assert list(as_buyer.get(f"/api/models/{style.pk}").data["prices"]) == list(COMMON)
        refused = [
            order(as_buyer, style, aspect_ratio="4:3"),
            as_buyer.post("/api/quotes", {"items": [order_of(style, aspect_ratio="4:3")]}),
        ]
        for answer, field in zip(refused, ("aspect_ratio", "items.0.aspect_ratio"), strict=True):
            assert answer.refusal == (400, "VALIDATION_ERROR")
            (said,) = answer.details[field]
            assert said == "This style has the formats 1:1, 2:2, 1:2, 3:2, 2:1."
        assert ledger.entries_of(buyer) == [("earn", 1000)]
        assert not Generation.objects.exists()

    def test_16_to_9_is_for_engines_that_draw_it(self, as_buyer):
        refused = order(as_buyer, StyleFactory(), aspect_ratio="16:9")
        assert list(refused.details) == ["aspect_ratio"]
        assert pricing.cost_of(10, "16:9") == pricing.cost_of(10, "9:16") == 13
        assert "16:9" not in as_buyer.get(f"/api/models/{StyleFactory().pk}").data["prices"]

    @pytest.mark.parametrize("ratio", ["16:9", "9:16"])
    def test_it_is_called_so_wherever_it_is_shown(self, as_buyer, buyer, ratio):
        style = StyleFactory(engine="diffusion")
        items = [order_of(style, aspect_ratio=ratio)]
        assert order(as_buyer, style, aspect_ratio=ratio).status == 202
        assert as_buyer.post("/api/orders", {"items": items}).status == 202
        for message in OutboxMessage.objects.all():
            assert decode_task(bytes(message.body)).data.aspect_ratio == ratio
        assert set(Generation.objects.values_list("aspect_ratio", flat=True)) == {ratio}
        assert Generation.objects.filter(aspect_ratio=ratio).count() == 2
        locked = GENERATIONS.lock(Generation.objects.earliest("pk").pk)
        assert locked.aspect_ratio == ratio
        public = PublicPictureFactory(user=buyer, style=style, aspect_ratio=ratio)
        # Read as a row, and found by the key that a trigger wrote.
        assert as_buyer.get(f"/api/images/{public.pk}").data["aspect_ratio"] == ratio
        found = as_buyer.get("/api/community/feed", aspect_ratio=ratio)
        assert [row["aspect_ratio"] for row in found.results] == [ratio]
        assert as_buyer.get("/api/community/feed", aspect_ratio="1:1").results == []
        (image,) = as_buyer.get("/api/search", q="castle").data["images"]
        assert image["aspect_ratio"] == ratio

    def test_the_column_is_as_wide_as_the_version_before_knows_it(self):
        # Wider, it would break what that version has prepared: "cached plan must not change …".
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT character_maximum_length FROM information_schema.columns"
                " WHERE table_name = 'app_generation' AND column_name = 'aspect_ratio'"
            )
            assert cursor.fetchone() == (3,)
        assert all(len(stored(ratio)) == 3 for ratio in FORMATS)
        assert {OF_STORED.get(stored(ratio), ratio) for ratio in FORMATS} == set(FORMATS)


class TestWords:
    def test_only_some_engines_know_words_alone(self, as_buyer):
        for engine, unknown in (("stylenet", ["zorblax"]), ("diffusion", [])):
            style = StyleFactory(engine=engine)
            wanted = order_of(style, prompt_tags=["castle", "zorblax"])
            quoted = as_buyer.post("/api/quotes", {"items": [wanted]}).data["items"][0]
            assert quoted["unknown_words"] == unknown
            for _ in range(2):  # the second is a replay
                placed = order(as_buyer, style, key=engine, prompt_tags=["castle", "zorblax"])
                assert placed.data["unknown_words"] == unknown
