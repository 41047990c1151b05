"""Styles that are not offered yet: who sees them, what is shown of them, how they are offered."""

from __future__ import annotations

from io import BytesIO

import pytest
from django.test import Client

from app.models import Notification, OutboxMessage, Style, Tag, User
from app.services import moderation_service, storage
from app.services.jobs.attempts import output_folder
from app.services.licences import manifest
from app.tests.api import Api
from app.tests.factories import ArtistFactory, StyleFactory, UserFactory
from app.tests.ordering import GENERATE, order, order_of, report_training
from app.tests.uploads import check_all, files_in, style_form
from protocol import decode_task
from protocol.samples import SAMPLE_PROMPTS

pytestmark = pytest.mark.django_db

MODELS = "/api/models"


@pytest.fixture
def draft(artist) -> Style:
    """Two prompts are its artist's own."""
    made: Style = StyleFactory(
        artist=artist.artist,
        name="Quill",
        training_status="pending",
        is_active=False,
        is_draft=True,
        sample_prompts=["robot, Rain", "harbour"],
        tags=("sea",),
        works=2,
    )
    for work in made.artworks.all():
        storage.save(work.image_path, BytesIO(b"{}"))
        storage.save(work.preview_path, BytesIO(b"{}"))
    made.thumbnail = made.artworks.all()[0].preview_path
    made.save()
    return made


def written(style: Style, name: str) -> str:
    key = f"{output_folder('models', style)}/{name}"
    storage.save(key, BytesIO(b"{}"))
    return storage.uri(key)


def sample(style: Style, place: int) -> dict[str, object]:
    path = written(style, f"sample-{place}.webp")
    return {"prompt": place, "seed": place + 1, "width": 256, "height": 256, "image_path": path}


SCORE = {"held_out": 3, "samples": 0.37, "plain": 0.28, "works": 0.55}


def train(worker: Api, style: Style, places: tuple[int, ...] = (0, 1, 7)) -> None:
    """Report that it is trained, with samples of some prompts."""
    style.refresh_from_db()
    written(style, "works.npz")
    answer = report_training(
        worker,
        style,
        "completed",
        model_path=written(style, "model.npz"),
        samples=[sample(style, place) for place in places],
        style_score=SCORE,
    )
    assert answer.status == 200, answer.content
    style.refresh_from_db()


@pytest.fixture
def trained(as_worker, draft) -> Style:
    train(as_worker, draft)
    return draft


def strangers() -> list[Api]:
    """Nobody, a buyer, another artist, staff."""
    people = [UserFactory(tokens=100), ArtistFactory().user, UserFactory(is_staff=True)]
    return [Api(), *map(Api, people)]


def seen_by(stranger: Api, style: Style) -> dict[str, object]:
    """Whether the style is seen, door by door."""
    page, artist_id = stranger.http.get(f"/styles/{style.pk}"), style.artist_id
    lists = [
        stranger.get(MODELS),
        stranger.get(MODELS, sort="popular"),
        stranger.get(MODELS, q="Quill"),
        stranger.get(MODELS, tags="sea"),
        stranger.get(MODELS, artist_id=artist_id),
        stranger.get(MODELS, training_status=style.training_status),
    ]
    pages = ["/", "/styles", "/styles?q=Quill", "/styles?tag=sea", "/search?q=Quill"]
    pages += [f"/artists/{artist_id}", "/sitemap.xml"]
    found = stranger.get("/api/search", q="Quill").data
    return {
        "api": stranger.get(f"{MODELS}/{style.pk}").status == 200,
        "lists": [style.pk in answer.ids for answer in lists],
        "search": style.pk in [each["id"] for each in found["styles"]],
        "pages": [f"/styles/{style.pk}" in said(stranger, path) for path in pages],
        "page": page.status_code == 200,
        "image": stranger.http.get(f"/styles/{style.pk}/image").status_code == 302,
        "manifest": stranger.http.get(f"/styles/{style.pk}/manifest.json").status_code == 200,
        "counted": Tag.objects.get(name="sea").usage_count == 1,
    }


def said(person: Api, path: str) -> str:
    response = person.http.get(path)
    assert response.status_code == 200, path
    return str(response.content.decode())


