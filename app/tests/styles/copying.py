"""Works that are like others, and styles that have them."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from PIL import Image

from app.models import Generation, Licence, Notification, OutboxMessage, Style, User
from app.services import storage
from app.services.licences import numbers
from app.services.uploads import checkers
from app.tests.api import Answer, Api
from app.tests.factories import GenerationFactory, StyleFactory
from provenance.bits import bands
from provenance.fingerprints import pdq
from provenance.mark import MARKER


def painting(seed: int, side: int = 256) -> Image.Image:
    """A picture unlike those of other seeds: soft spots of colour."""
    spots = np.random.default_rng(seed).integers(0, 256, (12, 12, 3), np.uint8)
    return Image.fromarray(spots).resize((side, side), Image.Resampling.BICUBIC)


def stored_as(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def style_of(*paintings: Image.Image | bytes, **fields: Any) -> Style:
    """A style with these works, whose files are there. If it is pending, it is to be compared."""
    style: Style = StyleFactory(works=len(paintings), **fields)
    for work, image in zip(style.artworks.all(), paintings, strict=True):
        content = image if isinstance(image, bytes) else stored_as(image)
        storage.save(work.image_path, io.BytesIO(content))
    if style.training_status == "pending":
        checkers.look_for_copies(style)
    return style


def put_works(style: Style, images: list[SimpleUploadedFile]) -> Answer:
    """Its artist uploads other works."""
    return Api(style.artist.user).call(
        "PUT",
        f"/api/models/{style.pk}/works",
        data=encode_multipart(BOUNDARY, {"images": images}),
        content_type=MULTIPART_CONTENT,
    )


def picture_in(style: Style, seed: int, *, is_marked: bool = False) -> tuple[Generation, bytes]:
    """A picture that was made and sold here, and its file."""
    picture: Generation = GenerationFactory(style=style)
    image = painting(seed, 512)
    if is_marked:
        image = MARKER.embed(image, numbers.mark_id(picture.licence_number or ""))
    found = pdq(image)
    Licence.objects.filter(pk=picture.pk).update(pdq=found, bands=bands(found))
    return picture, stored_as(image)


def found(style: Style) -> list[tuple[int, str, str | None]]:
    return [(each["work"], each["kind"], each["url"]) for each in (style.review or {})["works"]]


def news(user: User) -> list[tuple[str, str]]:
    told = Notification.objects.filter(recipient=user).order_by("pk")
    return list(told.values_list("type", "message"))


def is_ordered(style: Style) -> bool:
    """Whether its training is: once, and never twice."""
    style.refresh_from_db()
    return OutboxMessage.objects.filter(task_id=style.task_id, attempt=style.attempt).count() == 1
