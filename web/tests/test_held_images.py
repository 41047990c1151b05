"""Profile pictures and signatures that a check has taken down, decided at the desk."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, expect

from app.models import Decision, PictureCheck, Statement, User
from app.services import user_service
from app.services.checks import pictures
from app.services.safety import appeals, looking
from app.tests.checks.looking import put_in
from app.tests.factories import UserFactory
from app.tests.safety.staff import WORDS, member, moderator
from app.tests.uploads import file, picture
from tests.browser import DESKTOP, PHONE, Visitor
from tests.pictures import signature_png
from web.tests.test_desk import press_twice, text

pytestmark = pytest.mark.django_db
SignedIn = Callable[[User], Client]
SHOW, REFUSE = ({"action": action, "words": WORDS} for action in ("pardon", "take"))


@pytest.fixture
def taken(settings: Any, media: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Have a check take what somebody uploads."""
    put_in(settings, monkeypatch).says = 0.9687

    def take(user: User, kind: str = "profile") -> PictureCheck:
        if kind == "profile":
            user_service.update_profile(user=user, profile_image=file(picture(user.pk)))
        else:
            user_service.update_artist(user=user, signature_image=file(signature_png()))
        assert pictures.check_next()
        held: PictureCheck = PictureCheck.objects.held().get(user=user)
        return held

    return take


@pytest.fixture
def held(taken: Callable[..., PictureCheck], buyer: User) -> PictureCheck:
    return taken(buyer)


def test_the_desk_lists_them_without_showing_them(held: PictureCheck, signed_in: SignedIn) -> None:
    page = text(signed_in(moderator()).get("/desk"))
    assert f'<a href="/desk/images/{held.pk}">Profile picture: {held.user.username}</a>' in page
    assert "<b>0.97</b>" in page
    assert held.key not in page


def test_its_page_shows_the_picture_its_score_and_whose_it_is(
    held: PictureCheck, signed_in: SignedIn
) -> None:
    client = signed_in(moderator())
    page = text(client.get(f"/desk/images/{held.pk}"))
    for said in ("<dd>0.97</dd>", "<code>fake/1</code>", f'href="/users/{held.user_id}"', "img"):
        assert said in page
    # The decision of the check is in the account's history.
    assert "A check by machine found nudity in it." in page
    [link] = re.findall(r'class="seen" src="(/media/[^"]+)"', page)
    assert client.get(link.replace("&amp;", "&")).status_code == 200


@pytest.mark.parametrize(
    ("sent", "verb", "outcome"),
    [(SHOW, "Show it again?", "lifted"), (REFUSE, "Refuse it?", "upheld")],
)
@pytest.mark.parametrize("kind", ["profile", "signature"])
def test_two_presses_and_a_reason(
    kind: str,
    sent: dict[str, str],
    verb: str,
    outcome: str,
    taken: Callable[..., PictureCheck],
    artist: User,
    signed_in: SignedIn,
) -> None:
    held = taken(artist, kind)
    client, address = signed_in(moderator()), f"/desk/images/{held.pk}"
    assert client.post(address, {**sent, "words": ""}).status_code == 400
    assert client.post(address, {**sent, "action": "hide"}).status_code == 400
    assert verb in text(client.post(address, sent))
    assert WORDS in text(client.post(address, {**sent, "again": "1"}))
    held.refresh_from_db()
    assert (held.outcome, Decision.objects.count()) == ("found", 1)
    assert press_twice(client, address, sent)["Location"] == "/desk"
    # Who presses later leads on, too.
    assert client.post(address, {**sent, "sure": "1"})["Location"] == "/desk"
    assert "This is decided already." in text(client.get("/desk"))
    held.refresh_from_db()
    assert (held.outcome, held.reason, Decision.objects.count()) == (outcome, WORDS, 2)
    shown = user_shown(artist, kind)
    assert shown == (held.key if outcome == "lifted" else "")
    assert client.get(address).status_code == 404
    assert Statement.objects.of(artist).count() == (1 if outcome == "lifted" else 2)