class TestWhoSees:
    @pytest.mark.parametrize("status", ["pending", "completed", "failed"])
    def test_nobody_but_its_artist_finds_a_draft_by_any_door(self, as_worker, draft, status):
        if status == "completed":
            train(as_worker, draft)
        if status == "failed":
            report_training(as_worker, draft, "failed")
        draft.refresh_from_db()
        assert draft.training_status == status
        for stranger in strangers():
            seen = seen_by(stranger, draft)
            assert not any(any(x) if isinstance(x, list) else x for x in seen.values()), seen

    def test_the_doors_of_a_draft_are_those_by_which_an_offered_style_is_found(
        self, as_artist, trained
    ):
        """Else the test above could not fail."""
        as_artist.post(f"{MODELS}/{trained.pk}/offer")
        trained.refresh_from_db()
        seen = seen_by(Api(), trained)
        pages = seen.pop("pages")
        assert pages == [False, *(True,) * 6]  # the feed shows pictures, and there are none
        assert all(all(x) if isinstance(x, list) else x for x in seen.values()), seen

    def test_its_artist_sees_it_as_a_draft(self, as_artist, trained):
        shown = as_artist.get(f"{MODELS}/{trained.pk}").data
        state = (shown["is_draft"], shown["is_active"], shown["is_ready"])
        assert state == (True, False, False)
        assert as_artist.get(f"{MODELS}/mine").results[0]["is_draft"] is True
        for path in (f"/styles/{trained.pk}", "/studio", f"/studio/styles/{trained.pk}"):
            assert "Draft: not offered yet" in said(as_artist, path), path

    def test_it_cannot_be_bought(self, as_artist, as_buyer, trained):
        assert order(as_buyer, trained).refusal == (404, "NOT_FOUND")
        assert order(as_artist, trained).refusal == (422, "STYLE_NOT_READY")
        body = {"items": [order_of(trained)]}
        for api in (as_buyer, as_artist):
            quoted = api.post("/api/quotes", body)
            assert quoted.refusal == (400, "VALIDATION_ERROR")
            assert list(quoted.details) == ["items.0.style_id"]
        assert OutboxMessage.objects.filter(queue="image_generation").count() == 0

    def test_staff_see_it_in_the_admin(self, trained):
        admin = UserFactory(is_staff=True, is_superuser=True)
        page = said(Api(admin), f"/admin/app/style/{trained.pk}/change/")
        assert "sample-0.webp" in page


class TestOffering:
    def test_completed_means_listed_unless_something_else_is_asked_for(self, as_artist, as_worker):
        style = Style.objects.get(pk=as_artist.upload(MODELS, style_form()).data["id"])
        train(as_worker, style)
        assert Api().get(MODELS).ids == [style.pk]
        assert (style.is_active, style.is_draft) == (True, False)

    def test_its_artist_offers_it_once_it_is_trained(self, as_artist, as_buyer, as_worker, draft):
        offer = f"{MODELS}/{draft.pk}/offer"
        too_early = as_artist.post(offer)
        assert too_early.refusal == (409, "INVALID_TRANSITION")
        assert too_early.message == "A style can be offered once its training is complete."
        early = as_artist.patch(f"{MODELS}/{draft.pk}", {"is_active": True})
        assert early.refusal == (409, "INVALID_TRANSITION")
        train(as_worker, draft)
        for _ in range(2):
            shown = as_artist.post(offer).data
            assert (shown["is_ready"], shown["is_draft"]) == (True, False)
            assert Tag.objects.get(name="sea").usage_count == 1
        assert order(as_buyer, draft).status == 202

    def test_to_make_it_active_is_to_offer_it(self, as_artist, trained):
        assert as_artist.patch(f"{MODELS}/{trained.pk}", {"is_active": True}).data["is_ready"]
        trained.refresh_from_db()
        assert not trained.is_draft

    def test_what_was_withdrawn_is_offered_again(self, as_artist, trained):
        as_artist.post(f"{MODELS}/{trained.pk}/offer")
        as_artist.delete(f"{MODELS}/{trained.pk}")
        trained.refresh_from_db()
        assert (trained.is_active, trained.is_draft) == (False, False)
        assert as_artist.post(f"{MODELS}/{trained.pk}/offer").data["is_ready"]

    def test_what_staff_withdrew_cannot_be_offered(self, as_artist, trained):
        staff = UserFactory(is_staff=True, is_superuser=True)
        moderation_service.withdraw_style(trained, staff=staff, reason="Not theirs.")
        assert as_artist.post(f"{MODELS}/{trained.pk}/offer").refusal == (409, "INVALID_TRANSITION")
        moderation_service.restore_style(trained, staff=staff, reason="Theirs.")
        trained.refresh_from_db()
        assert (trained.is_active, trained.is_draft) == (False, True)
        assert as_artist.post(f"{MODELS}/{trained.pk}/offer").status == 200

    def test_a_name_that_is_taken_meanwhile_is_told(self, as_artist, artist, trained):
        taken = as_artist.upload(MODELS, style_form(name="quill", first=20))
        assert taken.refusal == (400, "DUPLICATE_STYLE_NAME")
        StyleFactory(artist=artist.artist, name="Quill")
        refused = as_artist.post(f"{MODELS}/{trained.pk}/offer")
        assert refused.refusal == (400, "DUPLICATE_STYLE_NAME")
        trained.refresh_from_db()
        assert trained.is_draft

    def test_an_unknown_time_is_refused(self, as_artist):
        answer = as_artist.upload(MODELS, style_form(offer="never"))
        assert (answer.status, list(answer.details)) == (400, ["offer"])


