"""The names of saved pictures: ``{style}-{words}-{number}.png``.

The rule is the site's, which names its downloads like that. This package imports nothing of the
site, so the rule is written here once more; clients/python/tests/test_offline.py compares the two.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

# Of style and words together. File systems take 255 bytes, with the number and the end of a file
# that is being written; a character may take four.
MAX_LENGTH, MAX_BYTES = 80, 200


def file_name(style: str, words: Sequence[str], number: str) -> str:
    """The name of a picture's file; ``number`` is that of its licence."""
    said = _slug(f"{style} {' '.join(words)}")[:MAX_LENGTH]
    short = said.encode()[:MAX_BYTES].decode(errors="ignore")
    return f"{short.strip('-')}-{number}.png"


def _slug(text: str) -> str:
    """Letters and digits of every language, lower case, with dashes between words."""
    text = re.sub(r"[^\w\s-]", "", unicodedata.normalize("NFKC", text).lower())
    return re.sub(r"[-\s]+", "-", text).strip("-_")
