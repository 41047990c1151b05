"""Licences of pictures that were completed before there were licences."""

from __future__ import annotations

import hashlib

from django.db import transaction

from app.exceptions import ServiceUnavailable
from app.models import Generation, GenerationStatus, Licence
from app.models.terms import DEFAULT_TERMS
from app.services import storage
from app.services.licences import numbers


def issue_missing(after: int = 0, limit: int = 100) -> tuple[int, int | None]:
    """Issue the licences of at most ``limit`` pictures whose ids are above ``after``.

    Returns how many, and the id to go on after; None at the end. Any number may do so at once.
    """
    missing = Generation.objects.filter(
        status=GenerationStatus.COMPLETED, licence=None, pk__gt=after
    ).order_by("pk")
    found = list(missing.values_list("pk", "image_path", "preview_path")[:limit])
    # The files are read before anything is locked.
    digests = {pk: (_sha256(image), _sha256(preview)) for pk, image, preview in found}
    with transaction.atomic():
        locked = Generation.objects.filter(pk__in=digests).select_for_update(no_key=True)
        pictures = list(locked.order_by("pk"))
        # Asked only now: whoever was faster held these locks until theirs were written.
        issued = set(Licence.objects.filter(pk__in=digests).values_list("pk", flat=True))
        pictures = [picture for picture in pictures if picture.pk not in issued]
        for picture in pictures:
            picture.licence_number = picture.licence_number or numbers.draw()
            picture.terms_id = picture.terms_id or DEFAULT_TERMS
        Generation.objects.bulk_update(pictures, ["licence_number", "terms"])
        Licence.objects.bulk_create(
            Licence(
                generation=picture,
                number=str(picture.licence_number),
                file_sha256=digests[picture.pk][0],
                preview_sha256=digests[picture.pk][1],
                issued_at=picture.finished_at or picture.created_at,
            )
            for picture in pictures
        )
    return len(pictures), found[-1][0] if found else None


def _sha256(key: str) -> str | None:
    """None where there is no file any more."""
    try:
        with storage.open_file(key) as content:
            return hashlib.file_digest(content, "sha256").hexdigest()  # type: ignore[arg-type]
    except ServiceUnavailable:
        return None
