"""``python -m worker.tests.helpers_main …``: a worker with the tests' engine.

The engine's gate is the existence of the file that TEST_GATE names.
"""

import os
import sys
from pathlib import Path

from worker.__main__ import exit_now, main
from worker.engines.base import Engine
from worker.tests.helpers import GateEngine


def load(name: str) -> Engine:
    os.write(1, b"a native library says hello\n")
    print("a library says hello")  # noqa: T201
    return GateEngine(gate=Path(os.environ["TEST_GATE"]).exists)


if __name__ == "__main__":
    exit_now(main(sys.argv[1:], load=load))
