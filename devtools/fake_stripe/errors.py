"""The errors of the API, in the shape that Stripe documents."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """An answer that is not 2xx.

    ``is_kept`` says whether an idempotency key keeps it: Stripe keeps what came of a request that
    began to act, and nothing of one that its parameters or its credentials refused.
    """

    status = 400
    type = "invalid_request_error"
    is_kept = False

    def __init__(self, message: str, *, code: str | None = None, **fields: Any) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.fields = fields

    def body(self) -> dict[str, Any]:
        """The JSON of the answer."""
        error: dict[str, Any] = {"type": self.type, "message": self.message}
        if self.code is not None:
            error["code"] = self.code
        return {"error": error | self.fields}


class InvalidParameterError(ApiError):
    """A parameter is missing, unknown or wrong."""

    def __init__(self, message: str, *, param: str, code: str | None = None) -> None:
        super().__init__(message, code=code, param=param)


class RefusedError(ApiError):
    """The parameters are right, but the state of the objects forbids the act."""

    is_kept = True


class MissingError(ApiError):
    """There is no object of that id."""

    status = 404

    def __init__(self, kind: str, given: str, *, param: str = "id") -> None:
        super().__init__(f"No such {kind}: '{given}'", code="resource_missing", param=param)


class AuthenticationError(ApiError):
    """No secret key, or not one of the test mode."""

    status = 401


class AccountError(ApiError):
    """The header Stripe-Account names an account that is not connected."""

    status = 403


class CardError(ApiError):
    """The bank declined the card."""

    status = 402
    type = "card_error"
    is_kept = True


class IdempotencyError(ApiError):
    """The key was used with other parameters."""

    type = "idempotency_error"


class InProgressError(ApiError):
    """The first request of the key still runs."""

    status = 409
    type = "idempotency_error"


class RateLimitError(ApiError):
    """Too many requests."""

    status = 429


class ServerError(ApiError):
    """Something broke on the provider's side."""

    status = 500
    type = "api_error"
    is_kept = True
