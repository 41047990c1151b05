"""``python -m benchmarks.fast_worker …``: the worker, with an engine that paints one colour.

Everything around the engine is the real thing: the queue, signature, provenance, files, reports.
What is left out is half a second of neural network, which is measured by itself.
"""

from __future__ import annotations

import sys

from devtools.one_colour import OneColour
from worker.__main__ import exit_now, main
from worker.engines.base import Engine


def load(name: str) -> Engine:
    return OneColour()


if __name__ == "__main__":
    exit_now(main(sys.argv[1:], load=load))
