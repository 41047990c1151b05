"""docs/operations.md speaks of things that are there, and no file of a machine of ours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tests.production.files import example_names
from tests.system import PROJECT


def test_operations_speaks_of_things_that_are_there(compose: dict[str, Any]) -> None:
    text = (PROJECT / "docs/operations.md").read_text()
    commands_of_ours = {
        path.stem
        for package in ("app", "devtools", "web")
        for path in (PROJECT / package / "management/commands").glob("*.py")
    }
    for command in re.findall(r"manage\.py ([a-z_]+)", text):
        assert command in commands_of_ours | {"migrate", "createsuperuser", "dbshell"}, command
    for variable in re.findall(r"`([A-Z][A-Z0-9]*_[A-Z0-9_]*[A-Z0-9])[`=]", text):
        assert variable in example_names() | {"WORKER_DIR"}, variable
    for target in re.findall(r"`make ([a-z-]+)`", text):
        assert f"\n{target}:" in (PROJECT / "Makefile").read_text(), target
    for service in re.findall(r"docker compose exec (?:-T )?([a-z]+)", text):
        assert service in compose["services"], service
    shown = "".join(
        (PROJECT / file).read_text() for file in ("app/views/metrics.py", "speed/database/base.py")
    )
    for metric in re.findall(r"`style_license_([a-z_]+?)(?:_total|_count)?[`{]", text):
        in_file = f'"{metric}"' in shown or f'"style_license_{metric}' in shown
        in_file = in_file or metric == "request_seconds"
        assert in_file, metric


def lines_with_machine_paths() -> Iterator[str]:
    for name in ("Dockerfile", "docker-compose.yml", ".env.example", "gunicorn.conf.py"):
        for line in (PROJECT / name).read_text().splitlines():
            if re.search(r"/(home|root|work)/(?!\.cache)|pypi", line) and "/app/work" not in line:
                yield f"{name}: {line}"


def test_no_file_names_a_machine_of_ours() -> None:
    assert list(lines_with_machine_paths()) == []
