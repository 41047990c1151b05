"""Comments that are refused: links by new accounts, floods, and the same text again.

They are refused and not held, since their author can mend them at once. Whoever calls has locked
the author, so two requests at once are counted one after the other.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import timedelta

from app.exceptions import CommentRefused, RateLimited
from app.models import Comment, User
from app.utils import clock
from app.utils.names import seen_text, skeleton

# Nobody who reads and writes does more.
MOST, SECONDS = 10, 60
# From when on an account may post links.
LINKS_AFTER = timedelta(days=3)
# The same text may stand under so many pictures a day; a short one ("Beautiful!") under any number.
SAME_TEXT, SAME_WITHIN, SHORT = 2, timedelta(days=1), 24
# An address, with its scheme or without, or with a dot written out.
_LINK = re.compile(
    r"(?:https?|ftp)\s*:|www\s?[.]|t[.]me/|discord[.]gg/"
    r"|(?<![\w@])[\w-]{2,}(?:[.]|\s[.]\s|\s?[(\[]dot[)\]]\s?)"
    r"(?:com|net|org|io|co|kr|ru|cn|info|biz|xyz|top|shop|online|site|club|link|app|dev|gg"
    r"|tv|cc|eu|de|uk)(?:/|(?![\w.]))",
    re.IGNORECASE,
)


def require_allowed(
    author: User, content: str, picture_id: int, parent_id: int | None = None
) -> None:
    """Raises CommentRefused, or RateLimited for a flood."""
    now = clock.now()
    if author.date_joined > now - LINKS_AFTER and has_link(content):
        raise CommentRefused("link", days=LINKS_AFTER.days)
    earlier = Comment.objects.filter(user=author, created_at__gt=now - SAME_WITHIN)
    about = ("created_at", "content", "generation_id", "parent_id")
    latest = list(earlier.order_by("-pk").values_list(*about))
    recent = [at for at, *_ in latest if at > now - timedelta(seconds=SECONDS)]
    if len(recent) >= MOST:
        wait = recent[MOST - 1] + timedelta(seconds=SECONDS) - now
        raise RateLimited(max(1, int(wait.total_seconds() + 0.999)))
    looks = _looks(content)
    # The same thanks may answer several comments on a picture.
    same = [place for _, text, *place in latest if looks and _looks(text) == looks]
    if [picture_id, parent_id] in same or (len(looks) >= SHORT and len(same) >= SAME_TEXT):
        raise CommentRefused("repeated")


def has_link(content: str) -> bool:
    return _LINK.search(seen_text(content)) is not None


def _looks(content: str) -> str:
    """The letters and digits of a text as they look: signs and spaces make no other one."""
    kinds = {"L", "N", "M"}
    return "".join(each for each in skeleton(content) if unicodedata.category(each)[0] in kinds)
