"""A list of prompts to order at once: one in each line, or a table as spreadsheets copy it."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from app.models import AspectRatio, Priority, Style
from app.models.generation import MAX_SEED
from app.models.order import MAX_COUNT, MAX_PICTURES, MAX_QUOTE_LENGTH
from app.services import pricing
from app.utils import clock, tag_names
from protocol.engines import DRAW_KNOWN_WORDS
from web.forms import prompts
from web.forms.base import OnceForm
from web.forms.prompts import Wrong

COLUMNS = frozenset({"style", "words", "aspect_ratio", "seed", "count"})
NAMES = ("words", "format", "count", "seed", "style")
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
MAX_LENGTH = 100_000
HOURS = (1, 4, 24)


@dataclass(frozen=True)
class Line:
    """A line of the list that asks for pictures: its number from 1, the style as it is named there
    ("" for that of the page), and what it says. ``fault`` says why it cannot be read, if so."""

    number: int
    style: str = ""
    words: str = ""
    aspect_ratio: str = ""
    seed: str = ""
    count: str = ""
    fault: str = ""


def lines_of(text: str) -> list[Line]:
    """Those that say something. Lines that begin with # are passed over."""
    rows = text.removeprefix("\ufeff").splitlines(keepends=True)
    said = [(number, row.strip()) for number, row in enumerate(rows, 1) if not _is_remark(row)]
    said = [(number, row) for number, row in said if row]
    first, head = next(iter(said), (0, ""))
    delimiter = next((each for each in "\t;" if each in head), ",")
    columns = [_column(name) for name in head.rstrip(delimiter + " ").split(delimiter)]
    known = [name for name in columns if name in COLUMNS]
    # "words, of wisdom" is a prompt.
    if "words" not in known or (len(known) == 1 < len(columns) and delimiter == ","):
        return [Line(number, words=row) for number, row in said]
    if fault := _fault_of(columns):
        return [Line(first, fault=fault)]
    return list(_lines_of_table(rows, columns, delimiter))


def _lines_of_table(rows: Sequence[str], columns: Sequence[str], delimiter: str) -> Iterator[Line]:
    """A row may take several lines of the text, and has the number of its first."""
    table = csv.reader(rows, delimiter=delimiter, strict=True)
    while True:
        number = table.line_num + 1
        try:
            cells = [cell.strip() for cell in next(table)]
        except StopIteration:
            return
        except csv.Error:
            # Where the next row would begin is not known.
            fault = gettext("A cell begins with a quotation mark and does not end with one.")
            yield Line(number, fault=fault)
            return
        while cells and not cells[-1]:
            cells.pop()
        if _is_remark(rows[number - 1]) or [_column(cell) for cell in cells] == columns:
            continue
        if columns[-1] == "words" and delimiter == ",":
            # The commas between words need no quotation marks where nothing follows them.
            cells[len(columns) - 1 :] = [", ".join(filter(None, cells[len(columns) - 1 :]))]
        if len(cells) > len(columns):
            said = gettext("This line has %(cells)s cells, and the table has %(columns)s columns.")
            yield Line(number, fault=said % {"cells": len(cells), "columns": len(columns)})
            continue
        named = dict(zip(columns, cells, strict=False))
        named["words"] = ", ".join(named.get("words", "").splitlines())
        if named["words"]:
            yield Line(number, **named)


def _fault_of(columns: Sequence[str]) -> str:
    """What is wrong with the names of the columns; "" for nothing."""
    for place, name in enumerate(columns):
        if name not in COLUMNS:
            said = gettext("No column is called “%(name)s”. There are: %(columns)s.")
            return said % {"name": name, "columns": ", ".join(NAMES)}
        if name in columns[:place]:
            return gettext("The column “%(name)s” is there twice.") % {"name": name}
    return ""


def _is_remark(row: str) -> bool:
    return row.lstrip().startswith("#")


def _column(name: str) -> str:
    plain = name.strip().strip('"').lower()
    return ALIASES.get(plain, plain)


def _format(text: str) -> str:
    """A format by its name or its pixels: 1:1, 512 × 512, 512x512."""
    plain = _plain(text)
    return next((each.value for each in AspectRatio if _plain(each.label) == plain), text)


def _plain(label: str) -> str:
    return "".join(label.lower().split()).replace("×", "x")


