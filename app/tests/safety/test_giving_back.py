"""What is given back is not shown where it must not be, and takes its strike along."""

from __future__ import annotations

from functools import partial

import pytest

from app.exceptions import AccountSuspended, InvalidTransition
from app.models import (
    Decision,
    Generation,
    Licence,
    Notification,
    Rating,
    Statement,
    Strike,
    Style,
    User,
)
from app.services import generation_service, style_service
from app.services.safety import appeals, deciding, records
from app.tests.factories import PublicPictureFactory, StyleFactory
from app.tests.safety.staff import WORDS, act, member, moderator
from app.utils import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def picture(buyer: User, artist: User) -> Generation:
    return PublicPictureFactory(user=buyer, style=StyleFactory(artist=artist.artist))


def revoked(picture: Generation) -> Statement:
    """By two. Returns the statement to the buyer."""
    proposal = deciding.propose_revocation(
        generation_id=picture.pk, staff=moderator(), words=WORDS, ground="copyright"
    )
    statement = deciding.confirm(proposal_id=proposal.pk, staff=moderator()).statement
    assert statement is not None
    return statement


def won(statement: Statement) -> None:
    made = appeals.appeal(user=statement.recipient, statement_id=statement.pk, words="No.")
    staff = member("moderate", "money")
    appeals.judge(appeal_id=made.pk, staff=staff, is_granted=True, words="We have looked again.")


class TestOfSuspendedArtists:
    @pytest.mark.parametrize("taken", ["hold", "withdraw"])
    def test_a_style_is_not_restored(self, taken: str, picture: Generation, artist: User) -> None:
        act("style", picture.style_id, taken)
        act("profile", artist.pk, "suspend")
        with pytest.raises(InvalidTransition, match="suspended"):
            act("style", picture.style_id, "restore")
        assert not Style.objects.offered().exists()
        act("profile", artist.pk, "restore")
        act("style", picture.style_id, "restore")
        assert Style.objects.offered().exists()

    def test_nor_is_what_is_held_with_the_account(self, picture: Generation, artist: User) -> None:
        act("profile", artist.pk, "suspend")
        with pytest.raises(InvalidTransition, match="suspended"):
            act("style", picture.style_id, "restore")
        act("profile", artist.pk, "restore")
        assert Style.objects.offered().exists()


class TestRevokedLicences:
    @pytest.mark.parametrize("change", ["suspended_at", "closed_at"])
    def test_are_valid_but_private_if_the_buyer_is_not_there(
        self, change: str, picture: Generation
    ) -> None:
        statement = revoked(picture)
        made = appeals.appeal(user=picture.user, statement_id=statement.pk, words="No.")
        if change == "suspended_at":
            act("profile", picture.user_id, "suspend")
        else:
            User.objects.filter(pk=picture.user_id).update(closed_at=clock.now())
        given = {"is_granted": True, "words": "We have looked again."}
        appeals.judge(appeal_id=made.pk, staff=moderator(), **given)
        picture.refresh_from_db()
        assert (Licence.objects.get().state, picture.visibility) == ("active", "private")
        if change == "suspended_at":
            act("profile", picture.user_id, "restore")
            picture.refresh_from_db()
            assert picture.visibility == "public"

    def test_are_valid_but_private_if_the_picture_was_blocked(self, picture: Generation) -> None:
        statement = revoked(picture)
        Generation.objects.update(rating=Rating.BLOCKED)
        won(statement)
        picture.refresh_from_db()
        assert (Licence.objects.get().state, picture.visibility) == ("active", "private")

    def test_of_a_hidden_picture_leave_the_hiding_to_be_undone(self, picture: Generation) -> None:
        hidden = act("picture", picture.pk, "hide").statement
        assert hidden is not None
        won(revoked(picture))
        assert Decision.objects.restriction("picture", picture.pk) == hidden.of_decision
        won(hidden)
        picture.refresh_from_db()
        assert (picture.hidden_reason, picture.visibility) == ("", "public")
        assert Decision.objects.restriction("picture", picture.pk) is None


