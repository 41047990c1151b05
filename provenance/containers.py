"""Where PNG, JPEG and WebP files keep their C2PA manifest store (C2PA 2.1, appendix A.3)."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

PNG, JPEG, WEBP = "image/png", "image/jpeg", "image/webp"
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_APP11 = 0xEB
_START_OF_SCAN = 0xDA


@dataclass(frozen=True)
class Place:
    """The store is ``content[start:end]``. ``is_exact``: what frames it is as it has to be."""

    start: int
    end: int
    is_exact: bool


def mime_of(content: bytes) -> str:
    """PNG, JPEG or WEBP; "" for anything else."""
    if content.startswith(_PNG_SIGNATURE):
        return PNG
    if content.startswith(b"\xff\xd8\xff"):
        return JPEG
    return WEBP if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else ""


def find_store(content: bytes) -> Place | None:
    """None if there is no store, or none in one piece."""
    find = {PNG: _in_png, JPEG: _in_jpeg, WEBP: _in_webp}.get(mime_of(content))
    try:
        return find(content) if find else None
    except (struct.error, IndexError):
        return None


def with_store(content: bytes, place: Place, store: bytes) -> bytes:
    """``content`` with another store of the same size."""
    changed = bytearray(content)
    changed[place.start : place.end] = store
    if mime_of(content) == PNG:
        struct.pack_into(">I", changed, place.end, zlib.crc32(b"caBX" + store))
    return bytes(changed)


def _in_png(content: bytes) -> Place | None:
    at = len(_PNG_SIGNATURE)
    while at + 8 <= len(content):
        size, kind = struct.unpack_from(">I4s", content, at)
        end = at + 8 + size
        if kind == b"caBX":
            (checksum,) = struct.unpack_from(">I", content, end)
            return Place(at + 8, end, checksum == zlib.crc32(content[at + 4 : end]))
        at = end + 4
    return None


def _in_webp(content: bytes) -> Place | None:
    (whole,) = struct.unpack_from("<I", content, 4)
    at = 12
    while at + 8 <= len(content):
        kind, size = struct.unpack_from("<4sI", content, at)
        end = at + 8 + size
        if kind == b"C2PA":
            padding = content[end : end + size % 2]
            return Place(at + 8, end, whole == len(content) - 8 and not any(padding))
        at = end + size % 2
    return None


def _in_jpeg(content: bytes) -> Place | None:
    """Ours fits into one segment: marker, size, "JP", number of the box and of the packet."""
    at = 2
    while content[at] == 0xFF and content[at + 1] != _START_OF_SCAN:
        marker, size = struct.unpack_from(">xBH", content, at)
        if marker == _APP11 and content[at + 4 : at + 6] == b"JP":
            start, end = at + 12, at + 2 + size
            (declared,) = struct.unpack_from(">I", content, start)
            head = content[at + 6 : at + 12]
            return Place(start, end, declared == end - start and head == _JPEG_HEAD)
        at += 2 + size
    return None


# The box instance number that c2pa-rs uses, and the first packet.
_JPEG_HEAD = struct.pack(">HI", 0x0211, 1)
