"""Customers, payment intents and charges."""

from __future__ import annotations

import secrets

from devtools.fake_stripe import books
from devtools.fake_stripe.calls import LIST, Call, endpoint, metadata, page
from devtools.fake_stripe.currencies import amount_of, currency_of
from devtools.fake_stripe.errors import CardError, InvalidParameterError, RefusedError
from devtools.fake_stripe.events import emit
from devtools.fake_stripe.forms import flag, required
from devtools.fake_stripe.state import State, Thing

GOOD_CARD = "pm_card_visa"
# What it pays may be sent on at once.
AT_ONCE = "pm_card_bypassPending"
DECLINES = {
    "pm_card_chargeDeclined": ("generic_decline", "Your card was declined."),
    "pm_card_chargeDeclinedInsufficientFunds": (
        "insufficient_funds",
        "Your card has insufficient funds.",
    ),
}
"""Cards of the test mode that are declined: the reason, and what people read."""


@endpoint("POST", "/v1/customers", "email name phone description metadata")
def create_customer(call: Call) -> Thing:
    params = call.params
    customer = new_customer(call.state, params.get("email"), params.get("name"))
    customer |= {"metadata": metadata(params), "description": params.get("description")}
    emit(call.state, "customer.created", customer, request=call.request)
    return customer


@endpoint("GET", "/v1/customers/{}")
def retrieve_customer(call: Call, given: str) -> Thing:
    return call.get("customer", given)


@endpoint("GET", "/v1/customers", LIST + " email")
def list_customers(call: Call) -> Thing:
    return page(call, "customer", "/v1/customers", email=call.params.get("email"))


def new_customer(state: State, email: str | None, name: str | None = None) -> Thing:
    return state.add(
        {
            "id": state.new_id("cus"),
            "object": "customer",
            "address": None,
            "balance": 0,
            "created": state.now(),
            "currency": None,
            "default_source": None,
            "delinquent": False,
            "description": None,
            "email": email,
            "livemode": False,
            "metadata": {},
            "name": name,
            "phone": None,
            "shipping": None,
            "tax_exempt": "none",
            "test_clock": None,
        }
    )


_INTENT = (
    "amount currency customer description metadata payment_method payment_method_types confirm "
    "receipt_email statement_descriptor_suffix transfer_group automatic_payment_methods return_url"
)


@endpoint("POST", "/v1/payment_intents", _INTENT)
def create_intent(call: Call) -> Thing:
    params = call.params
    currency = currency_of(params)
    amount = amount_of(params, currency)
    if params.get("customer"):
        call.get("customer", params["customer"], param="customer")
    is_confirmed = flag(params, "confirm")
    method = required(params, "payment_method") if is_confirmed else params.get("payment_method")
    intent = new_intent(call.state, amount, currency, params)
    intent["metadata"] = metadata(params)
    intent["payment_method"] = method
    intent["status"] = "requires_confirmation" if method else "requires_payment_method"
    emit(call.state, "payment_intent.created", intent, request=call.request)
    if is_confirmed:
        confirm(call.state, intent, str(method), request=call.request)
    return intent


@endpoint("POST", "/v1/payment_intents/{}/confirm", "payment_method return_url")
def confirm_intent(call: Call, given: str) -> Thing:
    intent = call.get("payment_intent", given)
    method = call.params.get("payment_method") or intent["payment_method"]
    if intent["status"] not in ("requires_payment_method", "requires_confirmation"):
        raise _wrong_state(intent, "confirm")
    if not method:
        required(call.params, "payment_method")
    confirm(call.state, intent, str(method), request=call.request)
    return intent


@endpoint("POST", "/v1/payment_intents/{}/cancel", "cancellation_reason")
def cancel_intent(call: Call, given: str) -> Thing:
    intent = call.get("payment_intent", given)
    if intent["status"] not in ("requires_payment_method", "requires_confirmation"):
        raise _wrong_state(intent, "cancel")
    intent |= {
        "status": "canceled",
        "canceled_at": call.state.now(),
        "cancellation_reason": call.params.get("cancellation_reason"),
    }
    emit(call.state, "payment_intent.canceled", intent, request=call.request)
    return intent


@endpoint("GET", "/v1/payment_intents/{}")
def retrieve_intent(call: Call, given: str) -> Thing:
    return call.get("payment_intent", given)


@endpoint("GET", "/v1/payment_intents", LIST + " customer")
def list_intents(call: Call) -> Thing:
    return page(call, "payment_intent", "/v1/payment_intents", customer=call.params.get("customer"))


@endpoint("GET", "/v1/charges/{}")
def retrieve_charge(call: Call, given: str) -> Thing:
    return call.get("charge", given)


