"""Texts that are searched for, by trigram indexes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import Any

from django.contrib.postgres.lookups import TrigramWordSimilar
from django.db.models import F, Q, Value
from django.db.models.functions import Upper

# These indexes cannot find shorter texts in the middle of a word, but words that begin so.
SHORTEST_INSIDE = 3


def contains(column: str, texts: Iterable[str]) -> Q:
    """Whether one of ``texts`` is in ``column``, in any case; short ones as a word or at the
    beginning of one. The index is of the column in capitals."""
    return _any(_contains(f"{column}__icontains", Upper(column), text.upper()) for text in texts)


def contains_lower(column: str, texts: Iterable[str]) -> Q:
    """The same of texts and a column in lower case, and its own index."""
    return _any(_contains(f"{column}__contains", F(column), text) for text in texts)


def escape_like(text: str) -> str:
    """``text`` in a pattern of LIKE."""
    return re.sub(r"([\\%_])", r"\\\1", text)


def _contains(lookup: str, column: Any, text: str) -> Q:
    if len(text) >= SHORTEST_INSIDE:
        return Q(**{lookup: text})
    return Q(TrigramWordSimilar(column, Value(text)))


def _any(conditions: Iterable[Q]) -> Q:
    return reduce(or_, conditions, Q())
