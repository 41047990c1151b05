"""Transfers to connected accounts, their reversals, and payouts to banks."""

from __future__ import annotations

from devtools.fake_stripe import books
from devtools.fake_stripe.calls import LIST, Call, endpoint, metadata, page
from devtools.fake_stripe.currencies import amount_of, currency_of
from devtools.fake_stripe.errors import RefusedError
from devtools.fake_stripe.events import emit
from devtools.fake_stripe.forms import integer, required
from devtools.fake_stripe.state import PLATFORM, State, Thing

FAILURES = {
    "account_closed": "The bank account has been closed.",
    "no_account": "The bank account could not be located.",
}


@endpoint(
    "POST",
    "/v1/transfers",
    "amount currency destination description metadata source_transaction transfer_group",
)
def create_transfer(call: Call) -> Thing:
    state, params = call.state, call.params
    currency = currency_of(params)
    amount = amount_of(params, currency)
    account = call.get("account", required(params, "destination"), param="destination")
    if account["capabilities"].get("transfers") != "active":
        raise RefusedError(
            "Your destination account needs to have at least one of the following capabilities "
            "enabled: transfers, legacy_payments",
            code="insufficient_capabilities_for_transfer",
        )
    available_on = None
    if params.get("source_transaction"):
        charge = call.get("charge", params["source_transaction"], param="source_transaction")
        entry = state.find(charge["balance_transaction"]) or {}
        available_on = max(entry.get("available_on", 0), state.now())
    else:
        books.check_available(state, PLATFORM, amount, currency)
    transfer = state.add(
        {
            "id": state.new_id("tr"),
            "object": "transfer",
            "amount": amount,
            "amount_reversed": 0,
            "balance_transaction": None,
            "created": state.now(),
            "currency": currency,
            "description": params.get("description"),
            "destination": account["id"],
            "destination_payment": state.new_id("py"),
            "livemode": False,
            "metadata": metadata(params),
            "reversals": None,
            "reversed": False,
            "source_transaction": params.get("source_transaction"),
            "source_type": "card",
            "transfer_group": params.get("transfer_group"),
        }
    )
    _list_reversals(call, transfer)
    transfer["balance_transaction"] = books.book(
        state, "transfer", -amount, currency, transfer["id"], available_on=available_on
    )["id"]
    books.book(
        state,
        "payment",
        amount,
        currency,
        transfer["destination_payment"],
        owner=account["id"],
        available_on=available_on,
    )
    emit(state, "transfer.created", transfer, request=call.request)
    return transfer


@endpoint("GET", "/v1/transfers/{}")
def retrieve_transfer(call: Call, given: str) -> Thing:
    return call.get("transfer", given)


@endpoint("GET", "/v1/transfers", LIST + " destination transfer_group")
def list_transfers(call: Call) -> Thing:
    filters = {name: call.params.get(name) for name in ("destination", "transfer_group")}
    return page(call, "transfer", "/v1/transfers", **filters)


@endpoint("POST", "/v1/transfers/{}/reversals", "amount description metadata")
def create_reversal(call: Call, given: str) -> Thing:
    state = call.state
    transfer = call.get("transfer", given)
    left = transfer["amount"] - transfer["amount_reversed"]
    amount = integer(call.params, "amount", least=1) if "amount" in call.params else left
    if amount > left or not left:
        raise RefusedError(
            f"Transfer {given} has {left} left to reverse.", param="amount", code="amount_too_large"
        )
    books.check_available(state, transfer["destination"], amount, transfer["currency"])
    reversal = state.add(
        {
            "id": state.new_id("trr"),
            "object": "transfer_reversal",
            "amount": amount,
            "balance_transaction": None,
            "created": state.now(),
            "currency": transfer["currency"],
            "destination_payment_refund": state.new_id("pyr"),
            "metadata": metadata(call.params),
            "source_refund": None,
            "transfer": given,
        }
    )
    currency = transfer["currency"]
    reversal["balance_transaction"] = books.book(
        state, "transfer_refund", amount, currency, reversal["id"]
    )["id"]
    refund = reversal["destination_payment_refund"]
    books.book(state, "refund", -amount, currency, refund, owner=transfer["destination"])
    transfer["amount_reversed"] += amount
    transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
    _list_reversals(call, transfer)
    emit(state, "transfer.reversed", transfer, request=call.request)
    return reversal


