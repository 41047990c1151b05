"""What can go wrong. Each class stands for what a caller does about it.

``code`` is the API's own word, such as ``PRICE_CHANGED``; the message is a sentence for people.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class StyleLicenseError(Exception):
    """The base of all errors of this package."""


class UnknownStyle(StyleLicenseError):
    """No style is called so, or several are. Nothing was ordered."""


class Unreachable(StyleLicenseError):
    """The site did not answer, however often it was asked. An order that was sent with a key may
    have been accepted; the same call with the same ``key`` finds out, and is charged once.
    ``asked`` is the path of what it may have done all the same; "" if nothing arrived there."""

    def __init__(self, message: str, asked: str = "") -> None:
        super().__init__(message)
        self.asked = asked


class TookTooLong(StyleLicenseError):
    """The deadline of ``wait`` passed. The order goes on, and can be waited for again."""


class NotProved(StyleLicenseError):
    """A webhook, certificate or file is not what somebody with the right key has signed."""


class ApiError(StyleLicenseError):
    """The site has refused a request. ``details`` depends on the code; ``request_id`` is what to
    name when you ask for help."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: Mapping[str, Any] | None = None,
        request_id: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = dict(details or {})
        self.request_id = request_id
        self.retry_after = retry_after

    @property
    def fields(self) -> dict[str, list[str]]:
        """What is wrong with which field, as in ``{"items.3.style_id": ["There is no …"]}``."""
        return {name: said for name, said in self.details.items() if isinstance(said, list)}


class InvalidRequest(ApiError):
    """Change the request; ``fields`` says what is wrong with it."""


class KeyReused(InvalidRequest):
    """The Idempotency-Key stands for another order, of the last 24 hours. Nothing was charged now;
    ``orders`` lists the one that was."""


class NotSignedIn(ApiError):
    """The key is missing, wrong or revoked."""


class NotAllowed(ApiError):
    """The key lacks a scope, or the account may not do this."""


class NotFound(ApiError):
    """It does not exist, or is somebody else's."""


class NotEnoughTokens(ApiError):
    """Buy tokens. ``details`` has ``required`` and ``available``."""


class PriceChanged(ApiError):
    """Nothing was charged. Ask for a new quote; ``details`` has ``expected`` and ``cost``."""


class TermsChanged(ApiError):
    """Nothing was charged. Read the new terms; ``details`` has ``expected`` and ``terms``."""


class Conflict(ApiError):
    """The state of the thing does not allow this."""


class RateLimited(ApiError):
    """Wait for ``retry_after`` seconds. The client has waited already, as long as it may."""


class ServerProblem(ApiError):
    """The site is in trouble, or restarts for longer than the client waits. Try again later.
    ``asked`` is as in Unreachable."""

    asked = ""


BY_CODE: dict[str, type[ApiError]] = {
    "IDEMPOTENCY_KEY_REUSED": KeyReused,
    "INSUFFICIENT_TOKENS": NotEnoughTokens,
    "PRICE_CHANGED": PriceChanged,
    "TERMS_CHANGED": TermsChanged,
}
BY_STATUS: dict[int, type[ApiError]] = {
    401: NotSignedIn,
    402: NotEnoughTokens,
    403: NotAllowed,
    404: NotFound,
    409: Conflict,
    429: RateLimited,
}


def error_of(
    status: int, body: object, *, request_id: str = "", retry_after: float | None = None
) -> ApiError:
    """The error that an answer of ``status`` stands for, whatever its body is."""
    said = body.get("error") if isinstance(body, dict) else None
    said = said if isinstance(said, dict) else {}
    code = str(said.get("code", f"HTTP_{status}"))
    message = str(said.get("message", f"The site answered {status}, which says nothing more."))
    details = said.get("details")
    fallback = ServerProblem if status >= 500 else InvalidRequest
    kind = BY_CODE.get(code) or BY_STATUS.get(status, fallback)
    return kind(
        status,
        code,
        message,
        details if isinstance(details, dict) else None,
        request_id,
        retry_after,
    )
