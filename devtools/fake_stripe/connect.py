"""Connected accounts of the type Express, and their onboarding."""

from __future__ import annotations

from devtools.fake_stripe.calls import LIST, Call, endpoint, metadata, page
from devtools.fake_stripe.checkout import check_url
from devtools.fake_stripe.errors import InvalidParameterError, RefusedError
from devtools.fake_stripe.events import emit
from devtools.fake_stripe.forms import choice, mapping, required
from devtools.fake_stripe.state import State, Thing

_NEEDED = ["external_account", "individual.dob.day", "individual.last_name", "tos_acceptance.date"]
_LINK_SECONDS = 300
_CURRENCIES = {"KR": "krw", "JP": "jpy", "US": "usd", "GB": "gbp", "KW": "kwd"}


@endpoint(
    "POST",
    "/v1/accounts",
    "type country email capabilities business_type metadata default_currency settings "
    "business_profile",
)
def create_account(call: Call) -> Thing:
    state, params = call.state, call.params
    choice(params, "type", ("express",))
    country = str(params.get("country", "US")).upper()
    account = {
        "id": state.new_id("acct"),
        "object": "account",
        "business_type": params.get("business_type"),
        "capabilities": dict.fromkeys(mapping(params, "capabilities"), "inactive"),
        "charges_enabled": False,
        "controller": {"type": "application"},
        "country": country,
        "created": state.now(),
        "default_currency": params.get("default_currency", _CURRENCIES.get(country, "eur")),
        "details_submitted": False,
        "email": params.get("email"),
        "metadata": metadata(params),
        "payouts_enabled": False,
        "type": "express",
    }
    account["requirements"] = _requirements(_NEEDED, "requirements.past_due")
    # The platform owns the account; the account owns what happens to it.
    state.add(account)
    emit(state, "account.updated", account, owner=account["id"], request=call.request)
    return account


@endpoint("GET", "/v1/accounts/{}")
def retrieve_account(call: Call, given: str) -> Thing:
    return call.get("account", given)


@endpoint("GET", "/v1/accounts", LIST)
def list_accounts(call: Call) -> Thing:
    return page(call, "account", "/v1/accounts")


@endpoint("DELETE", "/v1/accounts/{}")
def delete_account(call: Call, given: str) -> Thing:
    account = call.get("account", given)
    call.state.remove(account)
    return {"id": given, "object": "account", "deleted": True}


@endpoint("POST", "/v1/account_links", "account refresh_url return_url type collection_options")
def create_link(call: Call) -> Thing:
    state, params = call.state, call.params
    account = call.get("account", required(params, "account"), param="account")
    choice(params, "type", ("account_onboarding", "account_update"))
    for name in ("refresh_url", "return_url"):
        check_url(required(params, name), name)
    link = {
        "id": state.new_id("link"),
        "object": "link",
        "account": account["id"],
        "refresh_url": params["refresh_url"],
        "return_url": params["return_url"],
        "expires_at": state.now() + _LINK_SECONDS,
        "is_used": False,
    }
    state.add(link)
    return {
        "object": "account_link",
        "created": state.now(),
        "expires_at": link["expires_at"],
        "url": f"{state.url}/setup/{link['id']}",
    }


@endpoint("POST", "/v1/accounts/{}/login_links")
def create_login_link(call: Call, given: str) -> Thing:
    account = call.get("account", given)
    if not account["details_submitted"]:
        raise RefusedError("Cannot create a login link for an account that has not onboarded.")
    return {
        "object": "login_link",
        "created": call.state.now(),
        "url": f"{call.state.url}/express/{given}",
    }


def _requirements(due: list[str], reason: str | None) -> Thing:
    return {
        "alternatives": [],
        "current_deadline": None,
        "currently_due": due,
        "disabled_reason": reason,
        "errors": [],
        "eventually_due": due,
        "past_due": due,
        "pending_verification": [],
    }


def set_status(state: State, account: Thing, status: str) -> Thing:
    """Make it ``enabled``, ``restricted`` (a document is missing) or ``rejected``."""
    wanted: dict[str, tuple[list[str], str | None]] = {
        "enabled": ([], None),
        "restricted": (["individual.verification.document"], "requirements.past_due"),
        "rejected": ([], "rejected.fraud"),
    }
    if status not in wanted:
        raise InvalidParameterError(f"Invalid status: {status}", param="status")
    is_enabled = status == "enabled"
    before = {name: account[name] for name in ("payouts_enabled", "details_submitted")}
    account |= {
        "charges_enabled": is_enabled,
        "details_submitted": True,
        "payouts_enabled": is_enabled,
        "requirements": _requirements(*wanted[status]),
    }
    for name in account["capabilities"]:
        account["capabilities"][name] = "active" if is_enabled else "inactive"
    emit(state, "account.updated", account, owner=account["id"], before=before)
    return account
