"""How one request is asked: what is retried, how long it waits, what an answer means.

A step is a generator that yields what is to be done (``Call``, ``Fetch`` or ``Pause``) and is sent
what came of it. It does neither input nor output itself, so ``Client`` and ``AsyncClient`` share
all of it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx

from style_license.errors import ApiError, ServerProblem, StyleLicenseError, Unreachable, error_of

Result = TypeVar("Result")
# At a site that does not answer at all.
ATTEMPTS = 5
# Between attempts, in seconds, doubled after each of the first ones.
FIRST_PAUSE, DOUBLED = 0.5, 5
# The longest that is waited for one request because the site says so, or restarts, in seconds.
PATIENCE = 120.0
# Another attempt may succeed: the site is overloaded, or restarts.
OVERLOADED = frozenset({502, 503, 504})


@dataclass(frozen=True)
class Call:
    """A request to the API. ``is_safe``: sent twice, it has no second effect, as what is
    ``is_idempotent`` by itself or has a ``key``."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    query: Mapping[str, Any] | None = None
    file: tuple[str, bytes] | None = None
    key: str = ""
    is_idempotent: bool = False

    @property
    def is_safe(self) -> bool:
        is_of_itself = self.method == "GET" or self.is_idempotent
        return is_of_itself or bool(self.key) or self.path in ("/api/quotes", "/api/verify")


@dataclass(frozen=True)
class Fetch:
    """A file by its link. The API key is not sent there: it may be on another host."""

    url: str


@dataclass(frozen=True)
class Pause:
    seconds: float


Step = Generator[Call | Fetch | Pause, Any, Result]


@dataclass(frozen=True)
class Said:
    """``data`` of an answer, and after how many seconds it is worth asking again, if it says so."""

    data: Any
    retry_after: float | None


def ask(call: Call, within: float | None = None) -> Step[Said]:
    """The answer to ``call``, asked again where that is harmless. With ``within``, for so many
    seconds at most, and also while connections are refused: the site is known, so it restarts.
    Raises ApiError, Unreachable."""
    response = yield from _tried(call, call.is_safe, within)
    if response.status_code == httpx.codes.NO_CONTENT:
        return Said(None, None)
    try:
        body = response.json()
        return Said(body["data"] if "success" in body else body, retry_after(response))
    except (ValueError, KeyError, TypeError) as error:
        what = f"What answers {call.path} is not Style License. Is the address right?"
        raise StyleLicenseError(what) from error


def fetch(url: str) -> Step[bytes]:
    """The bytes at ``url``. Raises ApiError, Unreachable."""
    response = yield from _tried(Fetch(url), True)
    return response.content


def _tried(call: Call | Fetch, is_safe: bool, within: float | None = None) -> Step[httpx.Response]:
    patience = PATIENCE if within is None else min(within, PATIENCE)
    waited, attempt, has_arrived = 0.0, 0, False
    while True:
        attempt += 1
        pause = backoff(min(attempt, DOUBLED + 1))
        began = time.monotonic()
        try:
            response: httpx.Response = yield call
        except httpx.TransportError as error:
            waited += time.monotonic() - began
            never_sent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
            has_arrived = has_arrived or not never_sent
            restarts = within is not None and isinstance(error, httpx.ConnectError)
            is_last = attempt >= ATTEMPTS and not restarts
            is_last = is_last or (within is not None and waited >= patience)
            if is_last or not (is_safe or never_sent):
                asked = call.path if has_arrived and isinstance(call, Call) else ""
                said = f"The site did not answer: {error or type(error).__name__}."
                raise Unreachable(said, asked) from error
        else:
            waited += time.monotonic() - began
            has_arrived = True
            if response.is_success:
                return response
            refused = _refusal(response)
            told = refused.retry_after or 0
            is_last = waited >= patience or waited + told > patience
            if is_last or not _is_worth_repeating(refused, is_safe):
                if isinstance(refused, ServerProblem) and isinstance(call, Call):
                    refused.asked = call.path
                raise refused
            pause = max(pause, told)
        if waited < patience:
            # The last attempt is at its end.
            pause = min(pause, patience - waited)
        waited += pause
        yield Pause(pause)


def _is_worth_repeating(refused: ApiError, is_safe: bool) -> bool:
    if refused.status == 429:
        # Nothing was done. Without a time the limit is another: of what the account may have.
        return refused.retry_after is not None
    # With REQUEST_IN_PROGRESS, the first request with this key still runs: its answer was lost.
    return is_safe and (refused.status in OVERLOADED or refused.code == "REQUEST_IN_PROGRESS")


def _refusal(response: httpx.Response) -> ApiError:
    try:
        body = response.json()
    except ValueError:
        body = None
    given = response.headers.get("X-Request-ID", "")
    wait = retry_after(response)
    return error_of(response.status_code, body, request_id=given, retry_after=wait)


def retry_after(response: httpx.Response) -> float | None:
    """The seconds of its Retry-After; None where there is none."""
    said = response.headers.get("Retry-After", "")
    return float(said) if said.isascii() and said.isdigit() and len(said) < 9 else None


def backoff(attempt: int) -> float:
    """Seconds before the attempt after ``attempt``, spread so that many clients do not come at
    once."""
    return float(FIRST_PAUSE * 2 ** (attempt - 1) * random.uniform(0.75, 1.25))  # noqa: S311
