"""Money through the whole site, in a browser: a buyer pays it in, and an artist gets it out."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import PHONE, Visitor
from tests.faults.till import Till
from tests.site_actions import choose_one
from tests.system import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("site-forms")]


@pytest.fixture(scope="module")
def till(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Till]:
    system = Till(tmp_path_factory.mktemp("till"))
    system.environment["EARNINGS_HOLD_DAYS"] = "7"
    try:
        system.start(workers=0)
        yield system
    finally:
        system.stop()


def test_from_the_buyers_card_to_the_artists_bank(till: Till, browser: Browser) -> None:
    where = {"url": till.url, "provider": till.provider.url}
    buyer = Visitor(browser, size=PHONE, scripts=False, **where)
    artist = Visitor(browser, **where)
    style = till.sold_style()
    buyer.sign_in("payer")
    page = buyer.visit(f"/wallet?next=/styles/{style}")
    page.get_by_role("spinbutton", name="Tokens").fill("200")
    buyer.press("Buy")
    buyer.press("Pay")
    expect(page.get_by_text("Paid. 200 tokens were put into your wallet.")).to_be_visible()
    buyer.press("Back to your order")
    page.get_by_label("What should the picture show?").fill("sea")
    choose_one(page)
    buyer.press("Make the picture")
    page.wait_for_url(re.compile(r"/pictures/\d+$"))
    till.complete(int(page.url.rpartition("/")[2]))

    artist.use_session(till.artist().http.cookies["sessionid"])
    page = artist.visit("/studio/payouts")
    on_hold = page.locator("dl.numbers div", has_text="On hold").get_by_role("definition")
    expect(on_hold).to_have_text("100")
    till.break_rules("UPDATE app_transaction SET created_at = created_at - interval '8 days'")
    artist.press("Set up payouts")
    artist.press("Complete")
    expect(page.get_by_text("The payment provider knows you and your bank.")).to_be_visible()
    expect(on_hold).to_have_text("0")
    artist.press("Pay out 1.00 USD")
    till.ask()
    artist.visit(till.provider.url)
    artist.press("Let three days pass")
    arrived = "SELECT count(*) FROM app_payout WHERE status = 'paid'"
    wait_for(lambda: till.one(arrived), seconds=20, what="the event of the payout")
    expect(artist.visit("/studio/payouts").get_by_text("Arrived")).to_be_visible()
    sold_in = till.one("SELECT min(created_at) FROM app_transaction WHERE type = 'earn'")
    page = artist.visit(f"/studio/statements/{sold_in:%Y-%m}")
    expect(page.get_by_role("row", name=re.compile("Sold for money.* 100 0 100$"))).to_be_visible()
    assert till.books_misses() == []
    for visitor in (buyer, artist):
        visitor.close()
        assert visitor.complaints == []
