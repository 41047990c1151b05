"""What all looks at single pictures share: how a file is opened, and what is noted of a finding."""

from __future__ import annotations

from PIL import Image

from app.exceptions import ServiceUnavailable, Unreadable
from app.models.rating import CheckOutcome, PictureCheck, Rating
from app.services import storage
from app.services.checks import nudity
from app.services.uploads import checkers
from app.utils import clock
from pictures import Bounds, PictureError, open_picture

# The network sees 256 × 256.
LONGEST_SIDE = 512
ANY = Bounds(("JPEG", "PNG", "WEBP"))


def opened(key: str) -> Image.Image | None:
    """None where the file is gone. Raises Unreadable for what the storage does not give, or is no
    picture, and ServiceUnavailable where it is away."""
    try:
        with checkers.reading(), storage.open_file(key) as file:
            return open_picture(file, ANY, side=LONGEST_SIDE).image
    except PictureError as error:
        raise Unreadable from error
    except Unreadable:
        if _is_gone(key):
            return None
        raise


def note(check: PictureCheck, rating: Rating, score: float) -> None:
    """Keep what was found, with all that explains it."""
    check.outcome, check.rating, check.score = CheckOutcome.FOUND, rating, score
    check.checker, check.found_at, check.due_at = nudity.checker().name, clock.now(), None
    check.save()


def _is_gone(key: str) -> bool:
    try:
        return not storage.exists(key)
    except ServiceUnavailable:
        return False