@endpoint("GET", "/v1/charges", LIST + " customer payment_intent")
def list_charges(call: Call) -> Thing:
    return page(
        call,
        "charge",
        "/v1/charges",
        customer=call.params.get("customer"),
        payment_intent=call.params.get("payment_intent"),
    )


def new_intent(state: State, amount: int, currency: str, params: Thing) -> Thing:
    """An intent that nobody has confirmed."""
    given = state.new_id("pi")
    return state.add(
        {
            "id": given,
            "object": "payment_intent",
            "amount": amount,
            "amount_capturable": 0,
            "amount_received": 0,
            "application": None,
            "canceled_at": None,
            "cancellation_reason": None,
            "capture_method": "automatic_async",
            "client_secret": f"{given}_secret_{secrets.token_hex(12)}",
            "confirmation_method": "automatic",
            "created": state.now(),
            "currency": currency,
            "customer": params.get("customer"),
            "description": params.get("description"),
            "last_payment_error": None,
            "latest_charge": None,
            "livemode": False,
            "metadata": {},
            "next_action": None,
            "on_behalf_of": None,
            "payment_method": None,
            "payment_method_types": ["card"],
            "payment_record": None,
            "receipt_email": params.get("receipt_email"),
            "review": None,
            "setup_future_usage": None,
            "source": None,
            "statement_descriptor": None,
            "statement_descriptor_suffix": params.get("statement_descriptor_suffix"),
            "status": "requires_payment_method",
            "transfer_group": params.get("transfer_group"),
        }
    )


def confirm(state: State, intent: Thing, method: str, *, request: Thing | None = None) -> Thing:
    """Charge the card of the test mode; the charge. Raises CardError if it is declined."""
    if method in DECLINES:
        decline, message = DECLINES[method]
        charge = _new_charge(state, intent, failure=(decline, message))
        intent |= {
            "latest_charge": charge["id"],
            "payment_method": None,
            "status": "requires_payment_method",
            "last_payment_error": {
                "type": "card_error",
                "code": "card_declined",
                "decline_code": decline,
                "charge": charge["id"],
                "message": message,
            },
        }
        emit(state, "charge.failed", charge, request=request)
        emit(state, "payment_intent.payment_failed", intent, request=request)
        raise CardError(
            message,
            code="card_declined",
            decline_code=decline,
            charge=charge["id"],
            payment_intent=dict(intent),
        )
    if method not in (GOOD_CARD, AT_ONCE):
        raise InvalidParameterError(
            f"No such PaymentMethod: '{method}'", param="payment_method", code="resource_missing"
        )
    charge = _new_charge(state, intent, settles_after=0 if method == AT_ONCE else None)
    intent |= {
        "amount_received": intent["amount"],
        "last_payment_error": None,
        "latest_charge": charge["id"],
        "payment_method": state.hidden(charge)["method"],
        "status": "succeeded",
    }
    emit(state, "charge.succeeded", charge, request=request)
    emit(state, "payment_intent.succeeded", intent, request=request)
    return charge


def _new_charge(
    state: State,
    intent: Thing,
    *,
    failure: tuple[str, str] | None = None,
    settles_after: int | None = None,
) -> Thing:
    amount, currency = intent["amount"], intent["currency"]
    method = state.new_id("pm")
    customer = state.find(intent["customer"]) or {}
    charge = {
        "id": state.new_id("ch"),
        "object": "charge",
        "amount": amount,
        "amount_captured": 0 if failure else amount,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": {
            "address": None,
            "email": customer.get("email"),
            "name": customer.get("name"),
            "phone": None,
            "tax_id": None,
        },
        "captured": failure is None,
        "created": state.now(),
        "currency": currency,
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": "card_declined" if failure else None,
        "failure_message": failure[1] if failure else None,
        "livemode": False,
        "metadata": dict(intent["metadata"]),
        "on_behalf_of": None,
        "paid": failure is None,
        "payment_intent": intent["id"],
        "payment_method": method,
        "receipt_email": intent["receipt_email"],
        "refunded": False,
        "review": None,
        "source": None,
        "source_transfer": None,
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
        "status": "failed" if failure else "succeeded",
        "transfer": None,
        "transfer_group": intent["transfer_group"],
    }
    state.add(charge, hidden={"method": method})
    charge["receipt_url"] = f"{state.url}/receipts/{charge['id']}"
    if failure is None:
        entry = books.book(
            state,
            "charge",
            amount,
            currency,
            charge["id"],
            fee=books.charge_fee(amount),
            available_on=state.now()
            + (books.SETTLES_AFTER if settles_after is None else settles_after),
        )
        charge["balance_transaction"] = entry["id"]
    return charge


def _wrong_state(intent: Thing, act: str) -> RefusedError:
    return RefusedError(
        f"You cannot {act} this PaymentIntent because it has a status of {intent['status']}.",
        code="payment_intent_unexpected_state",
        payment_intent=dict(intent),
    )
