"""Refunds and disputes: money that goes back."""

from __future__ import annotations

from devtools.fake_stripe import books
from devtools.fake_stripe.calls import LIST, Call, endpoint, metadata, page
from devtools.fake_stripe.errors import InvalidParameterError, RefusedError
from devtools.fake_stripe.events import emit
from devtools.fake_stripe.forms import choice, integer
from devtools.fake_stripe.state import State, Thing

DISPUTE_FEE = 1500
"""In the smallest unit of the currency; kept by the provider whoever wins."""
_REASONS = ("duplicate", "fraudulent", "requested_by_customer")


@endpoint("POST", "/v1/refunds", "charge payment_intent amount reason metadata")
def create_refund(call: Call) -> Thing:
    charge = _charge_of(call)
    left = charge["amount"] - charge["amount_refunded"]
    amount = integer(call.params, "amount", least=1) if "amount" in call.params else left
    reason = choice(call.params, "reason", _REASONS) if "reason" in call.params else None
    if not charge["paid"]:
        raise RefusedError("This charge was not paid.", code="charge_not_refundable")
    if not all(each["is_charge_refundable"] for each in _disputes_of(call.state, charge)):
        raise RefusedError(
            f"Charge {charge['id']} has been charged back; cannot issue a refund.",
            code="charge_disputed",
        )
    if left == 0:
        raise RefusedError(
            f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded"
        )
    if amount > left:
        raise RefusedError(
            f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})",
            param="amount",
        )
    state = call.state
    refund = state.add(
        {
            "id": state.new_id("re"),
            "object": "refund",
            "amount": amount,
            "balance_transaction": None,
            "charge": charge["id"],
            "created": state.now(),
            "currency": charge["currency"],
            "customer": charge["customer"],
            "failure_balance_transaction": None,
            "metadata": metadata(call.params),
            "payment_intent": charge["payment_intent"],
            "payment_method": charge["payment_method"],
            "pending_reason": None,
            "reason": reason,
            "receipt_number": None,
            "source_transfer_reversal": None,
            "status": state.next_refund,
            "transfer_reversal": None,
        }
    )
    state.next_refund = "succeeded"
    entry = books.book(state, "refund", -amount, charge["currency"], refund["id"])
    refund["balance_transaction"] = entry["id"]
    if refund["status"] == "pending":
        refund["pending_reason"] = "processing"
    _count_refunded(charge, amount)
    emit(state, "refund.created", refund, request=call.request)
    emit(state, "charge.refunded", charge, request=call.request)
    return refund


@endpoint("GET", "/v1/refunds/{}")
def retrieve_refund(call: Call, given: str) -> Thing:
    return call.get("refund", given)


@endpoint("GET", "/v1/refunds", LIST + " charge payment_intent")
def list_refunds(call: Call) -> Thing:
    return page(
        call,
        "refund",
        "/v1/refunds",
        charge=call.params.get("charge"),
        payment_intent=call.params.get("payment_intent"),
    )


@endpoint("GET", "/v1/disputes/{}")
def retrieve_dispute(call: Call, given: str) -> Thing:
    return call.get("dispute", given)


@endpoint("GET", "/v1/disputes", LIST + " charge payment_intent")
def list_disputes(call: Call) -> Thing:
    return page(
        call,
        "dispute",
        "/v1/disputes",
        charge=call.params.get("charge"),
        payment_intent=call.params.get("payment_intent"),
    )


def _charge_of(call: Call) -> Thing:
    params = call.params
    if params.get("charge"):
        return call.get("charge", params["charge"], param="charge")
    if not params.get("payment_intent"):
        raise InvalidParameterError(
            "One of the following params should be provided: payment_intent or charge.",
            param="payment_intent",
            code="parameter_missing",
        )
    intent = call.get("payment_intent", params["payment_intent"], param="payment_intent")
    if intent["status"] != "succeeded":
        raise RefusedError(
            "This PaymentIntent does not have a successful charge to refund.",
            param="payment_intent",
        )
    return call.get("charge", intent["latest_charge"])


