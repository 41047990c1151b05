"""One's own pictures, deleted ones too, and the collections that they are in: as steps."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from style_license.errors import StyleLicenseError
from style_license.models import Collection, Picture
from style_license.operations import PAGE, cursor_in, get, pages, saved_pictures
from style_license.steps import Call, Step, ask

# Pictures that one request puts into a collection or takes out.
MOST_AT_ONCE = 500


def pictures(
    status: str, visibility: str, collection: int | None, limit: int
) -> Step[list[Picture]]:
    """The newest of them."""
    query = {"status": status, "visibility": visibility, "collection": collection}
    given: dict[str, Any] = {name: value for name, value in query.items() if value}
    rows = yield from pages("/api/images/mine", most=limit, **given)
    return [Picture.of(each) for each in rows]


def saved(collection: int, folder: str | os.PathLike[str], certificates: bool) -> Step[list[Path]]:
    """Save all that is completed in a collection, page by page: links to files live for an hour."""
    paths: list[Path] = []
    query: dict[str, Any] = {"collection": collection, "limit": PAGE}
    while True:
        page = yield from get("/api/images/mine", **query)
        shown = [Picture.of(each) for each in page["results"]]
        paths += yield from saved_pictures(shown, folder, certificates)
        if not page["next"]:
            return paths
        query["cursor"] = cursor_in(page["next"])


# --- Deleting -------------------------------------------------------------------------------------


def delete(picture_id: int) -> Step[None]:
    # Not sent again by itself: the second answer would be that there is no such picture.
    yield from ask(Call("DELETE", f"/api/images/{picture_id}"))


def restore(picture_id: int) -> Step[Picture]:
    call = Call("POST", f"/api/images/{picture_id}/restore", is_idempotent=True)
    return Picture.of((yield from ask(call)).data)


def deleted() -> Step[list[Picture]]:
    rows = yield from pages("/api/images/deleted")
    return [Picture.of(each) for each in rows]


# --- Collections ----------------------------------------------------------------------------------


def collections() -> Step[list[Collection]]:
    rows = yield from pages("/api/collections")
    return [Collection.of(each) for each in rows]


def collection(wanted: int | str) -> Step[Collection]:
    """By its id or its name. Raises StyleLicenseError."""
    if isinstance(wanted, int):
        return Collection.of((yield from get(f"/api/collections/{wanted}")))
    listed = yield from collections()
    name = wanted.strip().casefold()
    for each in listed:
        if each.name.casefold() == name:
            return each
    if wanted.isascii() and wanted.isdecimal():
        return (yield from collection(int(wanted)))
    raise StyleLicenseError(f"You have no collection “{wanted}”.")


def create(name: str) -> Step[Collection]:
    call = Call("POST", "/api/collections", body={"name": name}, key=str(uuid.uuid4()))
    return Collection.of((yield from ask(call)).data)


def rename(collection_id: int, name: str) -> Step[Collection]:
    path = f"/api/collections/{collection_id}"
    call = Call("PATCH", path, body={"name": name}, is_idempotent=True)
    return Collection.of((yield from ask(call)).data)


def remove(collection_id: int) -> Step[None]:
    yield from ask(Call("DELETE", f"/api/collections/{collection_id}"))


def put_in(collection_id: int, picture_ids: Iterable[int]) -> Step[Collection]:
    return (yield from _changed("POST", collection_id, picture_ids))


def take_out(collection_id: int, picture_ids: Iterable[int]) -> Step[Collection]:
    return (yield from _changed("DELETE", collection_id, picture_ids))


def _changed(method: str, collection_id: int, picture_ids: Iterable[int]) -> Step[Collection]:
    """What was done already is no error, so it is asked again after an answer that was lost."""
    path = f"/api/collections/{collection_id}"
    said: Any = None
    for part in _parts(list(picture_ids)):
        call = Call(method, f"{path}/images", body={"image_ids": part}, is_idempotent=True)
        said = (yield from ask(call)).data
    return Collection.of(said) if said else (yield from collection(collection_id))


def _parts(ids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), MOST_AT_ONCE):
        yield ids[start : start + MOST_AT_ONCE]
