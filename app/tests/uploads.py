"""Pictures to upload, made on the spot: small, each of its own, and hostile ones."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from app.services.uploads import check_service
from app.tests.api import Answer, Api


def picture(
    number: int = 0,
    *,
    size: tuple[int, int] = (256, 256),
    kind: str = "PNG",
    mode: str = "RGB",
    **options: Any,
) -> bytes:
    """A picture unlike those of other numbers."""
    image = Image.new("RGB", size, (number % 256, number // 256, 90)).convert(mode)
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def file(content: bytes, name: str = "work.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="application/octet-stream")


def files(count: int = 10, *, first: int = 0) -> list[SimpleUploadedFile]:
    """``count`` good pictures."""
    return [file(picture(number), f"{number}.png") for number in range(first, first + count)]


def style_form(*, first: int = 0, count: int = 10, **changes: Any) -> dict[str, Any]:
    """The form of a new style, with good pictures; a change to None leaves the field out."""
    form = {
        "name": "Wet Paper",
        "description": "Washes on rough paper.",
        "price": "10",
        "tags": "sea, night",
        "images": files(count, first=first),
        **changes,
    }
    return {name: value for name, value in form.items() if value is not None}


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def check_all() -> int:
    """Check uploads and look for copies, as the relay does, until the trainings are ordered.

    Returns how many checks that were.
    """
    count = 0
    while check_service.check_next():
        count += 1
        assert count < 20
    return count


def places(api: Api, count: int = 10) -> list[dict[str, Any]]:
    """Links to upload files by, apart from the API."""
    return api.post("/api/uploads", {"content_types": ["image/png"] * count}).data["uploads"]


def put(place: dict[str, Any], content: bytes, **headers: str) -> int:
    """Upload by a link to the local storage. Returns the status."""
    url = urlsplit(place["url"])
    kind = headers.get("content_type", place["headers"]["Content-Type"])
    return Client().put(f"{url.path}?{url.query}", content, content_type=kind).status_code


def uploaded(api: Api, contents: list[bytes] | None = None) -> list[str]:
    """Keys of uploads; of ten good pictures, if nothing else is said."""
    contents = contents or [picture(number) for number in range(10)]
    given = places(api, len(contents))
    sent = [put(place, content) for place, content in zip(given, contents, strict=True)]
    assert set(sent) == {200}
    return [place["key"] for place in given]


def create_of(api: Api, keys: list[str], **changes: Any) -> Answer:
    """A style of what was uploaded."""
    return api.upload("/api/models", style_form(images=None, image_keys=keys, **changes))
