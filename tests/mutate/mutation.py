"""One broken promise: a text in a file, what it becomes, and the tests that must fail for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

MIGRATIONS = "app/migrations/"


@dataclass(frozen=True)
class Mutation:
    """``tests`` are modules, classes or functions as pytest names them."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    @property
    def changes_tables(self) -> bool:
        """Whether the test database has to be made again, by the mutated migrations."""
        return self.file.startswith(MIGRATIONS)

    def applied_to(self, text: str) -> str:
        """``text`` with the promise broken. Raises ValueError unless ``old`` is there once."""
        if self.old == self.new:
            raise ValueError("changes nothing")
        if (count := text.count(self.old)) != 1:
            raise ValueError(f"{self.old!r} is {count} times in {self.file}, not once")
        return text.replace(self.old, self.new)

    def misfit(self, tree: Path) -> str:
        """Why this mutation cannot be played in ``tree``; "" when it can."""
        if not (tree / self.file).is_file():
            return f"there is no {self.file}"
        try:
            mutated = self.applied_to((tree / self.file).read_text())
            if self.file.endswith(".py"):
                compile(mutated, self.file, "exec")
        except (ValueError, SyntaxError) as error:
            return str(error)
        if not self.tests:
            return "no test is named"
        absent = [test for test in self.tests if not _is_there(test, tree)]
        return f"there is no {', '.join(absent)}" if absent else ""


def in_file(file: str, *lines: tuple[str, ...]) -> tuple[Mutation, ...]:
    """The mutations of ``file``; each line is a name, old and new text, and tests."""
    return tuple(Mutation(name, file, old, new, tuple(tests)) for name, old, new, *tests in lines)


def _is_there(test: str, tree: Path) -> bool:
    module, *names = test.split("::")
    if not (tree / module).is_file():
        return False
    source = (tree / module).read_text()
    plain = [name.partition("[")[0] for name in names]
    return all(re.search(rf"^\s*(def|class) {name}\b", source, re.MULTILINE) for name in plain)
