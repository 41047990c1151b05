"""The first page: what time, banks and staff do there, for people who try the site by hand."""

from __future__ import annotations

from devtools.fake_stripe import books, refunds, transfers
from devtools.fake_stripe.currencies import written
from devtools.fake_stripe.errors import InvalidParameterError
from devtools.fake_stripe.state import State, Thing

_LATER = 3 * books.DAY


def buttons(state: State) -> dict[str, str]:
    """What can happen now: the name of each button, and what is on it."""
    found = {"later": "Let three days pass"}
    for charge in state.all("charge"):
        if charge["paid"] and not charge["disputed"] and not charge["refunded"]:
            found[f"dispute {charge['id']}"] = f"Dispute the payment of {_money(charge)}"
    for dispute in state.all("dispute"):
        if dispute["status"] not in ("won", "lost"):
            for end in ("won", "lost"):
                text = f"Decide the dispute of {_money(dispute)}: {end}"
                found[f"{end} {dispute['id']}"] = text
    for refund in state.all("refund"):
        if refund["status"] == "succeeded":
            found[f"fail {refund['id']}"] = f"Send the refund of {_money(refund)} back"
    for payout in state.all("payout", owner=None):
        if payout["status"] in ("pending", "paid"):
            found[f"fail {payout['id']}"] = f"Send the payout of {_money(payout)} back"
    return found


def press(state: State, button: str) -> None:
    """Raises ApiError."""
    act, _, given = button.partition(" ")
    if button not in buttons(state):
        raise InvalidParameterError("There is no such button.", param="act")
    thing = state.find(given) or {}
    if act == "later":
        state.clock.set(state.now() + _LATER, stopped=False)
        state.run_due()
        state.changed.notify_all()
    elif act == "dispute":
        refunds.open_dispute(state, thing)
    elif act in ("won", "lost"):
        refunds.close_dispute(state, thing, act)
    elif thing["object"] == "refund":
        refunds.finish_refund(state, thing, "failed")
    else:
        transfers.finish_payout(state, thing, "failed")


def _money(thing: Thing) -> str:
    return written(thing["amount"], thing["currency"])
