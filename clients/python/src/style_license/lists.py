"""Items of an order, read from a file: a prompt in each line, or a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from style_license.errors import StyleLicenseError
from style_license.models import MAX_PICTURES, MAX_SEED, Item

# The site takes the same tables. This package imports nothing of it, so the names are written here
# once more; clients/python/tests/test_tables.py compares the two.
COLUMNS = frozenset({"style", "words", "count", "aspect_ratio", "seed"})
# What a column is called by people.
ALIASES = {
    "format": "aspect_ratio",
    "prompt": "words",
    "number": "count",
    "단어": "words",
    "형식": "aspect_ratio",
    "장수": "count",
    "시드": "seed",
    "스타일": "style",
}
SEPARATORS = "\t;"
# Python makes no number of thousands of digits.
MOST_DIGITS = 19


def read(path: Path, default: Item) -> list[Item]:
    """The items in ``path``, a text or, by its ending, CSV. What a line does not say is that of
    ``default``. Raises StyleLicenseError, which names the line."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
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
    rows = _rows(path, text)
    _, names = next(rows, (0, []))
    columns = [_column(name) for name in names]
    if "words" not in columns or not COLUMNS.issuperset(columns):
        known = ", ".join(sorted(COLUMNS))
        problem = f"{path}: the first line has to name the columns, which are {known}."
        raise StyleLicenseError(problem)
    if twice := next((name for name in columns if columns.count(name) > 1), ""):
        raise StyleLicenseError(f"{path}: the first line names the column {twice} twice.")
    for number, cells in rows:
        if [_column(cell) for cell in cells] == columns:
            # Several tables, one after the other.
            continue
        where = f"{path}, line {number}"
        if columns == ["words"]:
            # Nobody quotes a prompt where there is nothing else.
            cells = [", ".join(cell for cell in cells if cell)]
        if any(cells[len(columns) :]):
            problem = f"{where}: there are {len(cells)} cells for {len(columns)} columns."
            raise StyleLicenseError(f'{problem} Write words with commas in quotes: "cat, night".')
        said = dict.fromkeys(COLUMNS, "") | dict(zip(columns, cells, strict=False))
        if not said["words"]:
            continue
        seed = _number(where, "seed", said["seed"], 0, MAX_SEED)
        count = _number(where, "count", said["count"], 1, MAX_PICTURES)
        yield Item(
            said["style"] or default.style,
            said["words"],
            default.count if count is None else count,
            said["aspect_ratio"] or default.aspect_ratio,
            default.seed if seed is None else seed,
        )


def _rows(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """The cells of each row, with the line where it begins. A line break in a cell is a space."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = next((each for each in SEPARATORS if each in first), ",")
    lines = io.StringIO(text, newline="")
    table = csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True)
    while True:
        number = table.line_num + 1
        try:
            cells = next(table)
        except StopIteration:
            return
        except csv.Error as error:
            problem = f"{path}, line {number}: this is no row of a table ({error})."
            raise StyleLicenseError(f"{problem} Is there a quote that does not end?") from error
        if any(cell.strip() for cell in cells):
            yield number, [" ".join(cell.split()) for cell in cells]


def _column(name: str) -> str:
    plain = name.lower()
    return ALIASES.get(plain, plain)


def _number(where: str, name: str, text: str, least: int, most: int) -> int | None:
    if not text:
        return None
    is_number = text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS
    if not is_number or not least <= int(text) <= most:
        problem = f"{where}: {name} is “{text[:40]}”"
        raise StyleLicenseError(f"{problem}: use a number from {least} to {most:,}.")
    return int(text)
