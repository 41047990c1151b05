"""Collections: a buyer's own folders of pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import IntegrityError, transaction

from app.exceptions import Conflict, InvalidInput, NotFound
from app.models import Collected, Collection, Generation, User, names
from app.models.collection import MAX_COLLECTIONS, MAX_NAME, MAX_PICTURES
from app.models.ownership import MayChange, is_owner
from app.services.token_service import lock_open
from app.utils.names import skeleton

TAKEN = "You have a collection of this name, or of one that looks like it."
TOO_MANY = f"You have {MAX_COLLECTIONS} collections. Delete one first."
TOO_MANY_PICTURES = f"A collection holds at most {MAX_PICTURES:,} pictures."
NOT_YOURS = "Some of these are no pictures of yours."


@transaction.atomic
def create(*, user: User, name: str, image_ids: Sequence[int] = ()) -> Collection:
    """A new one, with these pictures of ``user`` in it.

    Raises InvalidInput for the name or pictures, Conflict if the user has too many.
    """
    text = names.cleaned(name, field="name", max_length=MAX_NAME)
    # Counted under the lock, or two requests would both find room.
    lock_open(user.pk)
    if Collection.objects.of(user).count() >= MAX_COLLECTIONS:
        raise Conflict(TOO_MANY)
    with _name_conflicts():
        collection = Collection.objects.create(user=user, name=text)
    if image_ids:
        _put_in(collection, user, image_ids)
    return collection


@transaction.atomic
def rename(
    *, user: User, collection_id: int, name: str, may_change: MayChange = is_owner
) -> Collection:
    """Raises NotFound, InvalidInput."""
    collection = lock_own(user, collection_id, may_change)
    collection.name = names.cleaned(name, field="name", max_length=MAX_NAME)
    collection.name_skeleton = skeleton(collection.name)
    with _name_conflicts():
        collection.save(update_fields=["name", "name_skeleton"])
    return collection


@transaction.atomic
def delete(*, user: User, collection_id: int, may_change: MayChange = is_owner) -> None:
    """Its pictures stay. Raises NotFound."""
    lock_own(user, collection_id, may_change).delete()


@transaction.atomic
def add(
    *,
    user: User,
    collection_id: int,
    image_ids: Sequence[int],
    may_change: MayChange = is_owner,
) -> Collection:
    """Put pictures of ``user`` in: all or none. One that is in already stays.

    Raises NotFound, Conflict if it would hold too many, and InvalidInput, which names those that
    the user does not have.
    """
    collection = lock_own(user, collection_id, may_change)
    _put_in(collection, user, image_ids)
    return collection


@transaction.atomic
def remove(
    *,
    user: User,
    collection_id: int,
    image_ids: Sequence[int],
    may_change: MayChange = is_owner,
) -> Collection:
    """Take pictures of ``user`` out: all or none. One that is not in it stays out.

    Raises NotFound, and InvalidInput, which names those that the user does not have.
    """
    collection = lock_own(user, collection_id, may_change)
    _require_own(user, image_ids)
    Collected.objects.filter(collection=collection, generation__in=image_ids).delete()
    return collection


def find(user: User, collection_id: int, *, may_change: MayChange = is_owner) -> Collection:
    """Raises NotFound for another user's collection."""
    found = Collection.objects.filter(pk=collection_id).first()
    if found is None or not may_change(user, found):
        raise NotFound("You have no such collection.")
    return found


def lock_own(user: User, collection_id: int, may_change: MayChange) -> Collection:
    """Lock a collection, before its pictures are counted. Raises NotFound."""
    locked = Collection.objects.select_for_update(no_key=True).filter(pk=collection_id).first()
    if locked is None or not may_change(user, locked):
        raise NotFound("You have no such collection.")
    return locked


def forget_user(user: User) -> None:
    """Delete the collections of a user who leaves. Runs in the caller's transaction."""
    Collection.objects.filter(user=user).delete()


def _put_in(collection: Collection, user: User, image_ids: Sequence[int]) -> None:
    """Into a collection that is locked, or that nobody else sees yet."""
    _require_own(user, image_ids)
    collected = Collected.objects.filter(collection=collection)
    held = set(collected.filter(generation__in=image_ids).values_list("generation_id", flat=True))
    new = sorted(set(image_ids) - held)
    if collected.count() + len(new) > MAX_PICTURES:
        raise Conflict(TOO_MANY_PICTURES)
    Collected.objects.bulk_create(
        Collected(collection=collection, generation_id=image_id) for image_id in new
    )


def _require_own(user: User, image_ids: Sequence[int]) -> None:
    own = Generation.objects.kept_by(user.pk).filter(pk__in=image_ids)
    known = set(own.values_list("pk", flat=True))
    wrong = {
        f"image_ids.{index}": ["You have no such picture."]
        for index, image_id in enumerate(image_ids)
        if image_id not in known
    }
    if wrong:
        raise InvalidInput(NOT_YOURS, details=wrong)


@contextmanager
def _name_conflicts() -> Iterator[None]:
    """Turn the database's last word on names into the domain's error."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if "collection_name_looks_unique" not in str(error):
            raise
        raise InvalidInput.field("name", TAKEN) from error