def _disputes_of(state: State, charge: Thing) -> list[Thing]:
    return [each for each in state.all("dispute") if each["charge"] == charge["id"]]


def _count_refunded(charge: Thing, amount: int) -> None:
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]


def finish_refund(state: State, refund: Thing, status: str) -> Thing:
    """Let a refund succeed or fail, as its bank says. A failed one gives the money back to us."""
    if refund["status"] not in ("pending", "succeeded") or refund["status"] == status:
        raise RefusedError(f"The refund is {refund['status']} already.")
    before = {"status": refund["status"]}
    refund |= {"status": status, "pending_reason": None}
    if status == "failed":
        entry = books.book(
            state, "refund_failure", refund["amount"], refund["currency"], refund["id"]
        )
        refund["failure_balance_transaction"] = entry["id"]
        refund["failure_reason"] = "lost_or_stolen_card"
        charge = state.get("charge", refund["charge"])
        _count_refunded(charge, -refund["amount"])
    emit(state, "refund.updated", refund, before=before)
    if status == "failed":
        emit(state, "refund.failed", refund)
    return refund


def open_dispute(state: State, charge: Thing, reason: str = "fraudulent") -> Thing:
    """The buyer's bank takes back what is left of the charge, and a fee."""
    amount = charge["amount"] - charge["amount_refunded"]
    if not charge["paid"] or charge["disputed"] or not amount:
        raise RefusedError("The charge is not paid, disputed already or refunded.")
    dispute: Thing = state.add(
        {
            "id": state.new_id("du"),
            "object": "dispute",
            "amount": amount,
            "balance_transactions": [],
            "charge": charge["id"],
            "created": state.now(),
            "currency": charge["currency"],
            "enhanced_eligibility_types": [],
            "evidence": dict.fromkeys(_EVIDENCE) | {"enhanced_evidence": {}},
            "evidence_details": {
                "due_by": state.now() + 7 * books.DAY,
                "enhanced_eligibility": {},
                "has_evidence": False,
                "past_due": False,
                "submission_count": 0,
                "submission_method": None,
            },
            "is_charge_refundable": False,
            "livemode": False,
            "metadata": {},
            "payment_intent": charge["payment_intent"],
            "reason": reason,
            "status": "needs_response",
        }
    )
    charge["disputed"] = True
    _book_dispute(state, dispute, -amount, DISPUTE_FEE)
    emit(state, "charge.dispute.created", dispute)
    emit(state, "charge.dispute.funds_withdrawn", dispute)
    return dispute


def close_dispute(state: State, dispute: Thing, status: str) -> Thing:
    """Decide a dispute: ``won`` gives the amount back to us, which can be refunded then; ``lost``
    does not. A lost one may be won on appeal."""
    if dispute["status"] in ("won", status):
        raise RefusedError(f"The dispute is {dispute['status']} already.")
    before = {"status": dispute["status"]}
    dispute["status"] = status
    if status == "won":
        dispute["is_charge_refundable"] = True
        _book_dispute(state, dispute, dispute["amount"], 0)
        emit(state, "charge.dispute.funds_reinstated", dispute)
    emit(state, "charge.dispute.closed", dispute, before=before)
    return dispute


def _book_dispute(state: State, dispute: Thing, amount: int, fee: int) -> None:
    entry = books.book(state, "adjustment", amount, dispute["currency"], dispute["id"], fee=fee)
    if amount > 0:
        entry["reporting_category"] = "dispute_reversal"
    dispute["balance_transactions"].append(dict(entry))


_EVIDENCE = [
    "cancellation_policy",
    "customer_communication",
    "customer_signature",
    "enhanced_evidence",
    "receipt",
    "duplicate_charge_documentation",
    "refund_policy",
    "service_documentation",
    "shipping_documentation",
    "uncategorized_file",
]