def user_shown(user: User, kind: str) -> str:
    found = User.objects.select_related("artist").get(pk=user.pk)
    return str(found.profile_image if kind == "profile" else found.artist.signature_image)


def test_what_two_clicks_send_takes_effect_once(held: PictureCheck, signed_in: SignedIn) -> None:
    """As of two that are there at once: the second comes while the first still sees it waiting."""
    client, address = signed_in(moderator()), f"/desk/images/{held.pk}"
    sent = {**REFUSE, "key": "form-1", "sure": "1"}
    assert client.post(address, sent)["Location"] == "/desk"
    PictureCheck.objects.update(outcome="found")
    assert client.post(address, sent)["Location"] == "/desk"
    assert Decision.objects.count() == 2


def test_an_appeal_is_answered_first(held: PictureCheck, signed_in: SignedIn) -> None:
    [stated] = Statement.objects.all()
    made = appeals.appeal(user=held.user, statement_id=stated.pk, words="A statue.")
    client, address = signed_in(moderator()), f"/desk/images/{held.pk}"
    page = text(client.get(address))
    assert f'href="/desk/appeals/{made.pk}"' in page
    assert 'name="action"' not in page
    refused = press_twice(client, address, REFUSE)
    assert refused.status_code == 400
    assert Decision.objects.count() == 1
    # Who answers sees what it is about, as long as it is there.
    answer, given = f"/desk/appeals/{made.pk}", {"verdict": "deny", "words": WORDS}
    assert held.key in text(client.get(answer))
    assert press_twice(client, answer, given)["Location"] == "/desk/appeals"
    assert held.key not in text(client.get(answer))
    # That has refused it.
    assert client.get(address).status_code == 404
    assert Decision.objects.latest("pk").staff is not None


def test_nobody_decides_about_themselves(
    taken: Callable[..., PictureCheck], signed_in: SignedIn
) -> None:
    staff = moderator()
    held = taken(staff)
    client, address = signed_in(staff), f"/desk/images/{held.pk}"
    assert "This is about yourself: somebody else has to decide it." in text(client.get(address))
    for sent in (SHOW, REFUSE):
        assert press_twice(client, address, sent).status_code == 400


def test_only_whoever_may_moderate_finds_it(held: PictureCheck, signed_in: SignedIn) -> None:
    address = f"/desk/images/{held.pk}"
    for user in (held.user, UserFactory(is_staff=True), member("money", "operate")):
        client = signed_in(user)
        assert client.get(address).status_code == 404
        assert client.post(address, {**SHOW, "sure": "1"}).status_code == 404
    assert Client().get(address).status_code == 302
    assert Decision.objects.count() == 1


def test_what_was_found_in_a_picture_made_here_is_not_among_them(
    held: PictureCheck, signed_in: SignedIn
) -> None:
    PictureCheck.objects.update(kind="result")
    assert looking.first_of(looking.held_images()).rows == []
    assert signed_in(moderator()).get(f"/desk/images/{held.pk}").status_code == 404


@pytest.mark.slow
@pytest.mark.xdist_group("site")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("language", "size"), [("en", DESKTOP), ("ko", PHONE)])
def test_without_scripts_in_both_languages(
    browser: Browser,
    live_server: Any,
    settings: Any,
    held: PictureCheck,
    signed_in: SignedIn,
    language: str,
    size: tuple[int, int],
) -> None:
    settings.SITE_URL = live_server.url
    staff = Visitor(browser, live_server.url, size, scripts=False, language=language)
    staff.use_session(signed_in(moderator()).cookies["sessionid"].value)
    say, page = staff.say, staff.visit("/desk")
    page.locator(f"a[href='/desk/images/{held.pk}']").click()
    page.get_by_role("radio", name=say("Show it again")).check()
    page.get_by_label(say("Reason"), exact=True).fill("It is a statue.")
    staff.press(say("Go on …"))
    staff.press(say("Show it again"))
    expect(page.get_by_text(say("Done. Whom it concerns is told."))).to_be_visible()
    assert staff.complaints == []
    staff.close()
    assert user_shown(held.user, "profile") == held.key
