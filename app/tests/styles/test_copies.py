"""What is nearly another artist's work, or a picture made here in another's style, is not trained
on before our staff has looked at it."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from PIL import Image, ImageEnhance, ImageOps

from app.exceptions import InvalidTransition
from app.models import Artwork, CopyCheck, Original, Style, User
from app.services import operations_service, storage, user_service
from app.services.training_service import NO_WORKS, TRAININGS
from app.services.uploads import check_service, checkers, copy_service
from app.tests.api import Api
from app.tests.factories import ArtistFactory, StyleFactory
from app.tests.styles.copying import (
    found,
    is_ordered,
    news,
    painting,
    picture_in,
    put_works,
    stored_as,
    style_of,
)
from app.tests.uploads import check_all, file, files, style_form

pytestmark = pytest.mark.django_db

CHANGES: dict[str, Callable[[Image.Image], bytes]] = {
    "the same file": stored_as,
    "stored again": lambda image: stored_as(image, "JPEG", quality=40),
    "half as large": lambda image: stored_as(image.resize((256, 256))),
    "brighter": lambda image: stored_as(ImageEnhance.Brightness(image).enhance(1.2)),
    "gray": lambda image: stored_as(image.convert("L")),
    "mirrored": lambda image: stored_as(ImageOps.mirror(image)),
    "on its side": lambda image: stored_as(image.rotate(90)),
}


def upload(artist: User, *works: Image.Image) -> Style:
    """A new style, looked at: these works first, and others up to ten."""
    images = [stored_as(work) for work in works]
    images += [stored_as(painting(1000 + number)) for number in range(10 - len(images))]
    form = style_form(images=[file(each, f"{n}.png") for n, each in enumerate(images)])
    made = Api(artist).upload("/api/models", form).data
    check_all()
    return Style.objects.get(pk=made["id"])


def held_by(artist: User, *works: Image.Image) -> list[tuple[int, str, str | None]]:
    style = style_of(*works, artist=artist.artist, training_status="pending")
    check_all()
    style.refresh_from_db()
    return found(style)


@pytest.fixture
def theirs() -> Style:
    """A style of another artist, whose works are known by their fingerprints."""
    style = style_of(painting(1, 512), painting(2, 512), name="Chalk")
    assert not copy_service.fill_in(60)
    return style


@pytest.fixture
def held(artist: User, theirs: Style) -> Style:
    style = style_of(painting(1), painting(5), artist=artist.artist, training_status="pending")
    assert check_all() == 1
    style.refresh_from_db()
    assert style.review_state == "waiting"
    return style


class TestWhatIsHeld:
    @pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
    def test_a_work_of_another_artist(
        self, artist: User, theirs: Style, change: Callable[[Image.Image], bytes]
    ) -> None:
        works = painting(5), change(painting(2, 512))
        style = style_of(*works, artist=artist.artist, training_status="pending")
        assert check_all() == 1
        style.refresh_from_db()
        assert found(style) == [(1, "work", f"/styles/{theirs.pk}")]
        assert style.training_status == "pending"
        assert not is_ordered(style)

    @pytest.mark.slow
    def test_the_upload_says_which_and_why_to_its_artist_alone(
        self, artist: User, theirs: Style
    ) -> None:
        style = upload(artist, painting(5), painting(1))
        assert not is_ordered(style)
        assert news(artist) == [
            (
                "works_held",
                "Works of your style Wet Paper are nearly the same as works of other artists, or"
                " as pictures made here in their styles: no. 2. It is trained once our staff has"
                " looked at it. You may upload other works instead.",
            )
        ]
        shown = Api(artist).get(f"/api/models/{style.pk}").data
        assert shown["training_status"] == "pending"
        assert (shown["review"]["state"], shown["review"]["works"]) == (
            "waiting",
            [{"work": 1, "kind": "work", "url": f"/styles/{theirs.pk}"}],
        )
        assert shown["review"]["held_at"].endswith("Z")
        Style.objects.filter(pk=style.pk).update(training_status="completed", model_path="a/b")
        assert Api().get(f"/api/models/{style.pk}").data["review"] is None

    def test_the_page_of_a_style_that_is_not_offered_is_not_named(self, artist: User) -> None:
        style_of(painting(1), training_status="pending")
        check_all()
        assert held_by(artist, painting(1)) == [(0, "work", None)]

    @pytest.mark.slow
    @pytest.mark.parametrize("is_marked", [False, True])
    def test_a_picture_made_here_in_anothers_style(
        self, artist: User, theirs: Style, is_marked: bool
    ) -> None:
        picture, content = picture_in(theirs, 30, is_marked=is_marked)
        if is_marked:
            # Cut, so that its fingerprint is another.
            with Image.open(io.BytesIO(content)) as image:
                content = stored_as(image.crop((60, 40, 460, 440)), "JPEG", quality=80)
        style = style_of(content, artist=artist.artist, training_status="pending")
        check_all()
        style.refresh_from_db()
        assert found(style) == [(0, "picture", f"/licences/{picture.licence_number}")]

    def test_a_picture_that_its_buyer_trains_on(self, theirs: Style) -> None:
        picture, content = picture_in(theirs, 30)
        ArtistFactory(user=picture.user)
        style = style_of(content, artist=picture.user.artist, training_status="pending")
        check_all()
        style.refresh_from_db()
        assert style.review_state == "waiting"

    def test_a_work_that_is_looked_at_again_after_another_upload(
        self, artist: User, theirs: Style
    ) -> None:
        style = style_of(painting(6), artist=artist.artist, training_status="pending")
        check_all()
        assert is_ordered(style)
        assert style.review is None
        TRAININGS.end(style, "The paint ran out.", retryable=False)
        images = [file(stored_as(painting(1))), *files(9)]
        assert put_works(style, images).status == 200
        check_all()
        style.refresh_from_db()
        assert found(style) == [(0, "work", f"/styles/{theirs.pk}")]


class TestWhatIsNot:
    @pytest.mark.slow
    def test_ones_own_works_and_pictures(self, artist: User, theirs: Style) -> None:
        own = style_of(painting(7), artist=artist.artist)
        copy_service.fill_in(60)
        # Marks are read where others have sold pictures.
        picture_in(theirs, 30)
        _, content = picture_in(own, 31, is_marked=True)
        with Image.open(io.BytesIO(content)) as image:
            cut = stored_as(image.crop((60, 40, 460, 440)))
        style = style_of(
            *(painting(7), content, cut), artist=artist.artist, training_status="pending"
        )
        check_all()
        assert is_ordered(style)
        assert (style.review, news(artist)) == (None, [])

    def test_plain_works_which_are_all_alike(self, artist: User) -> None:
        plain = Image.new("RGB", (256, 256), (200, 180, 160))
        for by in (artist.artist, ArtistFactory()):
            style = style_of(plain, artist=by, training_status="pending")
            check_all()
            assert is_ordered(style)
        assert {bytes(pdq) for pdq in Artwork.objects.values_list("pdq", flat=True)} == {b""}

    def test_files_that_are_gone_or_cannot_be_read(self, artist: User, theirs: Style) -> None:
        style = style_of(
            *(painting(5), b"no picture", painting(6)),
            artist=artist.artist,
            training_status="pending",
        )
        storage.delete([style.artworks.get(position=2).image_path])
        check_all()
        assert is_ordered(style)

    def test_the_true_artist_after_a_refused_thief(self, artist: User, held: Style) -> None:
        copy_service.refuse(held, "Not yours.")
        other = ArtistFactory()
        # Only the refused style has it.
        style = style_of(painting(5), artist=other, training_status="pending")
        check_all()
        assert is_ordered(style)


class TestWhileItIsHeld:
    def test_nothing_trains_it(self, held: Style) -> None:
        with pytest.raises(InvalidTransition):
            operations_service.retry_training(held)
        held.refresh_from_db()
        assert (held.attempt, held.training_status) == (1, "pending")
        answer = Api(held.artist.user).post(f"/api/models/{held.pk}/retrain")
        assert answer.refusal == (409, "INVALID_TRANSITION")
        with time_machine.travel(datetime.now(UTC) + timedelta(days=30)):
            assert check_all() == 0
        assert not is_ordered(held)

    def test_nothing_trains_it_before_it_was_looked_at(self, artist: User) -> None:
        style = style_of(painting(5), artist=artist.artist, training_status="pending")
        with pytest.raises(InvalidTransition):
            operations_service.retry_training(style)
        [line] = operations_service.jobs_under_way()
        assert (line.id, line.state) == (style.pk, "comparing")
        assert check_all() == 1
        assert is_ordered(style)
        assert [line.state for line in operations_service.jobs_under_way()] == ["pending"]

    def test_it_is_seen_as_held(self, held: Style) -> None:
        assert [line.state for line in operations_service.jobs_under_way()] == ["held"]
        assert check_service.held()[0] == 1
        # It waits for people, not for a checker.
        assert check_service.oldest_age() == 0

    def test_other_works_take_its_place(self, held: Style) -> None:
        former = held.task_id
        answer = put_works(held, files(10))
        assert (answer.data["review"], answer.data["training_status"]) == (None, "pending")
        assert check_all() == 1
        assert is_ordered(held)
        assert (held.task_id != former, held.artworks.count()) == (True, 10)
        assert not CopyCheck.objects.exists()

    def test_a_training_that_staff_end_leaves_nothing_held(self, held: Style) -> None:
        operations_service.cancel_training(held)
        held.refresh_from_db()
        assert (held.training_status, held.review) == ("failed", None)
        assert not CopyCheck.objects.exists()
        # Again, it is looked at again.
        operations_service.retry_training(held)
        assert check_all() == 1
        held.refresh_from_db()
        assert (held.review_state, is_ordered(held)) == ("waiting", False)

    def test_withdrawn_by_its_artist_nobody_has_to_look(self, held: Style) -> None:
        client = Api(held.artist.user)
        client.delete(f"/api/models/{held.pk}")
        assert check_service.held()[0] == 0
        client.patch(f"/api/models/{held.pk}", {"is_active": True})
        assert check_service.held()[0] == 1

    @pytest.mark.parametrize("is_looked_at", [False, True])
    def test_an_artist_who_leaves_ends_it(
        self, artist: User, theirs: Style, is_looked_at: bool
    ) -> None:
        style = style_of(painting(1), artist=artist.artist, training_status="pending")
        if is_looked_at:
            check_all()
        user_service.close_account(artist)
        assert not Style.objects.filter(pk=style.pk).exists()
        assert (check_all(), CopyCheck.objects.count(), news(artist)) == (0, 0, [])


class TestDecisions:
    def test_allowed_it_is_trained_also_another_time(self, held: Style) -> None:
        copy_service.allow(held, "You sent us the sketches.")
        assert is_ordered(held)
        assert held.review_state == "allowed"
        TRAININGS.end(held, "The paint ran out.", retryable=False)
        assert Api(held.artist.user).post(f"/api/models/{held.pk}/retrain").status == 200
        assert check_all() == 1
        assert is_ordered(held)

    def test_allowed_it_is_held_for_another_work(self, held: Style) -> None:
        copy_service.allow(held, "You sent us the sketches.")
        TRAININGS.end(held, "The paint ran out.", retryable=False)
        style_of(painting(5), training_status="completed")
        copy_service.fill_in(60)
        Api(held.artist.user).post(f"/api/models/{held.pk}/retrain")
        check_all()
        held.refresh_from_db()
        assert [work for work, *_ in found(held)] == [0, 1]
        assert not is_ordered(held)

    def test_refused_it_fails_and_only_other_works_help(self, held: Style) -> None:
        copy_service.refuse(held, "Not yours.")
        held.refresh_from_db()
        assert (held.training_status, held.failure_reason) == ("failed", "Not yours.")
        client = Api(held.artist.user)
        answer = client.post(f"/api/models/{held.pk}/retrain")
        assert answer.refusal == (409, "INVALID_TRANSITION")
        assert answer.message == "Our staff has refused these works. Upload other works."
        with pytest.raises(InvalidTransition):
            operations_service.retry_training(held)
        assert put_works(held, files(10)).status == 200
        check_all()
        assert is_ordered(held)

    @pytest.mark.parametrize("decide", [copy_service.allow, copy_service.refuse])
    def test_only_what_is_held_is_decided_and_once(
        self, held: Style, decide: Callable[..., None]
    ) -> None:
        with pytest.raises(InvalidTransition):
            decide(StyleFactory(training_status="pending"), "Why not.")
        copy_service.allow(held, "You sent us the sketches.")
        with pytest.raises(InvalidTransition):
            decide(held, "Why not.")
        assert is_ordered(held)


class TestChecks:
    def test_a_storage_that_is_away_puts_it_off(self, artist, theirs, media, tmp_path) -> None:
        style = style_of(painting(1), artist=artist.artist, training_status="pending")
        aside = tmp_path / "aside"
        media.rename(aside)
        media.write_text("a file where the folder belongs")
        assert check_all() == 1
        assert not copy_service.fill_in(60)
        media.unlink()
        aside.rename(media)
        assert check_all() == 0
        with time_machine.travel(datetime.now(UTC) + timedelta(minutes=1)):
            assert check_all() == 1
        style.refresh_from_db()
        assert style.review_state == "waiting"

    def test_told_to_stop_it_is_given_back(self, artist: User, theirs: Style) -> None:
        style = style_of(
            *(painting(5), painting(1)), artist=artist.artist, training_status="pending"
        )
        asked: list[int] = []
        assert copy_service.check_next(lambda: len(asked) == 1 or bool(asked.append(1)))
        assert CopyCheck.objects.get().attempt == 0
        assert check_all() == 1
        style.refresh_from_db()
        assert style.review_state == "waiting"

    def test_what_ends_its_checkers_fails(self, artist: User) -> None:
        style = style_of(painting(5), artist=artist.artist, training_status="pending")
        CopyCheck.objects.update(attempt=checkers.MAX_ATTEMPTS)
        check_all()
        style.refresh_from_db()
        assert (style.training_status, style.failure_reason) == ("failed", checkers.BROKEN)
        assert not is_ordered(style)

    def test_who_wakes_up_too_late_changes_nothing(self, artist: User, theirs: Style) -> None:
        style = style_of(painting(5), artist=artist.artist, training_status="pending")
        asleep = copy_service._claim()
        assert asleep is not None
        assert check_all() == 0
        with time_machine.travel(datetime.now(UTC) + timedelta(minutes=5)):
            assert check_all() == 1
        copy = copy_service.Copy(0, Original.WORK, theirs.artworks.first().pk, 2)
        for copies in ([], [copy]):
            with pytest.raises(checkers.LeaseLost):
                copy_service._end(asleep, copies)
        assert is_ordered(style)
        assert style.review is None

    @pytest.mark.parametrize("stay", [0, 1])
    def test_works_that_vanish_meanwhile(self, artist: User, stay: int) -> None:
        style = style_of(painting(5), painting(6), artist=artist.artist, training_status="pending")
        asked: list[int] = []

        def deletes() -> bool:
            asked.append(1)
            for work in style.artworks.all()[stay:]:
                work.delete()
            return False

        assert copy_service.check_next(deletes)
        style.refresh_from_db()
        assert is_ordered(style) is bool(stay)
        assert style.failure_reason == ("" if stay else NO_WORKS)

    def test_a_style_that_goes_takes_it_along(self, artist: User) -> None:
        style_of(painting(5), artist=artist.artist, training_status="pending").delete()
        assert check_all() == 0
