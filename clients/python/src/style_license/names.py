"""The names of saved pictures: ``{style}-{words}-{number}.png``.

The rule is the site's, which names its downloads like that. This package imports nothing of the
site, so the rule is written here once more; clients/python/tests/test_names.py compares the two.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

# Of style and words together, in characters: names stay short enough for every file system.
MAX_LENGTH = 80


def file_name(style: str, words: Sequence[str], number: str) -> str:
    """The name of a picture's file; ``number`` is that of its licence."""
    return f"{_slug(f'{style} {chr(32).join(words)}')[:MAX_LENGTH].strip('-')}-{number}.png"


def _slug(text: str) -> str:
    """Letters and digits of every language, lower case, with dashes between words."""
    text = re.sub(r"[^\w\s-]", "", unicodedata.normalize("NFKC", text).lower())
    return re.sub(r"[-\s]+", "-", text).strip("-_")
