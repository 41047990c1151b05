"""``python -m tests.stand_in_worker …``: a worker with an engine that is named as it is asked for,
and paints one colour."""

from __future__ import annotations

import sys

from devtools.one_colour import OneColour
from worker.__main__ import exit_now, main
from worker.engines.base import Engine


def load(name: str) -> Engine:
    engine = OneColour()
    engine.name = name
    return engine


if __name__ == "__main__":
    exit_now(main(sys.argv[1:], load=load))
