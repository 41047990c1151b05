"""``python -m tests.faults --seed N``: every fault of docs/reliability.md, on real servers.

Prints the seed and a table; exits 1 when a row misses. ``--only Q4,M6`` runs some rows.
"""

from __future__ import annotations

import argparse
import secrets
import signal
import sys
from time import monotonic

from django.conf import settings

from devtools.servers.for_tests import TestServers
from protocol.engines import DEFAULT_ENGINE
from tests.faults.scenes import SCENES
from tests.faults.servers import Servers
from tests.faults.verdict import HEADER, Verdict


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--only", default="", help="names of rows, with commas")
    parser.add_argument("--scale", type=float, default=1.0, help="1: the figures of the document")
    given = parser.parse_args()
    seed = given.seed if given.seed is not None else secrets.randbelow(10**6)
    only = {name for name in given.only.lower().split(",") if name}
    say(f"make faults SEED={seed}\n")
    # What the rows ask of the broker's client; the servers have settings of their own.
    settings.configure(ENGINES=[DEFAULT_ENGINE])
    began = monotonic()
    verdicts: list[Verdict] = []
    # A terminated run takes its servers and processes with it, as one stopped by Ctrl-C does.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
    with Servers(TestServers()) as servers:
        for scene in SCENES:
            if only and not only & {name.lower() for name in scene.names}:
                continue
            for verdict in scene.play(servers, seed, only=only, scale=given.scale):
                say(f"  {verdict.name}: {verdict.figure or 'nothing'} ({verdict.seconds:.0f} s)")
                for miss in verdict.misses[:5]:
                    say(f"    MISS {miss}")
                verdicts.append(verdict)
    missed = [verdict.name for verdict in verdicts if not verdict.passed]
    say("\n" + HEADER)
    for verdict in sorted(verdicts, key=lambda each: _order(each.name)):
        say(verdict.line())
    say(f"\n{len(verdicts)} rows in {monotonic() - began:.0f} s, seed {seed}.")
    say(f"MISSED: {', '.join(missed)}" if missed else "All of it holds.")
    return 1 if missed else 0


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _order(name: str) -> tuple[int, int, str]:
    digits = name[1:].rstrip("b")
    return "MQFL".index(name[0]), int(digits), name


if __name__ == "__main__":
    sys.exit(main())
