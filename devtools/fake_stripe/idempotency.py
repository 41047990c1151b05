"""Answers kept under idempotency keys, as Stripe documents it.

The same key with the same request gets the same answer again, an error of the first act too. What
the parameters refused is not kept, nor is what met a request under way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from devtools.fake_stripe.errors import ApiError, IdempotencyError, InProgressError
from devtools.fake_stripe.state import State, Thing

_KEPT_SECONDS = 24 * 3600
_LONGEST = 255


@dataclass
class Kept:
    """What a key was used for; no answer yet while the first request runs."""

    request: tuple[Any, ...]
    made_at: int
    answer: tuple[int, Thing] | None = None


class Keys:
    """All keys of the last day. Every method wants the lock of the state held."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._kept: dict[tuple[str, str], Kept] = {}

    def claim(
        self, account: str, key: str, request: tuple[Any, ...]
    ) -> tuple[int, Thing] | Callable[[int, Thing, bool], None]:
        """The answer kept, or a function that ends the claim with an answer and keeps it or not.

        Raises IdempotencyError for another request, InProgressError while the first one runs.
        """
        if len(key) > _LONGEST:
            raise ApiError(f"An idempotency key has at most {_LONGEST} characters.")
        now = self._state.now()
        known = self._kept.get((account, key))
        if known is not None and now - known.made_at < _KEPT_SECONDS:
            if known.request != request:
                raise IdempotencyError(
                    "Keys for idempotent requests can only be used with the same parameters they "
                    f"were first used with. Try using a key other than '{key}' if you meant to "
                    "execute a different request."
                )
            if known.answer is None:
                raise InProgressError(
                    "There is currently another in-progress request using this Idempotent Key: "
                    f"{key}",
                    code="idempotency_key_in_use",
                )
            return known.answer
        fresh = Kept(request, now)
        self._kept[account, key] = fresh

        def finish(status: int, body: Thing, is_kept: bool) -> None:
            if is_kept:
                fresh.answer = (status, body)
            else:
                del self._kept[account, key]

        return finish