class TestDiscarding:
    def test_a_draft_goes_with_its_files(
        self, as_artist, trained, media, django_capture_on_commit_callbacks
    ):
        before = files_in(media)
        assert {name.rpartition("/")[2] for name in before} > {"model.npz", "sample-7.webp"}
        with django_capture_on_commit_callbacks(execute=True):
            assert as_artist.delete(f"{MODELS}/{trained.pk}").status == 204
        assert not Style.objects.exists()
        assert not Notification.objects.exists()
        assert files_in(media) == set()
        assert as_artist.get(f"{MODELS}/mine").results == []
        assert as_artist.http.get(f"/styles/{trained.pk}").status_code == 404

    def test_not_while_it_is_trained(self, as_artist, draft):
        answer = as_artist.delete(f"{MODELS}/{draft.pk}")
        assert answer.refusal == (409, "INVALID_TRANSITION")
        assert Style.objects.filter(pk=draft.pk).exists()

    def test_works_that_are_held_for_staff_may_go(self, as_artist, draft):
        draft.review = {"state": "waiting", "works": []}
        draft.save()
        assert as_artist.delete(f"{MODELS}/{draft.pk}").status == 204
        assert not Style.objects.exists()

    def test_what_was_offered_is_only_withdrawn(self, as_artist, trained):
        as_artist.post(f"{MODELS}/{trained.pk}/offer")
        assert as_artist.delete(f"{MODELS}/{trained.pk}").status == 204
        assert Style.objects.filter(pk=trained.pk, is_active=False).exists()
        assert Api().http.get(f"/styles/{trained.pk}").status_code == 200


class TestTrainingAgain:
    def test_a_draft_is_trained_again_and_what_was_made_goes(
        self, as_artist, as_worker, trained, media, django_capture_on_commit_callbacks
    ):
        as_artist.patch(f"{MODELS}/{trained.pk}", {"cover_sample": 0})
        first_task = trained.task_id
        with django_capture_on_commit_callbacks(execute=True):
            again = as_artist.post(f"{MODELS}/{trained.pk}/retrain").data
        assert (again["training_status"], again["samples"]) == ("pending", [])
        assert again["style_score"] is None
        assert "previews/000" in again["thumbnail"]
        assert not [name for name in files_in(media) if str(first_task) in name]
        train(as_worker, trained, places=(3,))
        shown = as_artist.get(f"{MODELS}/{trained.pk}").data
        assert [each["prompt"] for each in shown["samples"]] == ["forest, snow"]
        assert shown["is_draft"]
        assert manifest.TrainingManifest.objects.count() == 1

    def test_not_once_it_was_offered(self, as_artist, trained):
        as_artist.post(f"{MODELS}/{trained.pk}/offer")
        refused = as_artist.post(f"{MODELS}/{trained.pk}/retrain")
        assert refused.refusal == (409, "INVALID_TRANSITION")
        as_artist.delete(f"{MODELS}/{trained.pk}")
        assert as_artist.post(f"{MODELS}/{trained.pk}/retrain").status == 409


