"""The control door, ``/_fake/…``: what tests do that no client of the API can."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from devtools.fake_stripe import checkout, connect, refunds, transfers
from devtools.fake_stripe.errors import InvalidParameterError, MissingError
from devtools.fake_stripe.events import send
from devtools.fake_stripe.payments import DECLINES, GOOD_CARD
from devtools.fake_stripe.state import State, Thing

if TYPE_CHECKING:
    from devtools.fake_stripe.service import Service


def control(service: Service, method: str, path: str, given: Thing) -> Thing:
    """Do what is asked at ``path`` (without ``/_fake/``). Raises ApiError."""
    state = service.state
    try:
        if path == "deliveries/send" and method == "POST":
            return _send(state, given)
        with state.lock:
            if method == "GET":
                return {"data": _shown(service, path)}
            door = _DOORS.get(path)
            if door is None:
                raise MissingError("door", path)
            said = door(service, given)
            state.run_due()
            state.changed.notify_all()
            return said
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidParameterError(f"Missing or wrong: {error}", param="body") from error


def _shown(service: Service, path: str) -> list[Thing]:
    if path == "deliveries":
        return list(service.state.all("delivery"))
    if path == "events":
        return list(service.state.all("event", owner=None))
    raise MissingError("door", path)


def _clock(service: Service, given: Thing) -> Thing:
    clock = service.state.clock
    now = given["now"] if "now" in given else clock.now() + given.get("advance", 0)
    clock.set(float(now), stopped=bool(given.get("stopped", False)))
    return {"now": clock.now()}


def _faults(service: Service, given: Thing) -> Thing:
    if given.get("clear"):
        service.faults.clear()
        return {}
    return service.faults.plan(given)


def _webhooks(service: Service, given: Thing) -> Thing:
    service.sender.is_held = bool(given["held"])
    return {"held": service.sender.is_held}


def _session(service: Service, given: Thing) -> Thing:
    state = service.state
    session = state.get("checkout.session", given["id"])
    acts: dict[str, Callable[[], None]] = {
        "pay": lambda: checkout.pay(state, session, GOOD_CARD),
        "decline": lambda: checkout.pay(state, session, next(iter(DECLINES))),
        "pay_later": lambda: checkout.pay_later(state, session),
        "settle": lambda: checkout.settle_later(state, session, is_paid=True),
        "fail": lambda: checkout.settle_later(state, session, is_paid=False),
    }
    acts[given["act"]]()
    return session


def _refund(service: Service, given: Thing) -> Thing:
    if "next" in given:
        service.state.next_refund = {"pending": "pending", "succeeded": "succeeded"}[given["next"]]
        return {"next": given["next"]}
    status = {"succeeded": "succeeded", "failed": "failed"}[given["status"]]
    return refunds.finish_refund(service.state, service.state.get("refund", given["id"]), status)


def _dispute(service: Service, given: Thing) -> Thing:
    state = service.state
    if "charge" in given:
        charge = state.get("charge", given["charge"])
        return refunds.open_dispute(state, charge, given.get("reason", "fraudulent"))
    status = {"won": "won", "lost": "lost"}[given["status"]]
    return refunds.close_dispute(state, state.get("dispute", given["id"]), status)


def _account(service: Service, given: Thing) -> Thing:
    account = service.state.get("account", given["id"])
    return connect.set_status(service.state, account, given["status"])


def _payout(service: Service, given: Thing) -> Thing:
    state = service.state
    payout = state.get("payout", given["id"], owner=given.get("account", ""))
    status = {"paid": "paid", "failed": "failed"}[given["status"]]
    return transfers.finish_payout(state, payout, status, given.get("code", "account_closed"))


def _lose(service: Service, given: Thing) -> Thing:
    for each in given["deliveries"]:
        service.state.get("delivery", each).update(state="lost", next_at=None)
    return {"lost": len(given["deliveries"])}


def _send(state: State, given: Thing) -> Thing:
    """Send deliveries in the order given, one as often as it is named."""
    with state.lock:
        deliveries = [state.get("delivery", each) for each in given["deliveries"]]
    timestamp = given.get("timestamp")
    secret = given.get("secret")
    return {
        "statuses": [send(state, each, timestamp=timestamp, secret=secret) for each in deliveries]
    }


_DOORS: dict[str, Callable[[Service, Thing], Thing]] = {
    "clock": _clock,
    "faults": _faults,
    "webhooks": _webhooks,
    "sessions": _session,
    "refunds": _refund,
    "disputes": _dispute,
    "accounts": _account,
    "payouts": _payout,
    "deliveries/lose": _lose,
}
