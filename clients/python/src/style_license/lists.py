"""Items of an order, read from a file: a prompt in each line, or a table."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from style_license.errors import StyleLicenseError
from style_license.models import Item

COLUMNS = {"style", "words", "count", "aspect_ratio", "seed"}


def read(path: Path, default: Item) -> list[Item]:
    """The items in ``path``, a text or, by its ending, CSV. What a line does not say is that of
    ``default``. Raises StyleLicenseError, which names the line."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not in UTF-8"
        raise StyleLicenseError(f"{path} cannot be read: {why}.") from error
    is_table = path.suffix.lower() == ".csv"
    items = list(_of_table(path, text, default) if is_table else _of_lines(text, default))
    if not items:
        raise StyleLicenseError(f"{path} has no prompts. Write one in each line.")
    return items


def _of_lines(text: str, default: Item) -> Iterator[Item]:
    """Empty lines and those that begin with # are passed over."""
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            yield Item(
                default.style, line.strip(), default.count, default.aspect_ratio, default.seed
            )


def _of_table(path: Path, text: str, default: Item) -> Iterator[Item]:
    rows = csv.DictReader(text.splitlines())
    names = set(rows.fieldnames or ())
    if "words" not in names or not names <= COLUMNS:
        known = ", ".join(sorted(COLUMNS))
        problem = f"{path}: the first line has to name the columns, which are {known}."
        raise StyleLicenseError(problem)
    for row in rows:
        said = {name: (row.get(name) or "").strip() for name in COLUMNS}
        if not said["words"]:
            continue
        where = f"{path}, line {rows.line_num}"
        seed = _number(where, "seed", said["seed"])
        yield Item(
            said["style"] or default.style,
            said["words"],
            _number(where, "count", said["count"]) or default.count,
            said["aspect_ratio"] or default.aspect_ratio,
            default.seed if seed is None else seed,
        )


def _number(where: str, name: str, text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise StyleLicenseError(f"{where}: {name} is “{text}”, which is no number.")
    return int(text)
