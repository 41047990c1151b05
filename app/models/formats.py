"""The formats of pictures, and how the database writes them."""

from __future__ import annotations

from typing import Any

from django.db import models


class AspectRatio(models.TextChoices):
    """The three formats of the plan, and more. ``app.services.pricing`` has their pixels and
    prices, and says which engine draws which; a worker goes by the pixels alone."""

    SQUARE = "1:1", "512 × 512"
    LARGE = "2:2", "1024 × 1024"
    TALL = "1:2", "512 × 1024"
    WIDE = "3:2", "768 × 512"
    PANORAMA = "2:1", "1024 × 512"
    PHOTO = "4:3", "768 × 576"
    UPRIGHT = "3:4", "576 × 768"
    SCREEN = "16:9", "1024 × 576"
    PHONE = "9:16", "576 × 1024"


# The column has three characters, so that 16 is written as a digit of base 36. It stays as it is:
# were it widened, every statement that the version before has prepared on it would fail until its
# connection ends ("cached plan must not change result type").
STORED = {AspectRatio.SCREEN.value: "g:9", AspectRatio.PHONE.value: "9:g"}
OF_STORED = {stored: ratio for ratio, stored in STORED.items()}


def stored(aspect_ratio: str) -> str:
    """A format as statements written by hand and the keys of the feed have it."""
    return STORED.get(aspect_ratio, aspect_ratio)


class FormatField(models.CharField):  # type: ignore[type-arg]
    """A format, under its own name here and its stored one in the database."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_length": 5, "choices": AspectRatio.choices, **options})

    def db_type(self, connection: Any) -> str:
        return "varchar(3)"

    def from_db_value(self, value: str | None, *_: object) -> str | None:
        return value if value is None else OF_STORED.get(value, value)

    def get_prep_value(self, value: Any) -> Any:
        found = super().get_prep_value(value)
        return stored(found) if isinstance(found, str) else found