@endpoint("GET", "/v1/transfers/{}/reversals", LIST)
def list_reversals(call: Call, given: str) -> Thing:
    call.get("transfer", given)
    return page(call, "transfer_reversal", f"/v1/transfers/{given}/reversals", transfer=given)


def _list_reversals(call: Call, transfer: Thing) -> None:
    """Write the ten newest reversals into the transfer, as the API shows them."""
    path = f"/v1/transfers/{transfer['id']}/reversals"
    plain = Call(call.state, {}, call.account)
    transfer["reversals"] = page(plain, "transfer_reversal", path, transfer=transfer["id"])


@endpoint("POST", "/v1/payouts", "amount currency description metadata statement_descriptor")
def create_payout(call: Call) -> Thing:
    """Send money of an account (the header Stripe-Account) to its bank."""
    state, params = call.state, call.params
    currency = currency_of(params)
    amount = amount_of(params, currency)
    account = state.find(call.account)
    if account is not None and not account["payouts_enabled"]:
        raise RefusedError("Payouts are not enabled for this account.", code="payouts_not_allowed")
    books.check_available(state, call.account, amount, currency)
    payout = state.add(
        {
            "id": state.new_id("po"),
            "object": "payout",
            "amount": amount,
            "application_fee": None,
            "application_fee_amount": None,
            "arrival_date": state.now() + 2 * books.DAY,
            "automatic": False,
            "balance_transaction": None,
            "created": state.now(),
            "currency": currency,
            "description": params.get("description"),
            "destination": state.new_id("ba"),
            "failure_balance_transaction": None,
            "failure_code": None,
            "failure_message": None,
            "livemode": False,
            "metadata": metadata(params),
            "method": "standard",
            "original_payout": None,
            "reconciliation_status": "not_applicable",
            "reversed_by": None,
            "source_type": "card",
            "statement_descriptor": params.get("statement_descriptor"),
            "status": "pending",
            "type": "bank_account",
        },
        owner=call.account,
    )
    payout["balance_transaction"] = books.book(
        state, "payout", -amount, currency, payout["id"], owner=call.account
    )["id"]
    emit(state, "payout.created", payout, owner=call.account, request=call.request)
    return payout


@endpoint("GET", "/v1/payouts/{}")
def retrieve_payout(call: Call, given: str) -> Thing:
    return call.get("payout", given)


@endpoint("GET", "/v1/payouts", LIST + " status")
def list_payouts(call: Call) -> Thing:
    return page(call, "payout", "/v1/payouts", status=call.params.get("status"))


def finish_payout(state: State, payout: Thing, status: str, code: str = "account_closed") -> Thing:
    """Let the bank take the money (``paid``) or send it back (``failed``, also after ``paid``)."""
    before = {"status": payout["status"]}
    if payout["status"] in (status, "failed"):
        raise RefusedError(f"The payout is {payout['status']} already.")
    payout["status"] = status
    owner = state.owner_of(payout["id"])
    if status == "failed":
        entry = books.book(
            state, "payout_failure", payout["amount"], payout["currency"], payout["id"], owner=owner
        )
        payout |= {
            "failure_balance_transaction": entry["id"],
            "failure_code": code,
            "failure_message": FAILURES.get(code, "The bank refused the payout."),
        }
    emit(state, f"payout.{status}", payout, owner=owner, before=before)
    return payout


def pay_due(state: State) -> None:
    """Payouts arrive on their date."""
    for payout in state.all("payout", owner=None):
        if payout["status"] == "pending" and payout["arrival_date"] <= state.now():
            finish_payout(state, payout, "paid")
