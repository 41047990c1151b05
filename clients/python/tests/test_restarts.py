"""How long a site that restarts is waited for. Time passes by pauses alone here."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from style_license import (
    Client,
    NotFound,
    Order,
    OrderState,
    RateLimited,
    ServerProblem,
    TookTooLong,
    Unreachable,
    cli,
    requests,
    steps,
)

SITE = "http://127.0.0.1:8000"
Answer = Callable[[httpx.Request], httpx.Response]


@dataclass
class Clock:
    now: float = 0.0
    asked: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(time, "sleep", made.sleep)
    monkeypatch.setattr(time, "monotonic", lambda: made.now)
    return made


@pytest.fixture
def site(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Client]:
    """A client of a site that is away until ``back``, and says ``away`` so long."""
    options = requests.options

    def site(away: Answer, back: float = 1e9) -> Client:
        def answer(request: httpx.Request) -> httpx.Response:
            clock.asked.append(clock.now)
            return away(request) if clock.now < back else well(request)

        def given(*arguments: Any) -> dict[str, Any]:
            return {**options(*arguments), "transport": httpx.MockTransport(answer)}

        monkeypatch.setattr(requests, "options", given)
        return Client(SITE, "sl_key")

    return site


def well(request: httpx.Request) -> httpx.Response:
    """The only picture of the order is made."""
    if request.url.path == "/api/tokens/balance":
        return httpx.Response(200, json={"success": True, "data": {"balance": 5}})
    order = {"id": 7, "cost": 1, "refunded": 0, "item_count": 1, "counts": {"completed": 1}}
    rows = {"results": [], "next": None}
    return httpx.Response(200, json={"success": True, "data": {**order, "items": rows}})


def refusing(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("Connection refused")


def answering(status: int, **headers: str) -> Answer:
    return lambda request: httpx.Response(status, text="", headers=headers)


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_restart_is_waited_for(site: Callable[..., Client], clock: Clock, status: int) -> None:
    assert site(answering(status), back=100).wallet().balance == 5
    assert 100 <= clock.now <= steps.PATIENCE


@pytest.mark.parametrize("away", [answering(502), answering(503, **{"Retry-After": "7"}), refusing])
def test_an_order_is_waited_for_through_a_restart(
    site: Callable[..., Client], clock: Clock, away: Answer
) -> None:
    order = waited_for(site(away, back=110))
    assert order.wait().state.is_ended
    assert 110 <= clock.now <= steps.PATIENCE
    clock.now = 0
    assert order.wait(timeout=115).state.is_ended


def waited_for(client: Client) -> Order:
    """An order of which all but that is known already."""
    return Order(client, OrderState(7, 1, 0, 1, {"queued": 1}, {}))


def test_it_gives_up_in_the_end(site: Callable[..., Client], clock: Clock) -> None:
    with pytest.raises(ServerProblem):
        site(answering(502)).wallet()
    assert clock.asked[-1] == pytest.approx(steps.PATIENCE)
    for away, kind in ((answering(503), ServerProblem), (refusing, Unreachable)):
        clock.now, clock.asked = 0, []
        with pytest.raises(kind):
            waited_for(site(away)).wait()
        assert clock.asked[-1] == pytest.approx(steps.PATIENCE)


def test_an_address_where_nothing_answers_is_told_soon(
    site: Callable[..., Client], clock: Clock
) -> None:
    with pytest.raises(Unreachable):
        site(refusing).wallet()
    assert len(clock.asked) == steps.ATTEMPTS
    assert clock.now < 12


@pytest.mark.parametrize(
    "away", [answering(502), refusing, answering(429, **{"Retry-After": "60"})]
)
def test_a_restart_takes_no_more_than_the_time_of_wait(
    site: Callable[..., Client], clock: Clock, away: Answer
) -> None:
    with pytest.raises(TookTooLong, match="Order 7 cannot be seen now"):
        waited_for(site(away)).wait(timeout=20)
    assert clock.now <= 21


def test_what_is_no_restart_is_told_at_once(site: Callable[..., Client], clock: Clock) -> None:
    for status, kind in ((500, ServerProblem), (429, RateLimited), (404, NotFound)):
        with pytest.raises(kind):
            waited_for(site(answering(status))).wait(timeout=20)
    assert clock.now == 0


def test_the_command_says_how_to_come_back(
    site: Callable[..., Client],
    clock: Clock,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """``status`` finds the order; then the site is away."""

    def away(request: httpx.Request) -> httpx.Response:
        if clock.asked[1:]:
            return httpx.Response(502, text="")
        answered = well(request).json()["data"] | {"counts": {"queued": 1}}
        return httpx.Response(200, json={"success": True, "data": answered})

    site(away)
    command = ["status", "7", "--wait", "--url", SITE]
    assert cli.main(command) == 3
    assert clock.now >= steps.PATIENCE
    assert "Come back with: style-license status 7 --wait" in capsys.readouterr().err


def test_the_command_says_that_the_site_is_in_trouble(
    site: Callable[..., Client], capsys: pytest.CaptureFixture[str]
) -> None:
    site(answering(502))
    assert cli.main(["wallet", "--url", SITE]) == 3
    assert "The site restarts or is in trouble." in capsys.readouterr().err


def test_an_order_that_may_be_placed_is_said_so(
    site: Callable[..., Client], capsys: pytest.CaptureFixture[str]
) -> None:
    quote = {"id": "q", "cost": 1, "balance_after": 1, "items": [], "expected_seconds": 1}
    quote["expires_at"] = "2027-01-01T00:00:00Z"

    def away(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/quotes":
            return httpx.Response(200, json={"success": True, "data": quote})
        return httpx.Response(504, text="")

    site(away)
    assert cli.main(["order", "1", "castle", "--url", SITE]) == 3
    assert "The order may have been placed" in capsys.readouterr().err
