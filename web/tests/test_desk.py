"""Reports, the desk of our staff, statements of reasons and appeals, on pages without scripts."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from app.models import (
    Action,
    Appeal,
    Decision,
    Generation,
    ModerationCase,
    Notification,
    Proposal,
    Report,
    Statement,
    Style,
    User,
)
from app.services import community_service
from app.services.safety import reporting
from app.tests.factories import PublicPictureFactory, UserFactory
from app.tests.safety.staff import act, member, moderator, report

pytestmark = pytest.mark.django_db
SignedIn = Callable[[User], Client]
WHY = "It shows a person who did not agree."
HIDE = {"action": "hide", "ground": "likeness", "words": WHY, "lasts": "", "counts": ""}


def text(answer: Any) -> str:
    return str(answer.content.decode())


def hidden_fields(page: str) -> dict[str, str]:
    """What the second of two presses sends."""
    found = re.findall(r'<input type="hidden" name="(\w+)"(?: value="([^"]*)")?', page)
    return {name: value for name, value in found if name not in {"csrfmiddlewaretoken", "next"}}


def press_twice(client: Client, address: str, given: dict[str, Any]) -> Any:
    asked = client.post(address, given)
    assert asked.status_code == 200, text(asked)
    page = text(asked)
    main = page[page.index("<main") : page.index("</main>")]
    return client.post(address, {**hidden_fields(main), "sure": "1"})


class TestReporting:
    def test_a_stranger_reports_and_keeps_the_receipt(self, picture: Generation) -> None:
        client, address = Client(), f"/report/picture/{picture.pk}"
        assert f'href="{address}"' in text(client.get(f"/pictures/{picture.pk}"))
        assert 'name="email"' in text(client.get(address))
        answer = client.post(address, {"reason": "hate", "words": "Look at it."})
        kept = Report.objects.get()
        assert answer["Location"] == f"/reports/{reporting.token_of(kept)}"
        assert (kept.reason, kept.words, kept.reporter) == ("hate", "Look at it.", None)
        assert kept.url.endswith(f"/pictures/{picture.pk}")
        receipt = client.get(answer["Location"])
        assert "Thank you. It is here." in text(receipt)
        assert receipt["Referrer-Policy"] == "no-referrer"
        assert client.get(f"/reports/{kept.pk}").status_code == 404
        assert client.get(f"/reports/{kept.pk}:forged").status_code == 404

    def test_a_claim_of_rights_is_whole(self, picture: Generation) -> None:
        address, claim = f"/report/picture/{picture.pk}", {"reason": "copy"}
        refused = Client().post(address, claim)
        assert refused.status_code == 400
        assert text(refused).count("A claim of rights needs this.") == 6
        assert not ModerationCase.objects.exists()
        claim |= {"name": "Mira", "work": "Fog, 2024", "signature": "Mira"}
        claim |= {"is_good_faith": "on", "is_accurate": "on", "email": "mira@example.com"}
        assert Client().post(address, claim).status_code == 302
        assert Report.objects.get().signature == "Mira"

    def test_abuse_of_children_needs_no_word(self, picture: Generation) -> None:
        answer = Client().post(f"/report/picture/{picture.pk}", {"reason": "minors"})
        assert answer.status_code == 302

    def test_everything_has_a_button(
        self, picture: Generation, buyer: User, artist: User, signed_in: SignedIn
    ) -> None:
        said = community_service.add_comment(
            user=artist, generation_id=picture.pk, content="So dull."
        )
        reader = signed_in(UserFactory())
        for page, address in {
            f"/pictures/{picture.pk}": f"/report/comment/{said.pk}",
            f"/styles/{picture.style_id}": f"/report/style/{picture.style_id}",
            f"/users/{buyer.pk}": f"/report/profile/{buyer.pk}",
            f"/artists/{artist.pk}": f"/report/profile/{artist.pk}",
        }.items():
            for client in (Client(), reader):
                assert f'href="{address}"' in text(client.get(page)), page
                assert client.get(address).status_code == 200
        assert "/report/style/" not in text(signed_in(artist).get(f"/styles/{picture.style_id}"))

    def test_its_page_shows_no_file_that_is_blurred_elsewhere(
        self, picture: Generation, signed_in: SignedIn
    ) -> None:
        address = f"/report/picture/{picture.pk}"
        Generation.objects.update(preview_path="previews/of-it.webp")
        reader = UserFactory()
        for rating, shows, is_shown in (
            ("general", False, True),
            ("mature", False, False),
            ("unrated", False, False),
            ("mature", True, True),
        ):
            Generation.objects.update(rating=rating)
            User.objects.filter(pk=reader.pk).update(shows_mature=shows)
            page = text(signed_in(User.objects.get(pk=reader.pk)).get(address))
            assert ("of-it" in page) == is_shown, rating

    def test_ones_own_is_not_reported(self, picture: Generation, signed_in: SignedIn) -> None:
        answer = signed_in(picture.user).get(f"/report/picture/{picture.pk}")
        assert answer["Location"] == f"/pictures/{picture.pk}"

    @pytest.mark.parametrize("path", ["/report/picture/999999", "/report/nothing/1"])
    def test_what_is_not_there_is_not_reported(self, path: str) -> None:
        assert Client().get(path).status_code == 404

    def test_it_shares_its_limit_with_the_api(self, picture: Generation, settings: Any) -> None:
        settings.RATE_LIMITS = {**settings.RATE_LIMITS, "reports": "1/60"}
        address = f"/report/picture/{picture.pk}"
        answers = [Client().post(address, {"reason": "spam"}).status_code for _ in range(2)]
        assert answers == [302, 429]


class TestTheDesk:
    def test_it_is_for_whoever_may_moderate(self, buyer: User, signed_in: SignedIn) -> None:
        report("profile", buyer.pk)
        [case] = ModerationCase.objects.all()
        paths = ("/desk", f"/desk/cases/{case.pk}", "/desk/appeals", "/desk/works/1")
        paths += ("/desk/images/1",)
        for user in (buyer, UserFactory(is_staff=True), member("money"), member("operate")):
            client = signed_in(user)
            assert [client.get(path).status_code for path in paths] == [404] * 5
            sent = client.post(f"/desk/cases/{case.pk}/decide", {**HIDE, "sure": "1"})
            assert sent.status_code == 404
        assert Client().get("/desk").status_code == 302
        assert not Decision.objects.exists()
        client = signed_in(moderator())
        assert [client.get(path).status_code for path in paths] == [200, 200, 200, 404, 404]
        assert 'href="/desk"' in text(client.get("/"))

    def test_one_row_a_thing_and_the_worst_first(self, style: Style, signed_in: SignedIn) -> None:
        first, second = (PublicPictureFactory(style=style) for _ in range(2))
        for _ in range(3):
            report("picture", first.pk, reason="spam")
        report("picture", second.pk, reason="minors")
        page = text(signed_in(moderator()).get("/desk"))
        rows = re.findall(r'href="/desk/cases/(\d+)"', page)
        cases = [ModerationCase.objects.get(pk=pk).thing_id for pk in rows]
        assert cases == [second.pk, first.pk]
        assert re.findall(r'class="badge">(\w+)<', page) == ["gravest", "slight"]
        assert "3 reports" in page
        assert "2 cases wait" in page
        assert "/desk/cases/" not in text(signed_in(moderator()).get("/desk?kind=comment"))

    def test_the_queue_costs_the_same_however_long(
        self, style: Style, signed_in: SignedIn, django_assert_max_num_queries: Any
    ) -> None:
        for _ in range(5):
            report("picture", PublicPictureFactory(style=style).pk)
        client = signed_in(moderator())
        client.get("/desk")
        with django_assert_max_num_queries(16):
            client.get("/desk")

    def test_two_presses_and_a_reason(self, picture: Generation, signed_in: SignedIn) -> None:
        report("picture", picture.pk, words="That is me.")
        [case] = ModerationCase.objects.all()
        client, address = signed_in(moderator()), f"/desk/cases/{case.pk}/decide"
        page = text(client.get(f"/desk/cases/{case.pk}"))
        assert "That is me." in page
        assert picture.licence.number in page
        assert client.post(address, {**HIDE, "words": ""}).status_code == 400
        assert "Only its owner sees the picture" in text(client.post(address, HIDE))
        assert not Decision.objects.exists()
        # What was typed is there again for whoever wants to change it.
        assert WHY in text(client.post(address, {**HIDE, "again": "1"}))
        for _ in range(2):
            # Both of two clicks see that it is done.
            assert press_twice(client, address, {**HIDE, "key": "form-1"})["Location"] == "/desk"
        made = Decision.objects.get()
        assert (made.action, made.ground, made.words) == ("hide", "likeness", WHY)
        assert Client().get(f"/pictures/{picture.pk}").status_code == 404
        # A decided case is open to something further.
        shown = hidden_fields(text(client.get(f"/desk/cases/{case.pk}")))
        warned = press_twice(client, address, {**shown, **HIDE, "action": "warn"})
        assert warned["Location"] == "/desk"

    def test_revoking_takes_two(self, picture: Generation, signed_in: SignedIn) -> None:
        report("picture", picture.pk)
        [case] = ModerationCase.objects.all()
        first, second = signed_in(moderator()), signed_in(moderator())
        given = {**HIDE, "action": "revoke", "ground": "copyright"}
        press_twice(first, f"/desk/cases/{case.pk}/decide", given)
        [proposal] = Proposal.objects.all()
        assert not Decision.objects.exists()
        address = f"/desk/proposals/{proposal.pk}"
        assert "Waits for a second person" in text(second.get("/desk"))
        assert "somebody else has to confirm it" in text(first.get(f"/desk/cases/{case.pk}"))
        press_twice(first, address, {"act": "confirm"})
        assert not Decision.objects.exists()
        press_twice(second, address, {"act": "confirm"})
        assert Decision.objects.get().action == Action.REVOKE
        picture.licence.refresh_from_db()
        assert picture.licence.state == "revoked"

    def test_two_decide_once(self, picture: Generation, signed_in: SignedIn) -> None:
        """Each was shown an open case; the second presses again after the first has decided."""
        report("picture", picture.pk)
        [case] = ModerationCase.objects.all()
        address = f"/desk/cases/{case.pk}"
        asked = []
        for action in ("hide", "warn"):
            client = signed_in(moderator())
            shown = hidden_fields(text(client.get(address)))
            given = {**HIDE, **shown, "action": action}
            page = text(client.post(f"{address}/decide", given))
            asked.append((client, hidden_fields(page[page.index("<main") :])))
        answers = [
            client.post(f"{address}/decide", {**fields, "sure": "1"}).status_code
            for client, fields in asked
        ]
        assert answers == [302, 400]
        assert [made.action for made in Decision.objects.all()] == ["hide"]

    def test_who_reported_oneself_is_not_shown(
        self, picture: Generation, signed_in: SignedIn
    ) -> None:
        report("picture", picture.pk, words="That is me.")
        [case] = ModerationCase.objects.all()
        picture.user.is_staff = picture.user.is_superuser = True
        picture.user.save()
        client, address = signed_in(picture.user), f"/desk/cases/{case.pk}"
        page = text(client.get(address))
        assert "That is me." not in page
        assert "This is about yourself: somebody else has to decide it." in page
        refused = press_twice(client, f"{address}/decide", HIDE)
        assert refused.status_code == 400
        assert "somebody else has to decide it" in text(refused)

    def test_money_is_for_whoever_may_move_it(
        self, picture: Generation, signed_in: SignedIn
    ) -> None:
        report("picture", picture.pk)
        [case] = ModerationCase.objects.all()
        address = f"/desk/cases/{case.pk}"
        assert 'value="refund"' not in text(signed_in(moderator()).get(address))
        both = signed_in(member("moderate", "money"))
        assert 'value="refund"' in text(both.get(address))


class TestWhomItConcerns:
    def test_reads_why_and_appeals_and_has_it_back(
        self, picture: Generation, signed_in: SignedIn
    ) -> None:
        first = moderator()
        act("picture", picture.pk, "hide", staff=first, ground="likeness")
        [statement] = Statement.objects.all()
        owner, address = signed_in(picture.user), f"/statements/{statement.pk}"
        assert f'href="{address}"' in text(owner.get(f"/pictures/{picture.pk}"))
        told = Notification.objects.of(picture.user)[0]
        assert owner.get(f"/notifications/{told.pk}")["Location"] == address
        page = text(owner.get(address))
        for said in (statement.facts, "Rights in a name or likeness", "No program did."):
            assert said in page
        assert first.username not in page
        assert signed_in(UserFactory()).get(address).status_code == 404
        sent = owner.post(f"{address}/appeal", {"words": "I painted my own face."})
        assert sent["Location"] == address
        [appeal] = Appeal.objects.all()
        assert owner.get(f"{address}/appeal")["Location"] == address
        judged = {"verdict": "grant", "words": "You are right."}
        queue = f"/desk/appeals/{appeal.pk}"
        assert "Somebody else has to judge this" in text(signed_in(first).get(queue))
        refused = press_twice(signed_in(first), queue, judged)
        assert refused.status_code == 400
        another = signed_in(moderator())
        assert queue in text(another.get("/desk/appeals"))
        assert press_twice(another, queue, judged)["Location"] == "/desk/appeals"
        assert Client().get(f"/pictures/{picture.pk}").status_code == 200
        page = text(owner.get(address))
        assert "You are right." in page
        assert "does not hold any more" in page

    def test_an_artist_neither_sees_nor_reads_what_a_buyer_ordered(
        self, picture: Generation, artist: User, signed_in: SignedIn
    ) -> None:
        Generation.objects.update(
            preview_path="previews/of-it.webp", prompt="a secret sea", visibility="private"
        )
        act("picture", picture.pk, "refund", ground="fraud")
        for user, is_shown in ((artist, False), (picture.user, True)):
            client = signed_in(user)
            [statement] = Statement.objects.of(user)
            pages = [text(client.get("/statements"))]
            for part in ("", "/appeal"):
                pages.append(text(client.get(f"/statements/{statement.pk}{part}")))
                assert ("of-it" in pages[-1]) == is_shown, part
            for page in pages:
                assert ("secret" in page) == is_shown
                assert (picture.style.name in page) != is_shown

    def test_a_counter_notice_is_signed(self, picture: Generation, signed_in: SignedIn) -> None:
        act("picture", picture.pk, "hide", ground="copyright")
        [statement] = Statement.objects.all()
        owner, address = signed_in(picture.user), f"/statements/{statement.pk}/appeal"
        assert "Counter-notice" in text(owner.get(address))
        half = {"words": "Mine.", "name": "Kim"}
        assert text(owner.post(address, half)).count("A counter-notice needs this.") == 2
        assert not Appeal.objects.exists()
        owner.post(address, {**half, "address": "1 Street", "signature": "Kim"})
        assert Appeal.objects.get().is_counter_notice

    def test_whoever_is_suspended_is_told_on_every_page(
        self, picture: Generation, signed_in: SignedIn
    ) -> None:
        user = picture.user
        act("profile", user.pk, "suspend")
        client = signed_in(user)
        for path in ("/", "/mine", f"/pictures/{picture.pk}"):
            assert "Our staff has suspended your account." in text(client.get(path))
        assert "Account suspended" in text(client.get("/statements"))
        assert "you cannot appeal after that" in text(client.get("/account/leave"))
        [statement] = Statement.objects.of(user).filter(action="suspend")
        assert "For good" in text(client.get(f"/statements/{statement.pk}"))
        sent = client.post(f"/statements/{statement.pk}/appeal", {"words": "It was not me."})
        assert sent.status_code == 302
        assert Appeal.objects.exists()

    def test_whoever_reported_learns_what_was_decided(
        self, picture: Generation, signed_in: SignedIn
    ) -> None:
        fan = UserFactory()
        made = report("picture", picture.pk, user=fan)
        act("picture", picture.pk, "hide")
        reporting.tell_reporters()
        told = Notification.objects.of(fan)[0]
        receipt = f"/reports/{reporting.token_of(made)}"
        assert signed_in(fan).get(f"/notifications/{told.pk}")["Location"] == receipt
        assert "We have acted: Picture hidden." in text(Client().get(receipt))
