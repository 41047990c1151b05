"""``python -m tests.mutate``: play the mutations; exit 1 when one is not caught."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from queue import SimpleQueue
from time import monotonic

from tests.mutate.changes import MUTATIONS
from tests.mutate.mutation import Mutation
from tests.mutate.stage import Copy, Stage
from tests.mutate.verdict import Verdict, judge

PROJECT = Path(__file__).resolve().parents[2]
GREEN_SECONDS = 1200.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutate")
    parser.add_argument("--only", default="", help="names of mutations, with commas")
    wanted = {name for name in parser.parse_args().only.split(",") if name}
    chosen = [one for one in MUTATIONS if not wanted or one.name in wanted]
    if unknown := wanted - {one.name for one in chosen}:
        parser.error(f"there is no mutation {', '.join(sorted(unknown))}")
    misfits = {one.name: why for one in chosen if (why := one.misfit(PROJECT))}
    if misfits:
        say("\n".join(f"MISFIT {name}: {why}" for name, why in misfits.items()))
        return 1
    # A terminated run takes its servers and processes with it, as one stopped by Ctrl-C does.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
    began = monotonic()
    with Stage(PROJECT) as stage:
        say(f"{len(chosen)} mutations. First their tests without any.")
        if problem := not_green(stage.copies, union(chosen)):
            say(f"NOT GREEN\n{problem}")
            return 1
        say(f"Green after {monotonic() - began:.0f} s.\n")
        verdicts = play_all(chosen, stage)
    return report(verdicts, monotonic() - began)


def union(mutations: Iterable[Mutation]) -> list[str]:
    """All tests of ``mutations``, each once: none within a module or class that runs whole."""
    named = sorted({test for one in mutations for test in one.tests})
    return [test for test in named if not any(test.startswith(f"{other}::") for other in named)]


def not_green(copies: Sequence[Copy], tests: Sequence[str]) -> str:
    """What pytest says of ``tests`` when it does not find them green; "" when it does."""
    modules = sorted({test.partition("::")[0] for test in tests})

    def look(number: int) -> str:
        mine = modules[number :: len(copies)]
        chosen = [test for test in tests if test.partition("::")[0] in mine]
        if not chosen:
            return ""
        copy = copies[number]
        copy.prepare(fresh=False)
        run = copy.pytest([*copy.options(fresh=False), *chosen], seconds=GREEN_SECONDS)
        return "" if run.code == 0 else run.output

    with ThreadPoolExecutor(len(copies)) as executor:
        return "".join(executor.map(look, range(len(copies)), timeout=2 * GREEN_SECONDS))


def play_all(mutations: Sequence[Mutation], stage: Stage) -> list[Verdict]:
    """The verdicts, in the order of ``mutations``; each is said as it falls."""
    free: SimpleQueue[Copy] = SimpleQueue()
    for copy in stage.copies:
        free.put(copy)

    def play(mutation: Mutation) -> Verdict:
        copy = free.get(timeout=GREEN_SECONDS)
        try:
            return judge(mutation, copy)
        finally:
            free.put(copy)

    verdicts: dict[str, Verdict] = {}
    with ThreadPoolExecutor(len(stage.copies)) as executor:
        futures = [executor.submit(play, mutation) for mutation in mutations]
        try:
            for number, future in enumerate(as_completed(futures), start=1):
                verdict = future.result(timeout=0)
                verdicts[verdict.mutation.name] = verdict
                say(f"[{number:3}/{len(mutations)}] {line(verdict)}")
        except BaseException:
            executor.shutdown(wait=False, cancel_futures=True)
            stage.processes.stop()
            raise
    return [verdicts[mutation.name] for mutation in mutations]


def report(verdicts: Sequence[Verdict], seconds: float) -> int:
    """Say the table and what was not caught. Returns the exit status."""
    width = max(len(verdict.mutation.name) for verdict in verdicts)
    say(f"\n{'mutation'.ljust(width)}  seconds  caught by")
    for verdict in verdicts:
        by = verdict.by if verdict.is_caught else verdict.outcome.upper()
        say(f"{verdict.mutation.name.ljust(width)}  {verdict.seconds:7.1f}  {by}")
    missed = [verdict for verdict in verdicts if not verdict.is_caught]
    say(f"\n{len(verdicts) - len(missed)} of {len(verdicts)} caught in {seconds:.0f} s.")
    for verdict in missed:
        say(f"{verdict.outcome.upper()} {verdict.mutation.name}: {verdict.by}")
    return 1 if missed else 0


def line(verdict: Verdict) -> str:
    why = verdict.by.partition("\n")[0]
    name = verdict.mutation.name
    return f"{verdict.outcome:8} {name} ({verdict.seconds:.1f} s) {why}"


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
