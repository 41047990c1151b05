"""What a PNG file says, apart from its pixels (W3C, "Portable Network Graphics", 3rd edition).

Pillow is given the pixels alone. Texts, of any size, and damaged metadata cannot make it refuse a
sound picture then, and what it does not scale, such as a transparent colour, is scaled here.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Profiles of printers with large tables have a few megabytes; screens, some kilobytes.
MAX_PROFILE = 16 * 1024 * 1024
# EXIF has at most 64 kB, which are written as twice as many digits.
MAX_RAW_EXIF = 256 * 1024
# Encoders write some kilobytes of pixels into each; a chunk may be empty, too.
MOST_CHUNKS = 20_000
GRAY, RGB, PALETTE = 0, 2, 3
# Where ImageMagick and others wrote EXIF before there was a chunk for it.
RAW_EXIF = b"Raw profile type exif\0"


@dataclass(frozen=True)
class Facts:
    """``exif`` and ``profile`` (ICC) are empty when there is none that can be unpacked. Of several
    the first counts, and no other is unpacked: each may be a thousand times its size.

    ``clear`` is the one colour that is transparent, in samples of 16 bits for a gray picture of
    that depth and of 8 bits otherwise; empty when there is none.
    """

    exif: bytes = b""
    profile: bytes = b""
    clear: tuple[int, ...] = ()
    is_animated: bool = False


def take_apart(content: bytes) -> tuple[io.BytesIO, Facts]:
    """The file with nothing but its pixels, and what else it says.

    Raises ValueError when it does not begin as a PNG, or has too many chunks.
    """
    pixels = io.BytesIO()
    pixels.write(SIGNATURE)
    depth, colour = _header(content)
    exif = b""
    raw_exif: bytes | None = None
    profile: bytes | None = None
    clear: tuple[int, ...] = ()
    is_animated = False
    for number, (kind, body, whole) in enumerate(_chunks(content)):
        if number >= MOST_CHUNKS:
            raise ValueError("a PNG with too many chunks")
        if kind in {b"IHDR", b"PLTE", b"IDAT", b"IEND"} or (kind == b"tRNS" and colour == PALETTE):
            pixels.write(whole)
        elif kind == b"tRNS":
            clear = _clear_colour(body, depth, colour)
        elif kind == b"iCCP" and profile is None:
            profile = _unpacked(body.partition(b"\0")[2][1:], MAX_PROFILE)
        elif kind == b"eXIf":
            exif = bytes(body)
        elif kind in {b"tEXt", b"zTXt"} and raw_exif is None and body.startswith(RAW_EXIF):
            text = body[len(RAW_EXIF) :]
            text = text if kind == b"tEXt" else _unpacked(text[1:], MAX_RAW_EXIF)
            raw_exif = _raw_profile(text) if len(text) <= MAX_RAW_EXIF else b""
        elif kind == b"acTL" and len(body) >= 4:
            is_animated = struct.unpack(">I", body[:4])[0] > 1
    pixels.seek(0)
    return pixels, Facts(exif or raw_exif or b"", profile or b"", clear, is_animated)


def _header(content: bytes) -> tuple[int, int]:
    """Bits of a sample, and kind of colour."""
    if len(content) < 33 or content[12:16] != b"IHDR":
        raise ValueError("a PNG without its header")
    return content[24], content[25]


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes, memoryview]]:
    """Kind, body (of pixels, none) and the whole of each chunk; the last one may be cut short."""
    at, view = len(SIGNATURE), memoryview(content)
    while at + 8 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, at)
        end = at + 12 + length
        if end > len(content) and kind != b"IDAT":
            return
        body = b"" if kind == b"IDAT" else content[at + 8 : at + 8 + length]
        yield kind, body, view[at:end]
        if kind == b"IEND":
            return
        at = end


def _clear_colour(body: bytes, depth: int, colour: int) -> tuple[int, ...]:
    samples = {GRAY: 1, RGB: 3}.get(colour, 0)
    if not samples or len(body) < 2 * samples:
        return ()
    values = struct.unpack(f">{samples}H", body[: 2 * samples])
    if depth == 16:
        return values if colour == GRAY else tuple(value >> 8 for value in values)
    most = (1 << depth) - 1
    return tuple((value & most) * 255 // most for value in values)


def _unpacked(packed: bytes, most: int) -> bytes:
    """Nothing, if it is damaged or longer than ``most``."""
    unpacking = zlib.decompressobj()
    try:
        content = unpacking.decompress(packed, most)
    except zlib.error:
        return b""
    return b"" if unpacking.unconsumed_tail else content


def _raw_profile(text: bytes) -> bytes:
    """The bytes of a raw profile: a line with its name, one with its length, then hexadecimal."""
    try:
        return bytes.fromhex("".join(text.decode("latin-1").split("\n")[3:]))
    except ValueError:
        return b""