class TestHiddenPictures:
    @pytest.mark.parametrize("is_first", [True, False])
    @pytest.mark.parametrize("is_lifted_first", [True, False])
    def test_of_a_suspended_account_are_public_at_the_end(
        self, is_first: bool, is_lifted_first: bool, picture: Generation
    ) -> None:
        """In whichever order both are decided and taken back."""
        owner_id = picture.user_id
        both = [("picture", picture.pk, "hide"), ("profile", owner_id, "suspend")]
        for what in both if is_first else both[::-1]:
            act(*what)
        hidden = Statement.objects.get(action="hide")
        back = [partial(won, hidden), partial(act, "profile", owner_id, "restore")]
        for give_back in back[::-1] if is_lifted_first else back:
            picture.refresh_from_db()
            assert picture.visibility == "private"
            give_back()
        picture.refresh_from_db()
        assert picture.visibility == "public"

    def test_that_their_owner_kept_private_stay_so(self, picture: Generation) -> None:
        Generation.objects.update(visibility="private")
        act("profile", picture.user_id, "suspend")
        hidden = act("picture", picture.pk, "hide").statement
        assert hidden is not None
        won(hidden)
        act("profile", picture.user_id, "restore")
        picture.refresh_from_db()
        assert picture.visibility == "private"

    def test_whose_appeal_was_granted_are_told_as_public(self, picture: Generation) -> None:
        hidden = act("picture", picture.pk, "hide").statement
        assert hidden is not None
        won(hidden)
        told = Notification.objects.get(type="picture_shown")
        assert told.message == "Your picture is public again. Reason: We have looked again."


class TestStrikes:
    @pytest.mark.parametrize(("kind", "taken"), [("picture", "hide"), ("style", "withdraw")])
    def test_go_with_what_our_staff_takes_back(
        self, kind: str, taken: str, picture: Generation
    ) -> None:
        thing_id = picture.pk if kind == "picture" else picture.style_id
        subject_id = act(kind, thing_id, taken).subject_id
        assert records.strikes_of(subject_id) == 1
        act(kind, thing_id, "restore")
        assert records.strikes_of(subject_id) == 0
        assert Strike.objects.get().lifted_at is not None

    def test_those_of_other_decisions_stay(self, picture: Generation) -> None:
        act("profile", picture.user_id, "warn")
        act("picture", picture.pk, "hide")
        act("picture", picture.pk, "restore")
        assert records.strikes_of(picture.user_id) == 1

    @pytest.mark.parametrize(
        ("taken", "said", "count"),
        [
            ("warn", None, 1),
            ("warn", False, 0),
            ("suspend", None, 0),
            ("suspend", True, 1),
        ],
    )
    def test_of_an_account_are_as_our_staff_says(
        self, taken: str, said: bool | None, count: int, buyer: User
    ) -> None:
        act("profile", buyer.pk, taken, strikes=said)
        assert records.strikes_of(buyer.pk) == count


class TestPublishing:
    """A request that passed the door before the suspension."""

    def test_a_suspended_account_publishes_nothing(self, picture: Generation) -> None:
        owner = picture.user
        act("profile", owner.pk, "suspend")
        with pytest.raises(AccountSuspended):
            generation_service.update_generation(
                user=owner, generation_id=picture.pk, visibility="public"
            )
        with pytest.raises(AccountSuspended):
            generation_service.set_visibility(
                user=owner, generation_ids=[picture.pk], visibility="public"
            )
        picture.refresh_from_db()
        assert picture.visibility == "private"

    def test_a_suspended_artist_offers_nothing(self, picture: Generation, artist: User) -> None:
        style_service.update_style(user=artist, style_id=picture.style_id, is_active=False)
        act("profile", artist.pk, "suspend")
        for offer in (
            lambda: style_service.offer_style(user=artist, style_id=picture.style_id),
            lambda: style_service.update_style(
                user=artist, style_id=picture.style_id, is_active=True
            ),
        ):
            with pytest.raises(AccountSuspended):
                offer()
        assert not Style.objects.get().is_active
