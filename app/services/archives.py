"""Pictures of a buyer as one ZIP, written while it is sent: it is never held whole.

In it are the files, a folder ``certificates`` with the signed certificate of each licence, and
``manifest.csv``.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator

from django.utils.text import slugify

from app.exceptions import ServiceUnavailable
from app.models import Generation
from app.services import storage
from app.services.licences import certificate
from app.utils.links import page_url

CHUNK = 1 << 18
# Of style and words in a file's name: the second in bytes, of which a character may take four, and
# file systems take 255 with all that is put around them.
MAX_NAME, MAX_NAME_BYTES = 80, 200
COLUMNS = (
    *("file", "certificate", "licence", "licence_state", "terms", "style", "artist", "words"),
    *("format", "width", "height", "seed", "tokens", "made_at", "page"),
)
# Pictures are compressed already.
STORED = zipfile.ZIP_STORED


def file_name(picture: Generation) -> str:
    """Its style, its words and the number of its licence: wet-paper-boat-sea-SL-….png."""
    said = slugify(f"{picture.style.name} {picture.prompt_shown}", allow_unicode=True)
    short = said[:MAX_NAME].encode()[:MAX_NAME_BYTES].decode(errors="ignore")
    return f"{short.strip('-')}-{picture.licence_number or picture.pk}.png"


def archive(pictures: Iterable[Generation]) -> Iterator[bytes]:
    """The ZIP of ``pictures``: completed ones, with their people and licences.

    A file that cannot be read is named in the manifest, without a file.
    """
    sink = _Sink()
    table = io.StringIO()
    rows = csv.writer(table)
    rows.writerow(COLUMNS)
    with zipfile.ZipFile(sink, "w", STORED) as packed:
        for picture in pictures:
            name = file_name(picture)
            try:
                for _ in copy_in(packed, picture.image_path, name):
                    yield sink.taken()
            except ServiceUnavailable:
                name = ""
            signed = ""
            licence = getattr(picture, "licence", None)
            if licence is not None:
                signed = f"certificates/{licence.number}.jwt"
                packed.writestr(signed, certificate.certified(licence)["certificate"])
            rows.writerow(map(_plain, _row(picture, name, signed)))
            yield sink.taken()
        # With the mark by which spreadsheets know UTF-8.
        packed.writestr("manifest.csv", f"\ufeff{table.getvalue()}")
    yield sink.taken()


def copy_in(packed: zipfile.ZipFile, key: str, name: str) -> Iterator[None]:
    """Copy a file into the ZIP, a piece at a time."""
    with storage.open_file(key) as file, packed.open(name, "w") as entry:
        while piece := file.read(CHUNK):
            entry.write(piece)
            yield


def _row(picture: Generation, name: str, signed: str) -> tuple[object, ...]:
    licence = getattr(picture, "licence", None)
    return (
        *(name, signed, picture.licence_number, licence.state if licence else ""),
        *(picture.terms_id, picture.style.name, picture.style.artist.artist_name),
        *(picture.prompt_shown, picture.aspect_ratio, picture.width, picture.height),
        *(picture.seed, picture.cost, f"{picture.finished_at:%Y-%m-%dT%H:%M:%SZ}"),
        page_url("pictures", str(picture.pk)),
    )


def _plain(cell: object) -> object:
    """Names come from people: a spreadsheet must not take one for a formula."""
    text = str(cell)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


class _Sink(io.RawIOBase):
    """What a ZIP is written to: it cannot seek, and keeps only what nobody has taken yet."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._written = 0

    def writable(self) -> bool:
        return True

    def write(self, piece: object) -> int:
        taken = bytes(piece)  # type: ignore[call-overload]
        self._pieces.append(taken)
        self._written += len(taken)
        return len(taken)

    def tell(self) -> int:
        return self._written

    def seekable(self) -> bool:
        return False

    def taken(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken
