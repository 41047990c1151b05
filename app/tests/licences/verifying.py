"""Licensed pictures to ask about."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace
from pathlib import Path

from PIL import Image

from app.models import Generation, Licence, Signature, Style
from app.services import storage
from app.services.generation_service import GENERATIONS
from app.services.jobs.attempts import output_folder
from app.services.licences import numbers
from app.tests.factories import GenerationFactory, StyleFactory
from protocol import GenerationReport
from provenance import certificates
from provenance.features import signs
from provenance.fingerprints import pdq
from provenance.manifest import ToSign, sign_picture
from provenance.mark import MARKER
from provenance.tests.pictures import photographs
from provenance.tests.signing import FACTS, ORIGIN


def packed(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def licensed(
    shows: str | Image.Image, *, is_marked: bool = True, style: Style | None = None
) -> tuple[Licence, Image.Image]:
    """A completed picture whose file shows a photograph, by its name, or an image."""
    picture = GenerationFactory(status="processing", style=style or StyleFactory())
    image = photographs()[shows] if isinstance(shows, str) else shows
    if is_marked:
        image = MARKER.embed(image, numbers.mark_id(picture.licence_number))
    folder = output_folder("generations", picture)
    files = {"image.png": packed(image), "preview-w640.webp": packed(image, "WEBP", quality=75)}
    for file, content in files.items():
        storage.save(f"{folder}/{file}", io.BytesIO(content))
    GENERATIONS.record_report(
        picture.pk,
        GenerationReport(
            task_id=picture.task_id,
            attempt=1,
            status="completed",
            image_path=storage.uri(f"{folder}/image.png"),
            metadata={"preview_path": storage.uri(f"{folder}/preview-w640.webp")},
            pdq=pdq(image).hex(),
            features=signs(image),
        ),
    )
    return Licence.objects.get(pk=picture.pk), image


def signed(content: bytes, number: str, folder: Path, *, is_logged: bool = True) -> bytes:
    """``content`` signed for the licence ``number``, as a worker gets it signed."""
    signer = certificates.signers(folder)[-1]
    origin = replace(ORIGIN, licence=replace(FACTS, number=number))
    picture = Generation.objects.filter(licence_number=number).first()

    def sign(asked: ToSign) -> bytes:
        if picture and is_logged:
            digest = hashlib.sha256(asked.claim).digest()
            row = {"generation": picture, "attempt": 1, "signer": signer.name}
            Signature.objects.create(**row, digest=digest)
        return signer.sign(asked.claim)

    return sign_picture(content, origin, signer.chain, sign)
