"""The files that a deployment is made of, read."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import yaml

from tests.system import PROJECT

COMPOSE = PROJECT / "docker-compose.yml"
EXAMPLE = PROJECT / ".env.example"


def example_names() -> set[str]:
    """Every variable of the example, those in comments too."""
    found = re.findall(r"^#?([A-Z][A-Z0-9_]+)=", EXAMPLE.read_text(), re.MULTILINE)
    assert len(found) == len(set(found)), "a variable is there twice"
    return set(found)


@dataclass
class Stage:
    name: str
    base: str
    lines: list[tuple[str, str]] = field(default_factory=list)

    def of(self, instruction: str) -> list[str]:
        return [value for kind, value in self.lines if kind == instruction]

    @property
    def command(self) -> list[str]:
        [given] = self.of("CMD")
        words: list[str] = yaml.safe_load(given)
        return words


def stages() -> list[Stage]:
    text = (PROJECT / "Dockerfile").read_text()
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    found: list[Stage] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        kind, _, value = line.partition(" ")
        assert kind.isupper(), line
        if kind == "FROM":
            base, name = value.split(" AS ")
            found.append(Stage(name, base))
        else:
            found[-1].lines.append((kind, value.strip()))
    return found


def last_stage(name: str) -> Stage:
    [stage] = [stage for stage in stages() if stage.name == name]
    return stage
