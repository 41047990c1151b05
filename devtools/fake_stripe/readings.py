"""The balance, its transactions, events, and the webhook endpoints."""

from __future__ import annotations

import secrets

from devtools.fake_stripe import books
from devtools.fake_stripe.calls import LIST, Call, endpoint, metadata, page
from devtools.fake_stripe.checkout import check_url
from devtools.fake_stripe.errors import InvalidParameterError
from devtools.fake_stripe.events import API_VERSION
from devtools.fake_stripe.forms import Params, flag, items, required
from devtools.fake_stripe.state import State, Thing


@endpoint("GET", "/v1/balance")
def retrieve_balance(call: Call) -> Thing:
    return books.balance(call.state, call.account)


@endpoint("GET", "/v1/balance_transactions/{}")
def retrieve_transaction(call: Call, given: str) -> Thing:
    return call.get("balance_transaction", given)


@endpoint("GET", "/v1/balance_transactions", LIST + " type source currency")
def list_transactions(call: Call) -> Thing:
    filters = {name: call.params.get(name) for name in ("type", "source", "currency")}
    return page(call, "balance_transaction", "/v1/balance_transactions", **filters)


@endpoint("GET", "/v1/events/{}")
def retrieve_event(call: Call, given: str) -> Thing:
    return call.get("event", given)


@endpoint("GET", "/v1/events", LIST + " type")
def list_events(call: Call) -> Thing:
    return page(call, "event", "/v1/events", type=call.params.get("type"))


@endpoint(
    "POST", "/v1/webhook_endpoints", "url enabled_events connect description metadata api_version"
)
def create_webhook_endpoint(call: Call) -> Thing:
    state, params = call.state, call.params
    check_url(required(params, "url"), "url")
    if not items(params, "enabled_events"):
        required(params, "enabled_events")
    secret = f"whsec_{secrets.token_hex(16)}"
    made = _new_endpoint(state, params, secret=secret, connect=flag(params, "connect"))
    # Shown this once.
    return made | {"secret": secret}


def _new_endpoint(state: State, params: Params, *, secret: str, connect: bool) -> Thing:
    return state.add(
        {
            "id": state.new_id("we"),
            "object": "webhook_endpoint",
            "api_version": params.get("api_version", API_VERSION),
            "application": None,
            "created": state.now(),
            "description": params.get("description"),
            "enabled_events": list(params["enabled_events"]),
            "livemode": False,
            "metadata": metadata(params),
            "status": "enabled",
            "url": params["url"],
        },
        hidden={"secret": secret, "connect": connect},
    )


def listen(state: State, url: str, secret: str) -> None:
    """Send every event there, of the platform and of connected accounts, instead of where they
    went before."""
    params: Params = {"url": url, "enabled_events": ["*"]}
    with state.lock:
        known = {state.hidden(each)["connect"]: each for each in state.all("webhook_endpoint")}
        for connect in (False, True):
            if connect in known:
                known[connect]["url"] = url
                state.hidden(known[connect])["secret"] = secret
            else:
                _new_endpoint(state, params, secret=secret, connect=connect)


@endpoint("POST", "/v1/webhook_endpoints/{}", "url enabled_events disabled description metadata")
def change_webhook_endpoint(call: Call, given: str) -> Thing:
    changed = call.get("webhook_endpoint", given)
    params = call.params
    if "url" in params:
        check_url(params["url"], "url")
        changed["url"] = params["url"]
    if "enabled_events" in params:
        if not items(params, "enabled_events"):
            raise InvalidParameterError("Name at least one event.", param="enabled_events")
        changed["enabled_events"] = list(params["enabled_events"])
    if "disabled" in params:
        changed["status"] = "disabled" if flag(params, "disabled") else "enabled"
    return changed


@endpoint("GET", "/v1/webhook_endpoints/{}")
def retrieve_webhook_endpoint(call: Call, given: str) -> Thing:
    return call.get("webhook_endpoint", given)


@endpoint("GET", "/v1/webhook_endpoints", LIST)
def list_webhook_endpoints(call: Call) -> Thing:
    return page(call, "webhook_endpoint", "/v1/webhook_endpoints")


@endpoint("DELETE", "/v1/webhook_endpoints/{}")
def delete_webhook_endpoint(call: Call, given: str) -> Thing:
    gone = call.get("webhook_endpoint", given)
    for delivery in call.state.all("delivery"):
        if delivery["endpoint"] == given and delivery["state"] == "pending":
            delivery |= {"state": "lost", "next_at": None}
    call.state.remove(gone)
    return {"id": given, "object": "webhook_endpoint", "deleted": True}