class ListForm(OnceForm):
    """``quote`` is the id of the quote that was shown of this very list."""

    lines = forms.CharField(
        max_length=MAX_LENGTH,
        label=_("Your list"),
        help_text=_(
            "A picture's words in each line, separated by commas. Or a table from a spreadsheet,"
            " whose first line names its columns: words, format, count, seed, style."
        ),
        widget=forms.Textarea(attrs={"rows": 10, "placeholder": _("castle, sunset\nsea, boat")}),
    )
    aspect_ratio = forms.ChoiceField(
        choices=AspectRatio.choices,
        initial=AspectRatio.SQUARE,
        label=_("Format"),
        help_text=_("Of lines that name none."),
    )
    count = forms.TypedChoiceField(
        coerce=int,
        choices=[(count, count) for count in range(1, MAX_COUNT + 1)],
        initial=1,
        label=_("Pictures of each line"),
        help_text=_("Of lines that say no other number."),
    )
    within = forms.TypedChoiceField(
        required=False,
        coerce=int,
        empty_value=None,
        label=_("Needed within"),
        help_text=_("What is not made by then is refunded by itself."),
    )
    priority = forms.ChoiceField(
        required=False,
        label=_("Priority"),
        help_text=_("Of two who wait, a picture of high priority has its turn earlier."),
    )
    quote = forms.CharField(required=False, max_length=MAX_QUOTE_LENGTH, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        within = self.fields["within"]
        assert isinstance(within, forms.ChoiceField)
        within.choices = [("", _("No deadline")), *((hours, _hours(hours)) for hours in HOURS)]
        prompts.offer_priorities(self)

    def clean_lines(self) -> str:
        """Of a longer list, no line is looked at: a text may have thousands, each with a style."""
        text: str = self.cleaned_data["lines"]
        if (count := len(lines_of(text))) > MAX_PICTURES:
            said = gettext("These are %(count)s lines. An order has at most %(most)s pictures.")
            raise forms.ValidationError(said % {"count": f"{count:,}", "most": MAX_PICTURES})
        return text

    def clean_priority(self) -> str:
        return self.cleaned_data["priority"] or Priority.NORMAL

    def deadline(self) -> datetime | None:
        hours = self.cleaned_data["within"]
        return None if hours is None else clock.now() + timedelta(hours=hours)

    def items(
        self, lines: Sequence[Line], style: Style, named: Mapping[str, Style]
    ) -> tuple[list[dict[str, Any]], dict[int, str]]:
        """The items of an order, one for each line; and by the numbers of lines what is wrong with
        them. ``named`` are the styles that lines name."""
        items, wrong = [], {}
        for line in lines:
            try:
                items.append(self._item(line, style, named))
            except Wrong as error:
                wrong[line.number] = str(error)
        count = sum(item["count"] for item in items)
        if count > MAX_PICTURES:
            said = gettext("These are %(count)s pictures. An order has at most %(most)s.")
            self.add_error("lines", said % {"count": count, "most": MAX_PICTURES})
        elif not lines:
            self.add_error("lines", gettext("There is no prompt in this list."))
        return items, wrong

    def _item(self, line: Line, style: Style, named: Mapping[str, Style]) -> dict[str, Any]:
        if line.fault:
            raise Wrong(line.fault)
        chosen = named.get(line.style.lower()) if line.style else style
        if chosen is None:
            raise Wrong(gettext("No style on offer is called “%(name)s”.") % {"name": line.style})
        ratio = _format(line.aspect_ratio or self.cleaned_data["aspect_ratio"])
        formats = pricing.formats_of(chosen.engine)
        if ratio not in formats:
            said = gettext("“%(format)s” is no format of this style. It has %(formats)s.")
            labels = ", ".join(each.label for each in formats)
            raise Wrong(said % {"format": ratio, "formats": labels})
        seed = _number(gettext("Seed"), line.seed, 0, MAX_SEED)
        count = _number(gettext("How many"), line.count, 1, MAX_COUNT)
        if count is None:
            count = 1 if seed is not None else self.cleaned_data["count"]
        if seed is not None and count > 1:
            raise Wrong(gettext("With a seed it is one picture: the same seed gives the same one."))
        return {
            "style_id": chosen.pk,
            **_prompt(line.words, chosen.engine),
            "aspect_ratio": ratio,
            "seed": seed,
            "count": count,
        }


def _prompt(words: str, engine: str) -> dict[str, Any]:
    """A text where the style's engine draws any words, else tags."""
    if engine in DRAW_KNOWN_WORDS:
        return prompts.tags(tag_names.split(words))
    return prompts.text(words)


def _number(name: str, text: str, least: int, most: int) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal()) or not least <= int(text[:20]) <= most:
        said = gettext("%(name)s is “%(text)s”: use a number from %(least)s to %(most)s.")
        raise Wrong(said % {"name": name, "text": text[:40], "least": least, "most": f"{most:,}"})
    return int(text)


def _hours(hours: int) -> str:
    return ngettext("%(hours)s hour", "%(hours)s hours", hours) % {"hours": hours}