class TestSamples:
    def test_the_worker_is_asked_for_the_usual_ones_and_for_the_artists_own(self, as_artist):
        asked = '[["robot", "Rain"], ["harbour"]]'
        form = style_form(name="Quill", offer="by_hand", sample_prompts=asked)
        made = as_artist.upload(MODELS, form).data
        assert (made["is_draft"], made["is_active"]) == (True, False)
        check_all()
        task = decode_task(bytes(OutboxMessage.objects.get().body))
        assert task.data.sample_prompts == [*SAMPLE_PROMPTS, "robot, Rain", "harbour"]

    def test_they_are_shown_with_their_words_to_whoever_sees_the_style(self, as_artist, trained):
        samples = as_artist.get(f"{MODELS}/{trained.pk}").data["samples"]
        told = [(each["prompt"], each["seed"], each["width"]) for each in samples]
        assert told == [("castle, sunset", 1, 256), ("cat, night", 2, 256), ("harbour", 8, 256)]
        assert as_artist.follow_link(samples[0]["image_url"]).status == 200
        as_artist.post(f"{MODELS}/{trained.pk}/offer")
        assert len(Api().get(f"{MODELS}/{trained.pk}").data["samples"]) == 3
        assert "harbour" in said(Api(), f"/styles/{trained.pk}")

    def test_without_a_link_nobody_gets_one(self, trained):
        path = f"/media/{trained.samples[0]['path']}"
        assert Client().get(path).status_code == 403

    def test_one_of_them_may_be_the_cover(self, as_artist, trained):
        changed = as_artist.patch(f"{MODELS}/{trained.pk}", {"cover_sample": 2}).data
        assert "sample-7.webp" in changed["thumbnail"]
        refused = as_artist.patch(f"{MODELS}/{trained.pk}", {"cover_sample": 3})
        assert (refused.status, list(refused.details)) == (400, ["cover_sample"])

    def test_a_worker_that_knows_of_none_reports_none(self, as_worker, as_artist, draft):
        path = written(draft, "model.npz")
        assert report_training(as_worker, draft, "completed", model_path=path).status == 200
        shown = as_artist.get(f"{MODELS}/{draft.pk}").data
        assert (shown["samples"], shown["style_score"]) == ([], None)
        assert "Samples" not in said(as_artist, f"/styles/{draft.pk}")

    @pytest.mark.parametrize(
        ("field", "changes"),
        [
            ("samples.image_path", [{"image_path": "file:///etc/passwd"}]),
            ("samples", [{}, {}]),
            ("samples", [{"seed": -1}]),
        ],
    )
    def test_a_report_of_samples_that_makes_no_sense_is_refused(
        self, as_worker, draft, field, changes
    ):
        good = sample(draft, 0)
        answer = report_training(
            as_worker,
            draft,
            "completed",
            model_path=written(draft, "model.npz"),
            samples=[{**good, **change} for change in changes],
        )
        assert (answer.status, list(answer.details)) == (400, [field])
        draft.refresh_from_db()
        assert draft.training_status == "pending"

    @pytest.mark.parametrize(
        "prompts",
        [
            '[["a"], ["b"], ["c"], ["d"]]',
            '[["with, comma"]]',
            "[[]]",
            '["robot"]',
            f'[["{"x" * 51}"]]',
        ],
    )
    def test_prompts_are_checked_as_those_of_orders_are(self, as_artist, prompts):
        answer = as_artist.upload(MODELS, style_form(sample_prompts=prompts))
        [field] = answer.details
        assert (answer.status, field.partition(".")[0]) == (400, "sample_prompts")
        assert not Style.objects.exists()


class TestScore:
    def test_the_artist_alone_is_told(self, as_artist, trained):
        assert as_artist.get(f"{MODELS}/{trained.pk}").data["style_score"] == SCORE
        assert "clearly like your works" in said(as_artist, f"/studio/styles/{trained.pk}")
        as_artist.post(f"{MODELS}/{trained.pk}/offer")
        for stranger in strangers():
            assert stranger.get(f"{MODELS}/{trained.pk}").data["style_score"] is None
            assert "like your works" not in said(stranger, f"/styles/{trained.pk}")


def test_a_closed_account_leaves_no_draft_to_be_seen(
    as_artist, artist, trained, media, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        assert as_artist.delete("/api/users/me").status == 204
    assert files_in(media) == set()
    assert User.objects.get(pk=artist.pk).is_closed
    assert Api().http.get(f"/styles/{trained.pk}").status_code == 404
    assert Api(UserFactory(tokens=50)).post(GENERATE, order_of(trained)).status == 404
