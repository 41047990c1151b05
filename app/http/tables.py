"""Answers that a spreadsheet opens."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpResponse


def csv_file(lines: Iterable[str], name: str) -> HttpResponse:
    """``lines`` as a file to keep under this name."""
    answer = HttpResponse("".join(lines), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer
