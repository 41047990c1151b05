"""Keys, facts and small pictures to sign in tests."""

from __future__ import annotations

import atexit
import io
import shutil
import struct
import zlib
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
from PIL import Image

from provenance import certificates, claims, containers
from provenance.certificates import Signer
from provenance.facts import Facts, Terms
from provenance.manifest import Sign, ToSign, sign_picture, sign_preview
from provenance.metadata import Provenance, png_of, xmp_packet

FACTS = Facts(
    number="SL-7Q2M-0XKD-4T9S",
    verify_url="https://example.org/licences/SL-7Q2M-0XKD-4T9S",
    terms=Terms("commercial", 1, "https://example.org/terms/commercial/1", "ab" * 32),
    artist="Ann Ärt",
    style="Blau 달",
)
ORIGIN = Provenance(
    artist="Ann Ärt",
    style="Blau 달",
    license_url="https://example.org/styles/7",
    generation_id=41,
    prompt="boat, sea",
    seed=3,
    system="stylenet",
    system_version="1",
    licence=FACTS,
)


@cache
def keys() -> Path:
    """A folder of keys that all tests of a process share; its parent is a CERTIFICATES_DIR."""
    parent = Path(mkdtemp(prefix="style-license-keys-"))
    atexit.register(shutil.rmtree, parent, ignore_errors=True)
    folder = parent / certificates.FOLDER
    certificates.make(folder)
    return folder


def anchors() -> str:
    return certificates.anchors(keys())


@cache
def signer() -> Signer:
    return certificates.signers(keys())[-1]


def signing(own: Signer | None = None, facts: Facts = FACTS) -> Sign:
    """What the backend does: it looks at what it signs."""
    key = own or signer()

    def sign(asked: ToSign) -> bytes:
        assert claims.leaf_of(asked.claim) == key.leaf
        claims.require_claim(asked.claim, asked.licence, facts)
        return key.sign(asked.claim)

    return sign


def drawn(seed: int = 1, side: int = 64) -> Image.Image:
    rough = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return Image.fromarray(rough).resize((side, side), Image.Resampling.BICUBIC)


def written(image: Image.Image, kind: str) -> bytes:
    if kind == "PNG":
        return png_of(image, ORIGIN)
    file = io.BytesIO()
    image.save(file, kind, quality=90, xmp=xmp_packet(ORIGIN))
    return file.getvalue()


def signed(kind: str = "PNG", own: Signer | None = None, *, seed: int = 1) -> bytes:
    key = own or signer()
    return sign_picture(written(drawn(seed), kind), ORIGIN, key.chain, signing(key))


def signed_preview(*, is_small: bool = False) -> bytes:
    source = None if is_small else signed()
    chain = signer().chain
    return sign_preview(written(drawn(), "WEBP"), ORIGIN, chain, signing(), source)


def moved(source: bytes, target: bytes) -> bytes:
    """The manifest of ``source``, a PNG, in ``target``."""
    place = containers.find_store(source)
    assert place is not None
    chunk = source[place.start - 8 : place.end + 4]
    return target[:33] + chunk + target[33:]


def with_text(content: bytes) -> bytes:
    """A text chunk more, before the end."""
    body = b"tEXtComment\0bought elsewhere"
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return content[:-12] + chunk + content[-12:]
