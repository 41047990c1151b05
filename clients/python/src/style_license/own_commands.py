"""Commands about one's own pictures and collections."""

from __future__ import annotations

import argparse
from pathlib import Path

from style_license.client import Client
from style_license.commands import Arguments, Command, Told
from style_license.errors import StyleLicenseError
from style_license.models import Collection, Picture


def _pictures_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--collection", help="those in one of yours, by its name or id")
    parser.add_argument("--limit", type=int, default=20)


def _pictures(given: Arguments, told: Told) -> int:
    with Client(given.url) as client:
        chosen = client.collection(given.collection).id if given.collection else None
        found = client.pictures(collection=chosen, limit=given.limit)
    _say_all(told, found)
    return 0


def _delete_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Delete pictures of yours. For a week, `style-license restore` puts them back; after that"
        " their files are gone. Licences stay valid, and no tokens are given back."
    )
    parser.add_argument("picture", nargs="+", type=int, help="its id; `pictures` lists them")


def _delete(given: Arguments, told: Told) -> int:
    done: list[int] = []
    with Client(given.url) as client:
        try:
            for picture_id in given.picture:
                client.delete(picture_id)
                done.append(picture_id)
        finally:
            # Also of those before one that was refused.
            if done:
                numbers = " ".join(map(str, done))
                told.say(f"Deleted. Within a week: style-license restore {numbers}")
    told.show({"deleted": done})
    return 0


def _restore_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "picture", nargs="*", type=int, help="its id; without, those that can be put back"
    )


def _restore(given: Arguments, told: Told) -> int:
    with Client(given.url) as client:
        if given.picture:
            _say_all(told, [client.restore(picture_id) for picture_id in given.picture])
        else:
            _say_all(told, client.deleted())
    return 0


def _collections(given: Arguments, told: Told) -> int:
    with Client(given.url) as client:
        found = client.collections()
    for each in found:
        _say_collection(told, each)
    if not found:
        told.say("There are no collections yet.")
    told.show(found)
    return 0


def _collection_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = "Look at a collection, or change it. Nobody else sees it."
    parser.add_argument("collection", help="its name or id")
    parser.add_argument("--create", action="store_true", help="make it, by this name")
    parser.add_argument("--rename", metavar="NAME", help="give it this name")
    parser.add_argument("--add", nargs="+", type=int, default=[], metavar="PICTURE")
    parser.add_argument("--remove", nargs="+", type=int, default=[], metavar="PICTURE")
    parser.add_argument("--out", type=Path, help="save its pictures in this folder")
    parser.add_argument("--delete", action="store_true", help="its pictures stay")


def _collection(given: Arguments, told: Told) -> int:
    if given.delete and (given.create or given.rename or given.add or given.remove):
        raise StyleLicenseError("Delete the collection, or change it: not both at once.")
    paths: list[Path] = []
    with Client(given.url) as client:
        if given.create:
            shown = client.create_collection(given.collection)
        else:
            shown = client.collection(given.collection)
        if given.rename:
            shown = client.rename_collection(shown.id, given.rename)
        if given.add:
            shown = client.add_to_collection(shown.id, given.add)
        if given.remove:
            shown = client.remove_from_collection(shown.id, given.remove)
        if given.out:
            paths = client.save_collection(shown.id, given.out)
        if given.delete:
            client.delete_collection(shown.id)
    if given.delete:
        told.say(f"Deleted: {shown.name}. Its pictures stay.")
    else:
        _say_collection(told, shown)
    for path in paths:
        told.say(str(path))
    told.show({"collection": shown, "is_deleted": given.delete, "files": paths})
    return 0


def _say_collection(told: Told, collection: Collection) -> None:
    told.say(f"{collection.id:>6}  {collection.picture_count:>5} pictures  {collection.name}")


def _say_all(told: Told, pictures: list[Picture]) -> None:
    for picture in pictures:
        number = picture.licence or picture.status
        told.say(f"{picture.id:>8}  {number}  {picture.style}: {', '.join(picture.words)}")
    if not pictures:
        told.say("There are none.")
    told.show(pictures)


ALL = (
    Command("pictures", "list your pictures", _pictures_arguments, _pictures),
    Command("delete", "delete pictures of yours", _delete_arguments, _delete),
    Command("restore", "put deleted pictures back", _restore_arguments, _restore),
    Command("collections", "list your collections", lambda parser: None, _collections),
    Command("collection", "look at a collection, or change it", _collection_arguments, _collection),
)
