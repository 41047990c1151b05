"""The commands that docs/operations.md and docs/gpu.md print."""

from __future__ import annotations

import re

from tests.system import PROJECT


def commands(heading: str, *, page: str = "operations.md") -> list[list[str]]:
    """Each block of shell commands under a heading, without remarks."""
    text = (PROJECT / "docs" / page).read_text()
    found = re.search(
        rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL
    )
    assert found, f"docs/{page} has no section {heading!r}"
    blocks = re.findall(r"^( *)```sh\n(.*?)^ *```", found[1], re.MULTILINE | re.DOTALL)
    return [_lines(block) for _, block in blocks]


def _lines(block: str) -> list[str]:
    joined = block.replace("\\\n", " ")
    lines = [re.sub(r"\s+# .*$", "", line).strip() for line in joined.splitlines()]
    return [line for line in lines if line]
