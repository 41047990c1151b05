"""The two presses of the desk: the first shows all that would be done, the second does it once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from app.models import Decision, Generation, ModerationCase, Proposal, Statement, Strike, User
from app.services import community_service
from app.services.safety import appeals, reporting
from app.tests.factories import UserFactory
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
            ({"action": "suspend", "counts": "yes"}, ["For good", "Yes"]),
            ({"action": "hide"}, ["Yes"]),
            ({"action": "hide", "counts": "no"}, ["No"]),
            ({"action": "warn", "counts": "no"}, ["No"]),
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


class TestBelowAComment:
    def test_staff_decide_at_the_desk_and_not_by_one_press(
        self, picture: Generation, signed_in: SignedIn
    ) -> None:
        said = community_service.add_comment(
            user=UserFactory(), generation_id=picture.pk, content="So dull."
        )
        client, page = signed_in(moderator()), f"/pictures/{picture.pk}"
        delete, address = f"/comments/{said.pk}/delete", f"/desk/comments/{said.pk}"
        assert f'action="{address}"' in text(client.get(page))
        assert delete not in text(client.get(page))
        assert client.post(delete).status_code == 403
        assert f'action="{delete}"' in text(signed_in(said.user).get(page))
        assert address not in text(signed_in(said.user).get(page))
        assert signed_in(UserFactory()).post(address).status_code == 404
        assert not ModerationCase.objects.exists()
        for _ in range(2):
            led = client.post(address)["Location"]
            case = ModerationCase.objects.get()
            assert led == f"/desk/cases/{case.pk}?action=remove#decide"
        assert 'value="remove" required id="id_action_0" checked' in text(client.get(led))
        given = {**HIDE, "action": "remove", "ground": "harassment"}
        press_twice(client, f"/desk/cases/{case.pk}/decide", given)
        made = Decision.objects.get()
        assert (made.action, made.ground, made.words) == ("remove", "harassment", HIDE["words"])


class TestACounterNotice:
    def test_is_shown_with_where_to_send_a_copy(
        self, picture: Generation, signed_in: SignedIn
    ) -> None:
        fan = UserFactory(email="kim@example.com")
        claim = reporting.Claim("Kim", "Fog", True, True, "Kim")
        report("picture", picture.pk, user=fan, reason="copy", claim=claim)
        report("picture", picture.pk, user=UserFactory(email="other@example.com"))
        case = ModerationCase.objects.get()
        staff = member("moderate")
        page = text(signed_in(staff).get(f"/desk/cases/{case.pk}"))
        assert "kim@example.com" in page
        assert "other@example.com" not in page
        act("picture", picture.pk, "hide", ground="copyright")
        given = Statement.objects.of(picture.user)[0]
        notice = appeals.CounterNotice("Bo", "Fog Street 1", "Bo")
        made = appeals.appeal(
            user=picture.user, statement_id=given.pk, words="Mine.", counter_notice=notice
        )
        page = text(signed_in(staff).get(f"/desk/appeals/{made.pk}"))
        assert "mailto:kim@example.com" in page
        assert "other@example.com" not in page
        User.objects.filter(pk=picture.user_id).update(is_staff=True, is_superuser=True)
        own = signed_in(User.objects.get(pk=picture.user_id))
        for path in (f"/desk/cases/{case.pk}", f"/desk/appeals/{made.pk}"):
            assert "kim@example.com" not in text(own.get(path))
