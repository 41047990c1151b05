"""From a stranger's report to what was taken being given back, in both languages: a picture that is
hidden, and a style on hold with what it earned. Whom it concerns and the stranger have no scripts.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, expect

from app.models import Generation, Report, User
from app.services import earnings
from app.services.safety import reporting
from app.tests.factories import PublicPictureFactory, UserFactory
from app.tests.money.test_pots import buy
from app.tests.safety.staff import moderator
from tests.browser import DESKTOP, PHONE, Visitor
from web.cases import VERBS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("site"),
]
WHY = "It copies a work of mine."


def payable(artist: User) -> int:
    artist.refresh_from_db()
    return earnings.of(artist).payable


@pytest.mark.parametrize(
    ("language", "size", "kind", "action"),
    [("en", DESKTOP, "picture", "hide"), ("ko", PHONE, "style", "hold")],
)
def test_reported_restricted_appealed_restored(
    browser: Browser,
    live_server: Any,
    settings: Any,
    artist: User,
    style: Any,
    language: str,
    size: tuple[int, int],
    kind: str,
    action: str,
) -> None:
    settings.SITE_URL, settings.EARNINGS_HOLD_DAYS = live_server.url, 0
    buyer = UserFactory()
    buy(buyer, 100)
    picture: Generation = PublicPictureFactory(user=buyer, style=style)
    thing, owner = {"picture": (picture, buyer), "style": (style, artist)}[kind]
    page_of_thing, earned = f"/{kind}s/{thing.pk}", payable(artist)
    assert earned > 0

    def visitor(user: User | None = None, *, scripts: bool = False) -> Visitor:
        made = Visitor(browser, live_server.url, size, scripts=scripts, language=language)
        # The files of the factories are not there.
        made.expected_statuses = {404}
        if user:
            client = Client()
            client.force_login(user)
            made.use_session(client.cookies["sessionid"].value)
        return made

    first, second = (visitor(moderator(), scripts=True) for _ in range(2))
    stranger, whose = visitor(), visitor(owner)
    say = stranger.say
    page = stranger.visit(page_of_thing)
    page.locator(f"a[href='/report/{kind}/{thing.pk}']").click()
    page.get_by_role("radio", name=say("Hate")).check()
    page.get_by_label(say("In your words")).fill(WHY)
    stranger.press(say("Send the report"))
    expect(page.get_by_text(say("Thank you. It is here."))).to_be_visible()
    # Two presses, and a reason.
    page = first.visit("/desk")
    page.locator("a[href^='/desk/cases/']").first.click()
    expect(page.get_by_text(WHY)).to_be_visible()
    page.get_by_role("radio", name=say(VERBS[action])).check()
    page.get_by_label(say("Reason"), exact=True).fill("Somebody else made it.")
    first.press(say("Go on …"))
    assert first.accessibility_problems() == []
    first.press(say(VERBS[action]))
    expect(page.get_by_text(say("Done. Whom it concerns is told."))).to_be_visible()
    assert payable(artist) == (0 if kind == "style" else earned)
    assert Client().get(page_of_thing).status_code == 404
    # Whom it concerns reads why on the thing itself, and appeals.
    page = whose.visit(page_of_thing if kind == "picture" else f"/studio/styles/{thing.pk}")
    whose.press(say("Why, and how to appeal"))
    expect(page.get_by_text("Somebody else made it.")).to_be_visible()
    whose.press(say("Appeal"))
    page.get_by_label(say("Why is the decision wrong?")).fill("I made it.")
    whose.press(say("Send the appeal"))
    # Somebody else judges.
    page = second.visit("/desk/appeals")
    page.locator("a[href^='/desk/appeals/']").click()
    page.get_by_role("radio", name=say("Grant it: give back what the decision took")).check()
    page.get_by_label(say("Reason"), exact=True).fill("You are right.")
    second.press(say("Go on …"))
    assert second.accessibility_problems() == []
    second.press(say("Grant it"))
    expect(page.get_by_text(say("Done. Whom it concerns is told."))).to_be_visible()
    # All is as it was, with the money; and whoever reported it reads what was decided.
    assert Client().get(page_of_thing).status_code == 200
    assert payable(artist) == earned
    [report] = Report.objects.all()
    page = stranger.visit(f"/reports/{reporting.token_of(report)}")
    expect(page.get_by_text(say("It is decided."))).to_be_visible()
    for each in (stranger, first, second, whose):
        assert each.complaints == []
        each.close()
