"""The two presses of the desk: the first shows all that would be done, the second does it once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from app.models import Decision, Generation, ModerationCase, Proposal, Statement, Strike, User
from app.services.safety import appeals
from app.tests.safety.staff import act, member, moderator, report
from web.tests.test_desk import HIDE, hidden_fields, press_twice, text

pytestmark = pytest.mark.django_db
SignedIn = Callable[[User], Client]
BACK = "The buyer gets the price back."
MINE = "This is about yourself: somebody else has to decide it."


@pytest.fixture
def case(picture: Generation) -> ModerationCase:
    report("picture", picture.pk)
    return ModerationCase.objects.get()


class TestTheFirst:
    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ({"action": "suspend", "lasts": "30"}, ["30 days", "No"]),
            # It never counts, whatever is chosen.
            ({"action": "suspend", "counts": "yes"}, ["For good", "No"]),
            ({"action": "hide"}, ["Yes"]),
            ({"action": "hide", "counts": "no"}, ["No"]),
            ({"action": "warn", "counts": "no"}, ["Yes"]),
            ({"action": "revoke"}, ["The buyer gets nothing back.", "No"]),
            ({"action": "revoke", "with_refund": "on"}, [BACK, "No"]),
            ({"action": "dismiss", "counts": "yes"}, []),
        ],
    )
    def test_shows_all_that_is_chosen(
        self, case: ModerationCase, given: dict[str, str], said: list[str], signed_in: SignedIn
    ) -> None:
        client, address = signed_in(member("moderate", "money")), f"/desk/cases/{case.pk}/decide"
        page = text(client.post(address, {**HIDE, **given}))
        shown = page[page.index("<dt>Reason</dt>") : page.index("</dl>")]
        values = [part.split("</dd>")[0] for part in shown.split("<dd>")[2:]]
        assert values == said
        client.post(address, {**hidden_fields(page[page.index("<main") :]), "sure": "1"})
        for made in Decision.objects.exclude(action="dismiss"):
            assert Strike.objects.filter(decision=made).exists() == (said[-1] == "Yes")

    def test_offers_a_price_to_who_may_move_money(
        self, case: ModerationCase, signed_in: SignedIn
    ) -> None:
        address = f"/desk/cases/{case.pk}"
        for staff, is_there in ((moderator(), False), (member("moderate", "money"), True)):
            page = text(signed_in(staff).get(address))
            assert 'value="revoke"' in page
            assert ('name="with_refund"' in page) is is_there
        given = {**HIDE, "action": "revoke", "with_refund": "on"}
        client = signed_in(moderator())
        assert BACK not in text(client.post(f"{address}/decide", given))
        press_twice(client, f"{address}/decide", given)
        assert Proposal.objects.get().with_refund is False

    def test_is_not_offered_about_oneself(
        self, case: ModerationCase, picture: Generation, signed_in: SignedIn
    ) -> None:
        press_twice(
            signed_in(moderator()), f"/desk/cases/{case.pk}/decide", {**HIDE, "action": "revoke"}
        )
        picture.user.is_staff = picture.user.is_superuser = True
        picture.user.save()
        page = text(signed_in(picture.user).get(f"/desk/cases/{case.pk}"))
        assert page.count(MINE) == 1
        assert 'name="action"' not in page
        assert 'name="act"' not in page

    def test_offers_no_licence_to_a_buyer_who_has_the_price(
        self, picture: Generation, signed_in: SignedIn
    ) -> None:
        act("picture", picture.pk, "refund", ground="fraud")
        given = Statement.objects.of(picture.user)[0]
        made = appeals.appeal(user=picture.user, statement_id=given.pk, words="Why?")
        client, address = signed_in(moderator()), f"/desk/appeals/{made.pk}"
        page = text(client.get(address))
        assert 'value="grant"' not in page
        assert "can order it again: deny this." in page
        assert client.post(address, {"verdict": "grant", "words": "No."}).status_code == 400
        press_twice(client, address, {"verdict": "deny", "words": "No."})
        made.refresh_from_db()
        assert made.state == "denied"


class TestTheSecond:
    @pytest.mark.parametrize(
        ("does", "said"), [("confirm", "Done. Whom it concerns is told."), ("turn_down", "Turned")]
    )
    def test_of_a_proposal_takes_effect_once(
        self, case: ModerationCase, does: str, said: str, signed_in: SignedIn
    ) -> None:
        given: dict[str, Any] = {**HIDE, "action": "revoke"}
        press_twice(signed_in(moderator()), f"/desk/cases/{case.pk}/decide", given)
        address = f"/desk/proposals/{Proposal.objects.get().pk}"
        client, page = signed_in(moderator()), f"/desk/cases/{case.pk}"
        asked = text(client.post(address, {"act": does}))
        sure = {**hidden_fields(asked[asked.index("<main") :]), "sure": "1"}
        for _ in range(2):
            assert client.post(address, sure)["Location"] == page
            assert said in text(client.get(page))
        assert Decision.objects.count() == (does == "confirm")
        # Who comes later learns that it is decided.
        another = signed_in(moderator())
        for late in ({"act": does}, sure):
            assert another.post(address, late)["Location"] == page
            assert "This is decided already." in text(another.get(page))
