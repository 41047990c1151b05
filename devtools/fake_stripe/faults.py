"""What the control door makes go wrong: rate limits, errors, slow answers, lost answers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase

from devtools.fake_stripe.errors import InvalidParameterError
from devtools.fake_stripe.state import Thing

KINDS = {
    "rate_limit": "429 before anything happens",
    "api_error": "500 before anything happens; an idempotency key keeps it",
    "late_api_error": "500 after it happened; an idempotency key keeps it",
    "slow": "answer after `seconds`, which the key is in use for",
    "slow_answer": "do it, and answer after `seconds`: webhooks come before the answer",
    "lost_request": "drop the connection before anything happens",
    "lost_answer": "do it, then drop the connection",
}


@dataclass
class Fault:
    """One kind of trouble for the next ``times`` requests that match."""

    kind: str
    method: str = "*"
    path: str = "*"
    times: int = 1
    seconds: float = 0.0


class Faults:
    """The faults planned; the first that matches is taken."""

    def __init__(self) -> None:
        self._planned: list[Fault] = []

    def plan(self, given: Thing) -> Thing:
        """Add one. Raises InvalidParameterError."""
        try:
            fault = Fault(**given)
        except TypeError as error:
            raise InvalidParameterError(str(error), param="fault") from error
        if fault.kind not in KINDS:
            raise InvalidParameterError(
                f"Unknown kind: {fault.kind}. There are {', '.join(KINDS)}.", param="kind"
            )
        self._planned.append(fault)
        return asdict(fault)

    def clear(self) -> None:
        self._planned.clear()

    def take(self, method: str, path: str) -> Fault:
        """The fault of this request; of the kind ``""`` if there is none."""
        for fault in self._planned:
            if fault.method in ("*", method) and fnmatchcase(path, fault.path):
                fault.times -= 1
                if fault.times <= 0:
                    self._planned.remove(fault)
                return fault
        return Fault("")
