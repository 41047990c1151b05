"""What every feed shares."""

from typing import Protocol

import structlog

from protocol import InvalidMessage, Task, decode_task
from worker.runner import Outcome

log = structlog.get_logger()


class Runner(Protocol):
    """The part of JobRunner that feeds use."""

    stuck: bool

    def run(self, task: Task) -> Outcome: ...


class Feed(Protocol):
    def serve(self) -> None:
        """Take deliveries and settle each, until told to stop or the runner is stuck."""
        ...


def parse(body: bytes) -> Task | None:
    """The task in ``body``, or None when it holds none: such a delivery is to be rejected."""
    try:
        return decode_task(body)
    except InvalidMessage as error:
        log.error("poison_message", reason=str(error), size=len(body))
        return None
