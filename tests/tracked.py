"""The files that git tracks or would track: the tree as somebody would get it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path


def tracked(tree: Path, *patterns: str) -> list[Path]:
    """Those that are in ``tree`` now, by their paths within it. Links are left out."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=tree,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    paths = [Path(name) for name in filter(None, listed.split("\0"))]
    return [p for p in paths if (tree / p).is_file() and not (tree / p).is_symlink()]


def copy_tracked(tree: Path, folder: Path) -> None:
    """Copy them, with the times of their changes."""
    for path in tracked(tree):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(tree / path, folder / path)
