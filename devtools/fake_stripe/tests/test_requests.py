"""What holds for each request: keys, idempotency, pages of lists, trouble on demand."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
import stripe

from devtools.fake_stripe.tests.conftest import (
    KEY,
    Door,
    client,
    code_of,
    onboarded_account,
    paid_session,
    session_params,
)

pytestmark = pytest.mark.slow


def once(key: str) -> stripe.RequestOptions:
    return {"idempotency_key": key}


def customers(api: stripe.StripeClient, email: str) -> list[stripe.Customer]:
    return api.v1.customers.list({"email": email}).data


@pytest.mark.parametrize("key", ["sk_live_of_somebody", "pk_test_public", "nonsense"])
def test_only_secret_test_keys(running_provider_url: str, key: str) -> None:
    with pytest.raises(stripe.AuthenticationError) as error:
        client(running_provider_url, key).v1.balance.retrieve()
    assert error.value.http_status == 401
    assert key not in str(error.value)


def test_a_key_may_come_as_basic_authentication(running_provider_url: str) -> None:
    address = f"{running_provider_url}/v1/balance"
    assert httpx.get(address, auth=(KEY, "")).status_code == 200
    assert httpx.get(address).status_code == 401


def test_the_same_key_acts_once(api: stripe.StripeClient) -> None:
    params: Any = {"email": "once@site.test"}
    first = api.v1.customers.create(params, once("once"))
    again = api.v1.customers.create(params, once("once"))
    assert again.id == first.id
    assert again.last_response is not None
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert len(customers(api, "once@site.test")) == 1
    with pytest.raises(stripe.IdempotencyError) as error:
        api.v1.customers.create({"email": "other@site.test"}, once("once"))
    assert error.value.http_status == 400
    assert customers(api, "other@site.test") == []


def test_a_key_is_free_again_after_a_day(api: stripe.StripeClient, door: Door) -> None:
    api.v1.customers.create({"email": "day@site.test"}, once("day"))
    door.advance(24 * 3600)
    api.v1.customers.create({"email": "day@site.test"}, once("day"))
    assert len(customers(api, "day@site.test")) == 2


def test_a_key_keeps_an_error_of_the_act(api: stripe.StripeClient, door: Door) -> None:
    account = onboarded_account(api, door)
    params: Any = {"amount": 7_000_000, "currency": "sgd", "destination": account}
    with pytest.raises(stripe.InvalidRequestError) as error:
        api.v1.transfers.create(params, once("kept"))
    assert code_of(error) == (400, "balance_insufficient")
    paid_session(api, door, 9_000_000, "sgd")
    door.advance(3 * 86_400 - 2 * 86_400 - 10)
    with pytest.raises(stripe.InvalidRequestError) as error:
        api.v1.transfers.create(params, once("kept"))
    assert error.value.headers["Idempotent-Replayed"] == "true"


def test_a_key_keeps_nothing_of_wrong_parameters(api: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as error:
        api.v1.customers.create({"mail": "x"}, once("wrong"))  # type: ignore[typeddict-unknown-key]
    assert code_of(error) == (400, "parameter_unknown")
    assert api.v1.customers.create({"email": "right@site.test"}, once("wrong")).email


def test_a_request_under_way_holds_its_key(api: stripe.StripeClient, door: Door) -> None:
    door.post("faults", kind="slow", seconds=2.0, path="/v1/customers")
    params: Any = {"email": "slow@site.test"}
    with ThreadPoolExecutor(2) as pool:
        started = [
            pool.submit(api.v1.customers.create, params, once("under-way")) for _ in range(2)
        ]
        errors = [future.exception(timeout=10) for future in started]
    (error,) = [error for error in errors if error is not None]
    assert isinstance(error, stripe.StripeError)
    assert error.http_status == 409
    assert len(customers(api, "slow@site.test")) == 1


def test_many_at_once_with_one_key(running_provider_url: str, api: stripe.StripeClient) -> None:
    barrier = threading.Barrier(8, timeout=10)

    def create() -> str:
        patient = client(running_provider_url, max_network_retries=5)
        barrier.wait(timeout=10)
        return patient.v1.customers.create({"email": "many@site.test"}, once("many")).id

    with ThreadPoolExecutor(8) as pool:
        made = {f.result(timeout=30) for f in [pool.submit(create) for _ in range(8)]}
    assert len(made) == len(customers(api, "many@site.test")) == 1


@pytest.mark.parametrize(
    ("kind", "error", "status"),
    [
        ("rate_limit", stripe.RateLimitError, 429),
        ("api_error", stripe.APIError, 500),
        ("late_api_error", stripe.APIError, 500),
        ("lost_request", stripe.APIConnectionError, None),
        ("lost_answer", stripe.APIConnectionError, None),
    ],
)
def test_trouble_on_demand(
    api: stripe.StripeClient,
    door: Door,
    kind: str,
    error: type[stripe.StripeError],
    status: int | None,
) -> None:
    email = f"{kind}@site.test"
    door.post("faults", kind=kind, method="POST", path="/v1/customers")
    with pytest.raises(error) as raised:
        api.v1.customers.create({"email": email}, once(kind))
    assert raised.value.http_status == status
    assert len(customers(api, email)) == (kind in ("late_api_error", "lost_answer"))
    if "api_error" in kind:
        with pytest.raises(stripe.APIError):
            api.v1.customers.create({"email": email}, once(kind))
    else:
        api.v1.customers.create({"email": email}, once(kind))
        assert len(customers(api, email)) == 1


def test_the_client_gets_over_a_lost_answer(running_provider_url: str, door: Door) -> None:
    door.post("faults", kind="lost_answer", method="POST", path="/v1/customers", times=2)
    patient = client(running_provider_url, max_network_retries=3)
    made = patient.v1.customers.create({"email": "patient@site.test"})
    assert [c.id for c in customers(patient, "patient@site.test")] == [made.id]


def test_a_slow_answer_is_a_time_out(running_provider_url: str, door: Door) -> None:
    door.post("faults", kind="slow", seconds=0.8, path="/v1/balance")
    hasty = stripe.StripeClient(
        KEY,
        base_addresses={"api": running_provider_url},
        max_network_retries=0,
        http_client=stripe.RequestsClient(timeout=0.2),
    )
    with pytest.raises(stripe.APIConnectionError):
        hasty.v1.balance.retrieve()


def test_lists_come_in_pages(api: stripe.StripeClient) -> None:
    made = [api.v1.customers.create({"email": "page@site.test"}).id for _ in range(5)]
    first = api.v1.customers.list({"email": "page@site.test", "limit": 2})
    assert ([c.id for c in first], first.has_more) == (made[:2:-1], True)
    walked = [c.id for c in first.auto_paging_iter()]
    assert walked == made[::-1]
    last = api.v1.customers.list({"email": "page@site.test", "starting_after": made[1]})
    assert ([c.id for c in last], last.has_more) == (made[:1], False)
    before = api.v1.customers.list(
        {"email": "page@site.test", "ending_before": made[0], "limit": 2}
    )
    assert ([c.id for c in before], before.has_more) == ([made[2], made[1]], True)
    with pytest.raises(stripe.InvalidRequestError) as error:
        api.v1.customers.list({"limit": 101})
    assert error.value.param == "limit"


def test_what_is_not_there(api: stripe.StripeClient, running_provider_url: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as error:
        api.v1.checkout.sessions.retrieve("cs_test_unknown")
    assert code_of(error) == (404, "resource_missing")
    answer = httpx.get(f"{running_provider_url}/v1/nothing", auth=(KEY, ""))
    assert answer.status_code == 404
    assert httpx.get(f"{running_provider_url}/nothing").status_code == 404


def test_the_clock_can_be_set_and_stopped(api: stripe.StripeClient, door: Door) -> None:
    now = door.post("clock", advance=0)["now"]
    door.post("clock", now=now + 1000, stopped=True)
    assert api.v1.customers.create().created == now + 1000
    assert api.v1.checkout.sessions.create(session_params()).created == now + 1000
    found = api.v1.customers.list({"created": {"gte": now + 1000}})
    assert len(found.data) == 1
    door.post("clock", now=now + 1001)


@pytest.mark.parametrize("body", ["[]", "{", '{"kind": "unknown"}', '{"colour": 1}'])
def test_the_control_door_refuses_nonsense(door: Door, body: str) -> None:
    assert door.browser.post("/_fake/faults", content=body).status_code == 400
