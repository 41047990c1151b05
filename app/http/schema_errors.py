"""The errors in the API's schema: which status has which code, and the body of each."""

from __future__ import annotations

from typing import Any

from app.utils.error_bodies import GENERIC, MALFORMED
from app.utils.exception_handler import STATUS_OF

COMPONENT_REF = "#/components/schemas/{name}"


def _status_by_code() -> dict[str, int]:
    found = {code: status for status, (code, _) in GENERIC.items()}
    found |= {"INVALID_JSON": 400, MALFORMED[0]: 400, "CSRF_FAILED": 403}
    found |= {kind.code: status for kind, status in STATUS_OF.items()}
    return found


STATUS_BY_CODE = _status_by_code()
# Pairs that most operations answer with.
GENERAL_CODES = {
    400: ["VALIDATION_ERROR", "INVALID_JSON"],
    403: ["PERMISSION_DENIED", "CSRF_FAILED", "ACCOUNT_SUSPENDED"],
}
# What the web servers and the first middlewares say.
OF_ANY_REQUEST = (404, 405, 408, 411, 413, 414, 415, 417, 431, 500, 501, 503, 505)
# The components that ``error_ref`` has referred to, by their names.
error_components: dict[str, dict[str, Any]] = {}


def of_any_request() -> str:
    codes = [(400, MALFORMED), *((status, GENERIC[status]) for status in OF_ANY_REQUEST)]
    rows = [f"| {code} | {status} | {message} |" for status, (code, message) in codes]
    return "\n".join(
        [
            "Any request may also be answered with one of the errors below. Send each body with a",
            "Content-Length: without nginx, a body in chunks is answered with 411.",
            "",
            "| code | status | message |",
            "|---|---|---|",
            *rows,
        ]
    )


def error_ref(codes: list[str], status: int = 0, operation: str = "") -> dict[str, str]:
    """A reference to the error with these codes. Single codes share one component."""
    name = f"Error{_camel(codes[0])}" if len(codes) == 1 else f"Error{status}{_camel(operation)}"
    if codes == GENERAL_CODES.get(status):
        name = f"Error{status}"
    error_components[name] = _error_schema(codes)
    return {"$ref": COMPONENT_REF.format(name=name)}


def _camel(text: str) -> str:
    return "".join(word.capitalize() for word in text.lower().split("_"))


def _error_schema(codes: list[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["success", "error"],
        "properties": {
            "success": {"const": False},
            "error": {
                "type": "object",
                "required": ["code", "message"],
                "properties": {
                    "code": {"type": "string", "enum": codes},
                    "message": {"type": "string"},
                    "details": {"type": "object"},
                },
            },
        },
        "example": {
            "success": False,
            "error": {"code": codes[0], "message": _message_of(codes[0])},
        },
    }


def _message_of(code: str) -> str:
    for kind in STATUS_OF:
        if kind.code == code and hasattr(kind, "default_message"):
            return kind.default_message
    return next((text for known, text in GENERIC.values() if known == code), "…")
