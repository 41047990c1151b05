"""Sales that staff reverse: who gets what back, once, whatever runs at once or breaks off."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from functools import partial
from multiprocessing import get_context
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection

from app.exceptions import InvalidInput, InvalidTransition
from app.models import (
    Generation,
    Licence,
    LicenceState,
    Notification,
    Style,
    Transaction,
    User,
)
from app.models.token import REVERSED_MEMO
from app.services import (
    generation_service,
    moderation_service,
    reversal_service,
    user_service,
)
from app.services.token_service import TokenService
from app.tests import ledger
from app.tests.factories import GenerationFactory, StyleFactory, UserFactory
from app.tests.ordering import report
from app.tests.together import all_at_once, count_waiting

pytestmark = pytest.mark.django_db
REASON = "The picture came out empty."


@pytest.fixture
def keeper(db: object) -> User:
    return User.objects.create_superuser("keeper", "keeper@example.com", "keeps")


@pytest.fixture
def refund(keeper: User) -> Callable[[Licence], None]:
    return partial(reversal_service.refund, staff=keeper, reason=REASON)


@pytest.fixture
def revoke(keeper: User) -> Callable[..., None]:
    people = {"staff": keeper, "second": UserFactory(is_staff=True)}
    return partial(reversal_service.revoke, reason=REASON, **people)


@pytest.fixture
def sold(buyer: User, artist: User, settings: Any) -> Licence:
    """A public picture that cost 10, of which the artist got 8."""
    settings.PLATFORM_FEE_PERCENT = 20
    style = StyleFactory(artist=artist.artist, name="Quill", price=10)
    picture = GenerationFactory(user=buyer, style=style, visibility="public")
    return Licence.objects.get(pk=picture.pk)


def told(user: User, kind: str) -> list[str]:
    found = Notification.objects.filter(recipient=user, type=kind)
    return list(found.values_list("message", flat=True))


def everything() -> tuple[object, ...]:
    """What a reversal changes."""
    return (
        *ledger.snapshot(),
        list(Licence.objects.order_by("pk").values_list("pk", "state", "state_reason")),
        list(Generation.objects.order_by("pk").values_list("pk", "visibility", "hidden_reason")),
        Notification.objects.count(),
        LogEntry.objects.count(),
    )


class TestWhoGetsWhat:
    def test_the_buyer_gets_the_price_and_the_artist_gives_the_share_back(
        self, sold, refund, buyer, artist, keeper
    ):
        refund(sold)
        assert ledger.entries_of(buyer)[-2:] == [("consume", 10), ("refund", 10)]
        assert ledger.entries_of(artist)[-2:] == [("earn", 8), ("reversal", 8)]
        assert (ledger.balance_of(buyer), ledger.balance_of(artist)) == (1000, 0)
        sold.refresh_from_db()
        assert (sold.state, sold.state_reason) == (LicenceState.REFUNDED, REASON)
        assert sold.state_changed_at is not None
        picture = Generation.objects.get()
        assert (picture.status, picture.visibility) == ("completed", "private")
        assert picture.hidden_reason == REASON
        assert told(buyer, "licence_refunded") == [
            "Our staff has refunded your picture in the style Quill: you got 10 tokens back, and"
            f" its licence is no longer valid. Reason: {REASON}"
        ]
        assert told(artist, "sale_refunded") == [
            "Our staff has refunded a picture in your style Quill, and its licence is no longer"
            f" valid. Taken back from you: 8 tokens. Reason: {REASON}"
        ]
        entry = LogEntry.objects.get()
        assert (entry.user, entry.object_repr) == (keeper, sold.number)
        done = f"Refunded: 10 tokens to the buyer, 8 of 8 from the artist. Reason: {REASON}"
        assert entry.change_message == done
        ledger.assert_right()

    @pytest.mark.parametrize(("left", "taken"), [(3, [("reversal", 3)]), (0, [])])
    def test_what_the_artist_has_spent_the_platform_bears(self, sold, refund, artist, left, taken):
        spent = 8 - left
        GenerationFactory(user=artist, style=StyleFactory(price=spent))
        refund(sold)
        assert ledger.entries_of(artist) == [("earn", 8), ("consume", spent), *taken]
        assert ledger.balance_of(artist) == 0
        assert f"{left} of 8 from the artist" in LogEntry.objects.get().change_message
        ledger.assert_right()
        # Later earnings are the artist's own.
        GenerationFactory(style=sold.generation.style)
        assert ledger.balance_of(artist) == 8

    def test_an_artist_without_a_share_gives_nothing(self, refund, settings):
        settings.PLATFORM_FEE_PERCENT = 100
        picture = GenerationFactory()
        refund(picture.licence)
        assert not Transaction.objects.filter(type="reversal").exists()
        ledger.assert_right()

    def test_artists_who_bought_of_themselves_keep_what_they_had(self, refund, artist):
        TokenService.add_tokens(artist.pk, 10, "gift")
        picture = GenerationFactory(user=artist, style=StyleFactory(artist=artist.artist))
        refund(picture.licence)
        assert ledger.entries_of(artist)[-2:] == [("refund", 10), ("reversal", 10)]
        assert ledger.balance_of(artist) == 10
        ledger.assert_right()

    def test_of_a_closed_account_too_and_nobody_is_told(self, sold, refund, buyer, artist):
        user_service.close_account(buyer)
        user_service.close_account(artist)
        refund(sold)
        assert (ledger.balance_of(buyer), ledger.balance_of(artist)) == (1000, 0)
        assert not Notification.objects.exists()
        ledger.assert_right()

    def test_it_is_earned_no_longer(self, sold, refund, artist, as_artist):
        kept = GenerationFactory(style=Style.objects.get())
        assert Transaction.objects.earned_by(artist.pk) == 16
        refund(sold)
        since = kept.created_at.replace(year=2000)
        assert Transaction.objects.earned_by(artist.pk) == 8
        assert list(Transaction.objects.earned_daily(artist.pk, since).values()) == [8]
        assert Style.objects.with_earnings().get().earned == 8
        assert as_artist.get("/api/tokens/balance").data == {"balance": 8, "earned": 8}
        [last] = as_artist.get("/api/tokens/transactions", type="reversal").results
        assert (last["amount"], last["direction"], last["memo"]) == (8, "outgoing", REVERSED_MEMO)

    def test_a_report_that_comes_again_changes_nothing(self, sold, refund, as_worker):
        refund(sold)
        before = everything()
        assert report(as_worker, Generation.objects.get(), "completed").status == 200
        assert everything() == before


class TestRevocation:
    def test_without_money_back(self, sold, revoke, buyer, artist):
        balances = (ledger.balance_of(buyer), ledger.balance_of(artist))
        revoke(sold)
        sold.refresh_from_db()
        assert (sold.state, sold.state_reason) == (LicenceState.REVOKED, REASON)
        assert (ledger.balance_of(buyer), ledger.balance_of(artist)) == balances
        assert Generation.objects.get().visibility == "private"
        assert told(buyer, "licence_revoked") == [
            "Our staff has revoked the licence of your picture in the style Quill."
            f" Reason: {REASON}"
        ]
        assert told(artist, "sale_revoked") == [
            "Our staff has revoked the licence of a picture in your style Quill. You keep what you"
            f" earned. Reason: {REASON}"
        ]
        assert LogEntry.objects.get().change_message == f"Revoked. Reason: {REASON}"
        ledger.assert_right()

    def test_with_money_back_at_once_or_later(self, sold, revoke, refund, buyer):
        other = GenerationFactory(user=buyer, style=Style.objects.get()).licence
        revoke(sold, with_refund=True)
        revoke(other)
        refund(other)
        assert ledger.balance_of(buyer) == 1000
        assert set(Licence.objects.values_list("state", flat=True)) == {LicenceState.REVOKED}
        assert len(told(buyer, "licence_refunded")) == 2
        ledger.assert_right()

    def test_what_is_hidden_for_it_is_not_shown_again(self, sold, revoke, keeper, as_buyer):
        revoke(sold)
        picture = Generation.objects.get()
        with pytest.raises(InvalidTransition, match="licence"):
            moderation_service.show_picture(picture, staff=keeper, reason="A mistake.")
        answer = as_buyer.patch(f"/api/images/{picture.pk}", {"visibility": "public"})
        assert answer.refusal == (409, "INVALID_TRANSITION")


class TestRefusals:
    def test_twice_is_once(self, sold, refund, revoke):
        refund(sold)
        before = everything()
        for act in (refund, revoke, partial(revoke, with_refund=True)):
            with pytest.raises(InvalidTransition):
                act(sold)
        assert everything() == before

    @pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
    def test_without_a_reason_nothing_happens(self, sold, keeper, reason):
        others = {reversal_service.refund: {}, reversal_service.revoke: {"second": UserFactory()}}
        before = everything()
        for act, other in others.items():
            with pytest.raises(InvalidInput):
                act(sold, staff=keeper, reason=reason, **other)
        assert everything() == before


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_many_refunds_are_one(self, sold, refund, revoke, buyer, artist):
        def attempt(act: Callable[[Licence], None]) -> bool:
            try:
                act(Licence.objects.get(pk=sold.pk))
            except InvalidTransition:
                return False
            return True

        acts = [refund, partial(revoke, with_refund=True)] * 4
        assert sum(all_at_once([partial(attempt, act) for act in acts])) == 1
        assert (ledger.balance_of(buyer), ledger.balance_of(artist)) == (1000, 0)
        assert Transaction.objects.filter(memo=REVERSED_MEMO).count() == 2
        assert LogEntry.objects.count() == 1
        ledger.assert_right()

    def test_without_the_locks_the_ledger_still_refuses_the_second(
        self, sold, refund, buyer, monkeypatch
    ):
        """The control: what the locks keep apart would meet, and the constraint stops it."""
        monkeypatch.setattr(reversal_service, "is_refunded", lambda licence: False)
        refund(sold)
        before = everything()
        with pytest.raises(Exception, match="entry already"):
            refund(sold)
        assert everything() == before

    def test_while_both_sides_buy_of_each_other(self, refund, artist):
        """Balances are locked in one order, whoever is buyer and who artist."""
        theirs = StyleFactory()
        styles = {artist: StyleFactory(artist=artist.artist), theirs.artist.user: theirs}
        people = list(styles)
        for person in people:
            TokenService.add_tokens(person.pk, 500, "gift")
        pairs = [(people[0], styles[people[1]]), (people[1], styles[people[0]])] * 4
        licences = [GenerationFactory(user=who, style=style).licence for who, style in pairs]
        orders = [
            partial(
                generation_service.request_generation,
                user=who,
                style_id=style.pk,
                prompt_tags=["sea"],
                aspect_ratio="1:1",
            )
            for who, style in pairs
        ]
        all_at_once([*[partial(refund, licence) for licence in licences], *orders])
        assert Licence.objects.filter(state="refunded").count() == len(licences)
        ledger.assert_right()


class Died(Exception):
    """The process ends here."""


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
class TestCrashes:
    def test_one_at_every_statement_leaves_nothing_behind(self, sold, keeper):
        given = {"staff": keeper, "second": UserFactory(is_staff=True), "reason": REASON}
        act = partial(reversal_service.revoke, with_refund=True, **given)
        before, number = everything(), 0
        while not crashes_at(number, partial(act, sold)):
            assert everything() == before
            number += 1
        assert number > 10
        assert everything() != before
        ledger.assert_right()

    def test_one_that_is_killed_before_its_last_write_is_done_again(self, sold, refund, buyer):
        before = everything()
        other = connection.copy()
        with other.cursor() as cursor:
            cursor.execute("BEGIN; LOCK TABLE app_notification IN SHARE MODE")
            process = get_context("fork").Process(
                target=in_its_own_process, args=(refund, sold), daemon=True
            )
            process.start()
            deadline = time.monotonic() + 30
            while not count_waiting():
                assert time.monotonic() < deadline
                time.sleep(0.01)
            process.kill()
            process.join(10)
        other.close()
        assert process.exitcode == -signal.SIGKILL
        # Its session may live on for a moment, and holds its locks as long.
        refund(sold)
        assert ledger.balance_of(buyer) == 1000
        assert Transaction.objects.count() == before[1] + 2
        assert LogEntry.objects.count() == 1
        ledger.assert_right()


def crashes_at(number: int, act: Callable[[], None]) -> bool:
    """Do ``act``, and break off at its statement of this number. Returns whether it came through
    because it has fewer."""
    left = iter(range(number))

    def count(execute: Any, *statement: Any) -> Any:
        if next(left, None) is None:
            raise Died
        return execute(*statement)

    try:
        with connection.execute_wrapper(count):
            act()
    except Died:
        return False
    return True


def in_its_own_process(refund: Callable[[Licence], None], licence: Licence) -> None:
    # The parent's connection is the parent's to close.
    connection.connection = None
    refund(licence)
