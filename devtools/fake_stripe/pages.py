"""The pages that a browser can press: the hosted checkout, an artist's onboarding, and the front
page."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from devtools.fake_stripe import checkout, connect, front
from devtools.fake_stripe.currencies import written
from devtools.fake_stripe.errors import ApiError, CardError, InvalidParameterError
from devtools.fake_stripe.payments import DECLINES, GOOD_CARD
from devtools.fake_stripe.state import State, Thing


@dataclass
class Page:
    """What a browser gets: HTML, or an address to go to."""

    status: int = 200
    html: str = ""
    location: str | None = None


def show(state: State, path: str) -> Page:
    """The page at ``path``. The caller holds the lock. Raises ApiError."""
    kind, given = _parts(path)
    if kind == "front":
        return Page(html=_html("The fake provider", _form(front.buttons(state))))
    if kind == "pay":
        return Page(html=_checkout_page(state, state.get("checkout.session", given)))
    if kind == "setup":
        link = state.get("link", given)
        if _is_over(state, link):
            return Page(303, location=link["refresh_url"])
        return Page(html=_setup_page(link))
    charge = state.get("charge", given)
    paid = written(charge["amount"], charge["currency"])
    return Page(html=_html("Receipt", f"<p>{paid}, receipt of {escape(charge['id'])}</p>"))


def press(state: State, path: str, button: str) -> Page:
    """Press a button of the page at ``path``. The caller holds the lock. Raises ApiError."""
    kind, given = _parts(path)
    if kind == "front":
        front.press(state, button)
        return Page(303, location="/")
    if kind == "pay":
        return _press_checkout(state, state.get("checkout.session", given), button)
    if kind == "setup":
        return _press_setup(state, state.get("link", given), button)
    raise ApiError("This page has no buttons.")


def _parts(path: str) -> tuple[str, str]:
    if path == "/":
        return "front", ""
    parts = path.strip("/").split("/")
    kinds = {"c/pay": "pay", "setup": "setup", "receipts": "receipt"}
    kind = kinds.get("/".join(parts[:-1]))
    if kind is None:
        error = ApiError(f"There is no page at {path}.")
        error.status = 404
        raise error
    return kind, parts[-1]


def _press_checkout(state: State, session: Thing, button: str) -> Page:
    if button == "cancel":
        # The session stays open: the buyer may come back to it.
        return Page(303, location=session["cancel_url"] or session["success_url"])
    if button == "leave":
        return Page(html=_html("Checkout", "<p>You left. The session stays open.</p>"))
    try:
        if button == "pay":
            checkout.pay(state, session, GOOD_CARD)
        elif button == "decline":
            checkout.pay(state, session, next(iter(DECLINES)))
        elif button == "pay_later":
            checkout.pay_later(state, session)
        else:
            raise InvalidParameterError("There is no such button.", param="act")
    except CardError:
        return Page(303, location=f"/c/pay/{session['id']}")
    return Page(
        303, location=session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"])
    )


def _press_setup(state: State, link: Thing, button: str) -> Page:
    if _is_over(state, link):
        return Page(303, location=link["refresh_url"])
    account = state.get("account", link["account"])
    statuses = {"complete": "enabled", "restrict": "restricted"}
    if button in statuses:
        link["is_used"] = True
        connect.set_status(state, account, statuses[button])
    elif button != "leave":
        raise InvalidParameterError("There is no such button.", param="act")
    return Page(303, location=link["return_url"])


def _is_over(state: State, link: Thing) -> bool:
    return bool(link["is_used"]) or link["expires_at"] <= state.now()


def _checkout_page(state: State, session: Thing) -> str:
    hidden = state.hidden(session)
    lines = "".join(
        f"<li>{escape(line['description'])}: {written(line['amount_total'], line['currency'])}</li>"
        for line in hidden["lines"]
    )
    total = written(session["amount_total"], session["currency"])
    body = f"<ul>{lines}</ul><p>Total: <strong>{total}</strong></p>"
    if session["status"] != "open":
        return _html("Checkout", f"{body}<p>This session is {session['status']}.</p>")
    if hidden["problem"]:
        body += f'<p role="alert">{escape(hidden["problem"])}</p>'
    buttons = {
        "pay": "Pay",
        "pay_later": "Pay by a bank that answers later",
        "decline": "Pay with a card that is declined",
        "cancel": "Cancel and go back",
        "leave": "Leave",
    }
    return _html("Checkout", body + _form(buttons))


def _setup_page(link: Thing) -> str:
    buttons = {
        "complete": "Complete",
        "restrict": "Complete, but a document is missing",
        "leave": "Leave without completing",
    }
    return _html("Onboarding", f"<p>Account {escape(link['account'])}</p>{_form(buttons)}")


def _form(buttons: dict[str, str]) -> str:
    pressed = "".join(
        f'<p><button name="act" value="{act}">{text}</button></p>' for act, text in buttons.items()
    )
    return f'<form method="post">{pressed}</form>'


_STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;margin:0;background:#f5f5f7;color:#1c1c22}"
    "main{max-width:26rem;margin:2rem auto;padding:1.5rem;background:#fff;border-radius:.75rem}"
    "ul{padding:0;list-style:none}[role=alert]{color:#a40021}"
    "button{width:100%;min-height:2.75rem;font:inherit;border:1px solid #888;border-radius:.5rem;"
    "background:#fff;cursor:pointer}p:first-child>button{background:#3a3af0;color:#fff;border:0}"
)


def _html(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="data:,"><style>{_STYLE}</style>'
        f"<title>{title} (test)</title></head><body><main><h1>{title}</h1>"
        f"<p>This is a test. No money moves.</p>{body}</main></body></html>"
    )
