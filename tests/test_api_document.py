"""docs/API.md says what the API does: its requests, who may send them, its limits, its scopes."""

import json
import re
from collections import Counter

import pytest
import yaml
from django.conf import settings

from app.exceptions import InsufficientTokensError
from app.http.pagination import MAX_LIMIT, CustomCursorPagination, NotificationPagination
from app.models import Scope
from app.services.idempotency_service import KEPT_FOR, MAX_KEY_LENGTH
from app.utils.error_bodies import error_body
from app.utils.exception_handler import STATUS_OF
from protocol.messages import QUEUES
from tests.system import PROJECT

PAGE = (PROJECT / "docs" / "API.md").read_text()
WORDS = " ".join(PAGE.split())
SCHEMA = yaml.safe_load((PROJECT / "docs" / "openapi.yaml").read_text())
ROW = re.compile(r"^\| `([A-Z]+ /\S+)` \| (anybody|signed in|worker) \| (\S.*) \|$", re.MULTILINE)
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, methods in SCHEMA["paths"].items()
    for method, operation in methods.items()
}


def who_may(operation: dict) -> str:
    ways = [set(way) for way in operation["security"]]
    if ways == [{"internalToken"}]:
        return "worker"
    return "anybody" if set() in ways else "signed in"


def test_the_page_lists_each_request_once_and_no_other() -> None:
    assert Counter(request for request, _, _ in ROW.findall(PAGE)) == Counter(list(OPERATIONS))


def test_who_may_send_a_request_is_as_the_schema_has_it() -> None:
    told = {request: who for request, who, _ in ROW.findall(PAGE)}
    assert told == {request: who_may(operation) for request, operation in OPERATIONS.items()}


def test_the_error_shown_is_one_that_is_answered() -> None:
    error = InsufficientTokensError(required=12, available=5)
    shown = re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert shown is not None
    assert json.loads(shown[1]) == error_body(error.code, error.message, error.details)


def test_the_codes_named_are_answered_with_the_status_named() -> None:
    told = dict(re.findall(r"(\d{3}) `([A-Z_]+)`", WORDS))
    known = {error.code: status for error, status in STATUS_OF.items()} | {"CSRF_FAILED": 403}
    assert len(told) >= 4
    assert told == {str(known[code]): code for code in told.values()}


def test_pages_and_keys_have_the_sizes_told() -> None:
    sizes = {CustomCursorPagination.page_size, NotificationPagination.page_size}
    assert sizes == {20}
    assert f"`limit` is 20 by default and {MAX_LIMIT} at most" in WORDS
    assert f"{MAX_KEY_LENGTH} characters at most" in WORDS
    assert f"within {KEPT_FOR.total_seconds() / 3600:.0f} hours" in WORDS


def test_the_requests_that_are_done_once_are_those_told_of() -> None:
    takes_key = {
        request
        for request, operation in OPERATIONS.items()
        if any(each["name"] == "Idempotency-Key" for each in operation.get("parameters", []))
    }
    assert (
        "`POST` of orders, purchases, payouts, styles, comments, collections, reports, API keys and"
        " webhooks takes an `Idempotency-Key`" in WORDS
    )
    assert takes_key == {
        "POST /api/images/generate",
        "POST /api/orders",
        "POST /api/tokens/purchase",
        "POST /api/models",
        "PUT /api/models/{id}/works",
        "POST /api/images/{id}/comments",
        "POST /api/keys",
        "POST /api/webhooks",
        "POST /api/payouts",
        "POST /api/collections",
        "POST /api/reports",
    }


@pytest.mark.parametrize("scope", Scope.values)
def test_each_scope_of_a_key_is_told_of(scope: str) -> None:
    assert f"`{scope}`" in PAGE


def test_the_limits_told_are_the_shipped_ones() -> None:
    text = (settings.BASE_DIR / "config" / "settings.py").read_text()
    shipped = dict(re.findall(r'env\.str\("RATE_LIMIT_(\w+)", .*?"(\d+/\d+)"\)', text))
    assert shipped == {
        "SIGN_IN": "5/300",
        "SIGN_UP": "10/3600",
        "GENERATE": "6/60",
        "ORDERS": "30/60",
        "VERIFY": "20/60",
        "REPORTS": "10/600",
        "RECEIPTS": "5/86400",
        "REPORT_MAILS": "20/86400",
        "USER": "100/60",
        "ANONYMOUS": "50/60",
    }
    assert (
        "100 requests a minute for a user, 50 for an address that is not signed in (of IPv6, for a "
        "/64), 6 orders of one picture a minute, 30 of several, 20 pictures to verify, 5 sign-ins "
        "in 5 minutes"
    ) in WORDS
    assert (
        "10 new accounts an hour, 10 reports in 10 minutes, 5 receipts and 20 mails about "
        "reports a day to one mail address"
    ) in WORDS


@pytest.mark.parametrize("queue", QUEUES)
def test_the_messages_are_named(queue: str) -> None:
    assert f"| `{queue}` | queue |" in PAGE
