"""Checkout sessions: what a buyer is asked to pay, and what becomes of it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from devtools.fake_stripe.calls import LIST, Call, endpoint, metadata, page, page_of
from devtools.fake_stripe.currencies import check_amount, currency_of
from devtools.fake_stripe.errors import CardError, InvalidParameterError, RefusedError
from devtools.fake_stripe.events import emit
from devtools.fake_stripe.forms import choice, flag, integer, items, mapping, required
from devtools.fake_stripe.payments import GOOD_CARD, confirm, new_customer, new_intent
from devtools.fake_stripe.state import State, Thing

_HOUR = 3600
_CREATE = (
    "mode line_items success_url cancel_url customer customer_email customer_creation "
    "client_reference_id metadata payment_intent_data expires_at invoice_creation automatic_tax "
    "locale payment_method_types submit_type billing_address_collection"
)
_OF_INTENT = {"description", "metadata", "receipt_email", "statement_descriptor_suffix"} | {
    "transfer_group"
}


@endpoint("POST", "/v1/checkout/sessions", _CREATE)
def create_session(call: Call) -> Thing:
    state, params = call.state, call.params
    choice(params, "mode", ("payment",))
    lines, currency = _lines(call)
    total = check_amount(sum(line["amount_total"] for line in lines), currency, param="line_items")
    for name in ("success_url", "cancel_url"):
        if name == "success_url" or params.get(name):
            check_url(required(params, name), name)
    if params.get("customer"):
        call.get("customer", params["customer"], param="customer")
        if params.get("customer_email"):
            raise InvalidParameterError(
                "You may only specify one of these parameters: customer, customer_email.",
                param="customer_email",
            )
    of_intent = mapping(params, "payment_intent_data")
    if unknown := set(of_intent) - _OF_INTENT:
        raise InvalidParameterError(
            f"Received unknown parameter: payment_intent_data[{min(unknown)}]",
            param=f"payment_intent_data[{min(unknown)}]",
            code="parameter_unknown",
        )
    session = state.add(
        _new_session(call, currency, total),
        hidden={"of_intent": of_intent, "lines": lines, "problem": None},
    )
    path = f"/v1/checkout/sessions/{session['id']}/line_items"
    listed = {"object": "list", "data": lines, "has_more": False, "url": path}
    state.hidden(session)["expandable"] = {"line_items": listed}
    session["url"] = f"{state.url}/c/pay/{session['id']}"
    return session


def _new_session(call: Call, currency: str, total: int) -> Thing:
    state, params = call.state, call.params
    has_tax = flag(mapping(params, "automatic_tax"), "enabled")
    customer = state.find(params.get("customer")) or {}
    email = customer.get("email") or params.get("customer_email")
    return {
        "id": state.new_id("cs_test"),
        "object": "checkout.session",
        "amount_subtotal": total,
        "amount_total": total,
        "automatic_tax": {
            "enabled": has_tax,
            "liability": {"type": "self"} if has_tax else None,
            "provider": "stripe" if has_tax else None,
            "status": "requires_location_inputs" if has_tax else None,
        },
        "billing_address_collection": params.get("billing_address_collection"),
        "cancel_url": params.get("cancel_url"),
        "client_reference_id": params.get("client_reference_id"),
        "created": state.now(),
        "currency": currency,
        "custom_fields": [],
        "custom_text": {
            "after_submit": None,
            "shipping_address": None,
            "submit": None,
            "terms_of_service_acceptance": None,
        },
        "customer": params.get("customer"),
        "customer_creation": None
        if params.get("customer")
        else params.get("customer_creation", "if_required"),
        "customer_details": {"email": email, "tax_exempt": "none"} if email else None,
        "customer_email": params.get("customer_email"),
        "expires_at": _expiry(call),
        "invoice": None,
        "invoice_creation": {
            "enabled": flag(mapping(params, "invoice_creation"), "enabled"),
            "invoice_data": {
                "account_tax_ids": None,
                "custom_fields": None,
                "description": None,
                "footer": None,
                "issuer": None,
                "metadata": {},
                "rendering_options": None,
            },
        },
        "livemode": False,
        "locale": params.get("locale"),
        "metadata": metadata(params),
        "mode": "payment",
        "origin_context": None,
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": "if_required",
        "payment_method_types": ["card"],
        "payment_status": "unpaid",
        "redirect_on_completion": None,
        "setup_intent": None,
        "shipping_options": [],
        "status": "open",
        "submit_type": params.get("submit_type"),
        "subscription": None,
        "success_url": params["success_url"],
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": None,
    }


def _expiry(call: Call) -> int:
    now = call.state.now()
    if "expires_at" not in call.params:
        return now + 24 * _HOUR
    expires_at = integer(call.params, "expires_at")
    if not now + _HOUR // 2 - 60 <= expires_at <= now + 24 * _HOUR + 60:
        raise InvalidParameterError(
            "The `expires_at` timestamp must be between 30 minutes and 24 hours from now.",
            param="expires_at",
        )
    return expires_at


def _lines(call: Call) -> tuple[list[Thing], str]:
    given = items(call.params, "line_items")
    if not given:
        required(call.params, "line_items")
    lines: list[Thing] = []
    for number, line in enumerate(given):
        if not isinstance(line, dict) or not isinstance(line.get("price_data"), dict):
            raise InvalidParameterError(
                "You must specify `price_data` for each line.", param=f"line_items[{number}]"
            )
        price = line["price_data"]
        currency = currency_of(price)
        quantity = integer(line, "quantity", least=1) if "quantity" in line else 1
        total = integer(price, "unit_amount", least=0) * quantity
        lines.append(
            {
                "id": call.state.new_id("li"),
                "object": "item",
                "amount_discount": 0,
                "amount_subtotal": total,
                "amount_tax": 0,
                "amount_total": total,
                "currency": currency,
                "description": required(mapping(price, "product_data"), "name"),
                "quantity": quantity,
            }
        )
    if len({line["currency"] for line in lines}) > 1:
        raise InvalidParameterError("All lines have one currency.", param="line_items")
    return lines, lines[0]["currency"]


def check_url(value: Any, param: str) -> None:
    """Raise InvalidParameterError unless it is an address on the web."""
    parts = urlsplit(str(value))
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise InvalidParameterError(f"Not a valid URL: {value}", param=param, code="url_invalid")


@endpoint("GET", "/v1/checkout/sessions/{}")
def retrieve_session(call: Call, given: str) -> Thing:
    return call.get("checkout.session", given)


@endpoint("GET", "/v1/checkout/sessions/{}/line_items", LIST)
def list_lines(call: Call, given: str) -> Thing:
    session = call.get("checkout.session", given)
    lines = call.state.hidden(session)["lines"]
    return page_of(call, lines, f"/v1/checkout/sessions/{given}/line_items")


@endpoint("GET", "/v1/checkout/sessions", LIST + " customer payment_intent status")
def list_sessions(call: Call) -> Thing:
    filters = {name: call.params.get(name) for name in ("customer", "payment_intent", "status")}
    return page(call, "checkout.session", "/v1/checkout/sessions", **filters)


@endpoint("POST", "/v1/checkout/sessions/{}/expire")
def expire_session(call: Call, given: str) -> Thing:
    session = call.get("checkout.session", given)
    if session["status"] != "open":
        raise RefusedError(
            'Only Checkout Sessions with a status in ["open"] can be expired. '
            f"This Checkout Session has a status of {session['status']}."
        )
    _expire(call.state, session, call.request)
    return session


def _expire(state: State, session: Thing, request: Thing | None = None) -> None:
    session |= {"status": "expired", "url": None}
    emit(state, "checkout.session.expired", session, request=request)


def expire_due(state: State) -> None:
    """Expire the open sessions whose time is over."""
    for session in state.all("checkout.session"):
        if session["status"] == "open" and session["expires_at"] <= state.now():
            _expire(state, session)


def pay(state: State, session: Thing, card: str = GOOD_CARD) -> None:
    """The buyer presses Pay. Raises CardError, and the session stays open."""
    intent = _intent_of(state, session)
    try:
        confirm(state, intent, card)
    except CardError as error:
        state.hidden(session)["problem"] = error.message
        raise
    _complete(state, session, "paid")


def pay_later(state: State, session: Thing) -> None:
    """The buyer pays by a bank, which answers later: see ``settle_later``."""
    intent = _intent_of(state, session)
    intent["status"] = "processing"
    emit(state, "payment_intent.processing", intent)
    _complete(state, session, "unpaid")


def settle_later(state: State, session: Thing, *, is_paid: bool) -> None:
    """The bank answers."""
    intent = state.get("payment_intent", session["payment_intent"])
    if intent["status"] != "processing":
        raise RefusedError("The session does not wait for a bank.")
    card = GOOD_CARD if is_paid else "pm_card_chargeDeclined"
    try:
        confirm(state, intent, card)
    except CardError:
        emit(state, "checkout.session.async_payment_failed", session)
    else:
        session["payment_status"] = "paid"
        emit(state, "checkout.session.async_payment_succeeded", session)


def _intent_of(state: State, session: Thing) -> Thing:
    """The intent of an open session; made at the first press."""
    if session["status"] != "open":
        raise RefusedError(f"This session is {session['status']}.")
    known = state.find(session["payment_intent"])
    if known is not None:
        return known
    if session["customer"] is None and (
        session["customer_creation"] == "always" or session["invoice_creation"]["enabled"]
    ):
        customer = new_customer(state, session["customer_email"])
        session["customer"] = customer["id"]
        emit(state, "customer.created", customer)
    of_intent = state.hidden(session)["of_intent"] | {"customer": session["customer"]}
    intent = new_intent(state, session["amount_total"], session["currency"], of_intent)
    intent["metadata"] = metadata(of_intent)
    session["payment_intent"] = intent["id"]
    emit(state, "payment_intent.created", intent)
    return intent


def _complete(state: State, session: Thing, payment_status: str) -> None:
    session |= {"status": "complete", "payment_status": payment_status, "url": None}
    if session["automatic_tax"]["enabled"]:
        session["automatic_tax"]["status"] = "complete"
    emit(state, "checkout.session.completed", session)
