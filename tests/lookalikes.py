"""What may become of a licensed picture, and what may be taken for one."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from provenance import certificates, containers
from provenance.manifest import sign_picture
from provenance.metadata import png_of, read_provenance
from provenance.tests.pictures import brightened, cropped, photographs
from provenance.tests.signing import signing


def lookalikes(own: bytes, folder: Path) -> dict[str, bytes]:
    """Files made of ``own``, a signed PNG; ``folder`` is for the keys of a forger."""
    image = Image.open(io.BytesIO(own)).convert("RGB")
    other = photographs()["coffee.png"]
    return {
        "altered": with_manifest(packed(brightened(image), "PNG"), own),
        "stripped": packed(image, "JPEG"),
        "cut": packed(cropped(0.3)(image), "JPEG"),
        "foreign": packed(other, "PNG"),
        "forged": forged(other, own, folder / "c2pa"),
    }


def packed(image: Image.Image, kind: str) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, quality=85)
    return file.getvalue()


def with_manifest(target: bytes, source: bytes) -> bytes:
    """The PNG ``target`` with the manifest of ``source`` behind its header."""
    place = containers.find_store(source)
    assert place is not None
    return target[:33] + source[place.start - 8 : place.end + 4] + target[33:]


def forged(image: Image.Image, own: bytes, keys: Path) -> bytes:
    """Another picture that claims the licence of ``own``, signed by somebody else."""
    certificates.make(keys)
    claimed = read_provenance(io.BytesIO(own))
    assert claimed.licence is not None
    key = certificates.signers(keys)[-1]
    sign = signing(key, claimed.licence)
    return sign_picture(png_of(image, claimed), claimed, key.chain, sign)
