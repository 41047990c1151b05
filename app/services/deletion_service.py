"""Pictures that their buyers delete: out of sight at once, and for good a week later.

The row stays, with its ledger entries and its licence: what was paid was paid, and whoever has a
copy may go on using it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction

from app.exceptions import InvalidTransition, NotFound
from app.models import Generation, User, Visibility
from app.models.generation import GenerationQuerySet
from app.models.ownership import MayChange, is_owner
from app.services import generation_service, storage
from app.utils import clock
from protocol.previews import family

# For so long an accident can be undone.
KEPT_FOR = timedelta(days=7)
# What is put back in the last second is back before its files go, also by another clock.
MARGIN = timedelta(hours=1)
BATCH = 100
UNDER_WAY = "This picture is still being made. Cancel it, or wait until it is done."


@transaction.atomic
def delete(*, user: User, generation_id: int, may_change: MayChange = is_owner) -> None:
    """Raises NotFound, NotAllowed, and InvalidTransition for a picture that is under way."""
    picture = generation_service.lock_own(user, generation_id, may_change)
    if picture.is_under_way:
        raise InvalidTransition(UNDER_WAY)
    _delete(Generation.objects.filter(pk=picture.pk))


@transaction.atomic
def delete_several(*, user: User, generation_ids: Iterable[int]) -> int:
    """Delete those of ``user`` that have ended. Returns how many."""
    kept = Generation.objects.kept_by(user.pk).filter(pk__in=generation_ids)
    return _delete(Generation.objects.filter(pk__in=kept.ended().lock()))


@transaction.atomic
def restore(*, user: User, generation_id: int, may_change: MayChange = is_owner) -> None:
    """Put a deleted picture back; it is private. One that is not deleted stays as it is.

    Raises NotFound, also when its week is over, and NotAllowed.
    """
    picture = generation_service.lock_own(user, generation_id, may_change, or_deleted=True)
    if picture.deleted_at is None:
        return
    if picture.deleted_at <= _since():
        raise NotFound("This picture was deleted more than a week ago. It is gone.")
    Generation.objects.filter(pk=picture.pk).update(deleted_at=None)


@transaction.atomic
def restore_several(*, user: User, generation_ids: Iterable[int]) -> int:
    """Put those of ``user`` back that can be. Returns how many."""
    wanted = restorable(user).filter(pk__in=generation_ids)
    locked = wanted.select_related(None).lock()
    return Generation.objects.filter(pk__in=locked).update(deleted_at=None)


def restorable(user: User) -> GenerationQuerySet:
    """What ``user`` has deleted and may put back, the latest first."""
    return Generation.objects.deleted_by(user, _since())


def delete_files() -> int:
    """Delete the files of pictures whose week is over. Returns of how many.

    Any number may do so at once: a file that is gone is deleted. Those of a storage that does not
    answer are tried again.
    """
    due = Generation.objects.filter(deleted_at__lte=_since() - MARGIN, files_deleted_at=None)
    found = due.order_by("deleted_at", "pk")[:BATCH]
    gone = [picture.pk for picture in found if storage.delete(files_of(picture))]
    with transaction.atomic():
        locked = due.filter(pk__in=gone).lock()
        # The placeholder is a picture too, if a tiny one.
        changes = {"files_deleted_at": clock.now(), "placeholder": ""}
        return Generation.objects.filter(pk__in=locked).update(**changes)


def _delete(pictures: GenerationQuerySet) -> int:
    return pictures.update(visibility=Visibility.PRIVATE, deleted_at=clock.now())


def _since() -> datetime:
    return clock.now() - KEPT_FOR


def files_of(picture: Generation) -> list[str]:
    """The keys of what is stored of it."""
    previews = [key for key, _ in family(picture.preview_path, picture.width)]
    return [key for key in (picture.image_path, *(previews or [picture.preview_path])) if key]
