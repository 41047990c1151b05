"""``manage.py test``: the same suite as ``pytest``, for those whose fingers know Django."""

import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.conf import settings

_DEFAULT_VERBOSITY = 1


class PytestRunner:
    """Runs pytest in a process of its own: this one read its settings without the test servers."""

    def __init__(
        self,
        *,
        verbosity: int = _DEFAULT_VERBOSITY,
        failfast: bool = False,
        keepdb: bool = False,
        parallel: str | int | None = None,
        keywords: Sequence[str] | None = None,
        **options: Any,
    ) -> None:
        self.verbosity = verbosity
        self.failfast = failfast
        self.keepdb = keepdb
        self.parallel = parallel
        self.keywords = keywords or ()

    @classmethod
    def add_arguments(cls, parser: ArgumentParser) -> None:
        parser.add_argument("--failfast", action="store_true", help="Stop at the first failure.")
        parser.add_argument(
            "-k",
            dest="keywords",
            action="append",
            metavar="EXPRESSION",
            help="Run the tests whose names match.",
        )
        parser.add_argument(
            "--keepdb",
            "--reuse-db",
            dest="keepdb",
            action="store_true",
            help="Keep the test database (of use with TEST_DATABASE_URL).",
        )
        parser.add_argument(
            "--parallel",
            nargs="?",
            const="auto",
            metavar="N",
            help="Run on N processes, by default one per core.",
        )

    def run_tests(self, test_labels: Sequence[str], **options: Any) -> int:
        """The number of failures for Django, which only asks whether there are any."""
        command = [sys.executable, "-m", "pytest", *self.arguments(), *map(_as_path, test_labels)]
        answer = subprocess.run(command, cwd=settings.BASE_DIR, check=False)  # noqa: S603
        return answer.returncode

    def arguments(self) -> list[str]:
        arguments = []
        if self.verbosity < _DEFAULT_VERBOSITY:
            arguments.append("-q")
        elif self.verbosity > _DEFAULT_VERBOSITY:
            arguments.append("-" + "v" * (self.verbosity - _DEFAULT_VERBOSITY))
        if self.failfast:
            arguments.append("--exitfirst")
        if self.keepdb:
            arguments.append("--reuse-db")
        if self.parallel:
            arguments += ["-n", str(self.parallel)]
        if self.keywords:
            arguments += ["-k", " or ".join(f"({keyword})" for keyword in self.keywords)]
        return arguments


def _as_path(label: str) -> str:
    """Django's dotted name of a package, module, class or method as pytest writes it."""
    if "/" in label or "::" in label or label.endswith(".py"):
        return label
    path, names = settings.BASE_DIR, label.split(".")
    while names and (path / names[0]).is_dir():
        path /= names.pop(0)
    if names:
        path /= f"{names.pop(0)}.py"
    return "::".join([str(path), *names])
