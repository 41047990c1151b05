"""Likes, comments, follows. Counters change with the rows, under a lock of the counted object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from app.exceptions import Conflict, InvalidInput, InvalidTransition, NotAllowed, NotFound
from app.models import Artist, Comment, Follow, Generation, HiddenPerson, Like, User, names
from app.models.generation import GenerationQuerySet
from app.models.ownership import MayChange, is_owner, is_owner_or_staff
from app.services import notification_service
from app.services.checks import comments
from app.services.token_service import lock_open
from app.utils import clock


@dataclass(frozen=True)
class LikeState:
    is_liked: bool
    like_count: int


@dataclass(frozen=True)
class FollowState:
    is_following: bool
    follower_count: int


@transaction.atomic
def toggle_like(*, user: User, generation_id: int) -> LikeState:
    """Like or unlike a public picture. Raises NotFound."""
    return set_like(user=user, generation_id=generation_id, is_liked=None)


@transaction.atomic
def set_like(*, user: User, generation_id: int, is_liked: bool | None) -> LikeState:
    """Like a public picture or not; None: the other than now. Raises NotFound."""
    picture = _lock_public(generation_id, user)
    lock_open(user.pk)
    is_there, change = _turn(Like, is_liked, user=user, generation=picture)
    picture.like_count += change
    picture.save(update_fields=["like_count"])
    return LikeState(is_liked=is_there, like_count=picture.like_count)


@transaction.atomic
def add_comment(
    *, user: User, generation_id: int, content: str, parent_id: int | None = None
) -> Comment:
    """Comment on a public picture, or reply to a comment on it.

    Raises NotFound, InvalidInput, CommentRefused, RateLimited, and NotAllowed where its buyer has
    switched comments off.
    """
    content = names.readable(content, field="content", is_required=True)
    picture = _lock_public(generation_id, user)
    if not picture.allows_comments:
        raise NotAllowed("Comments on this picture are switched off.")
    lock_open(user.pk)
    parent = None
    if parent_id is not None:
        apart = HiddenPerson.objects.kept_apart_from(user.pk)
        on_it = Comment.objects.shown().filter(generation=picture).exclude(user_id__in=apart)
        parent = on_it.filter(pk=parent_id).first()
        if parent is None:
            raise InvalidInput.field("parent_id", "There is no such comment on this picture.")
        if parent.parent_id is not None:
            raise InvalidInput.field("parent_id", "You cannot reply to a reply.")
    comments.require_allowed(user, content, picture.pk, parent_id)
    comment = Comment.objects.create(user=user, generation=picture, content=content, parent=parent)
    picture.comment_count += 1
    picture.save(update_fields=["comment_count"])
    return comment


def comment_of(comment_id: int) -> Comment:
    """Raises NotFound."""
    comment = Comment.objects.shown().with_author().filter(pk=comment_id).first()
    if comment is None:
        raise NotFound("There is no such comment.")
    return comment


@transaction.atomic
def delete_comment(comment: Comment) -> None:
    """Delete a comment with its replies, as its author wants it (``to_change``).

    Raises NotFound. What our staff removes is hidden instead: ``hide_comment``.
    """
    picture, shown = _lock_thread(comment)
    Comment.objects.filter(pk=comment.pk).delete()
    picture.comment_count -= len(shown)
    picture.save(update_fields=["comment_count"])


def to_change(user: User, comment_id: int, may_change: MayChange = is_owner_or_staff) -> Comment:
    """The comment, which the user may delete. Raises NotFound, NotAllowed."""
    found = Comment.objects.shown().filter(pk=comment_id)
    comment = found.select_related("generation").first()
    # If the picture is private, only its owner, the author of the comment and staff know of it.
    if comment is None or not (
        comment.generation.is_public
        or may_change(user, comment)
        or is_owner(user, comment.generation)
    ):
        raise NotFound("There is no such comment.")
    if not may_change(user, comment):
        raise NotAllowed("Only its author can delete a comment.")
    return comment


def hide_comment(comment_id: int) -> tuple[Comment, list[int]]:
    """Hide a comment with its replies, in the caller's transaction. Returns what it is, and the ids
    of all that were hidden with it. Nobody reads of it in a notice again. Raises NotFound."""
    comment = Comment.objects.shown().filter(pk=comment_id).first()
    if comment is None:
        raise NotFound("There is no such comment.")
    picture, shown = _lock_thread(comment)
    hidden = [one.pk for one in shown]
    Comment.objects.filter(pk__in=hidden).update(hidden_at=clock.now())
    for one in shown:
        notification_service.forget_comment(one)
    picture.comment_count -= len(hidden)
    picture.save(update_fields=["comment_count"])
    return comment, hidden


def show_comments(comment_id: int, hidden: Sequence[int]) -> Comment:
    """Show again what was ``hidden`` with a comment and is still there. Raises NotFound if the
    comment itself is not: its author deleted it, or has left; and InvalidTransition for a reply to
    a comment that is removed."""
    comment = Comment.objects.filter(pk=comment_id).first()
    if comment is None:
        raise NotFound("There is no such comment.")
    picture = _lock_of(comment)
    if comment.parent is not None and comment.parent.hidden_at is not None:
        raise InvalidTransition("The comment that this one replies to is removed.")
    gone = Comment.objects.filter(pk__in=hidden, hidden_at__isnull=False)
    picture.comment_count += gone.update(hidden_at=None)
    picture.save(update_fields=["comment_count"])
    return comment


def _lock_thread(comment: Comment) -> tuple[Generation, list[Comment]]:
    """The picture, locked, and what is shown of the comment and its replies. Raises NotFound."""
    picture = _lock_of(comment)
    thread = Comment.objects.filter(Q(pk=comment.pk) | Q(parent_id=comment.pk))
    shown = list(thread.shown().order_by("pk"))
    if comment.pk not in {one.pk for one in shown}:
        # Somebody else was faster.
        raise NotFound("There is no such comment.")
    return picture, shown


def _lock_of(comment: Comment) -> Generation:
    return Generation.objects.select_for_update(no_key=True).get(pk=comment.generation_id)


@transaction.atomic
def toggle_follow(*, user: User, artist_id: int) -> FollowState:
    """Follow or unfollow an artist. Raises NotFound, or Conflict for oneself."""
    return set_follow(user=user, artist_id=artist_id, is_following=None)


@transaction.atomic
def set_follow(*, user: User, artist_id: int, is_following: bool | None) -> FollowState:
    """Follow an artist or not; None: the other than now. Raises NotFound, or Conflict for
    oneself."""
    lock_open(user.pk)
    artist = (
        Artist.objects.select_for_update(no_key=True, of=("self",))
        .filter(pk=artist_id, user__closed_at=None, user__suspended_at=None)
        .exclude(pk__in=HiddenPerson.objects.kept_apart_from(user.pk))
        .first()
    )
    if artist is None:
        raise NotFound("There is no such artist.")
    if artist.pk == user.pk:
        raise Conflict("You cannot follow yourself.")
    is_there, change = _turn(Follow, is_following, follower=user, following=artist)
    artist.follower_count += change
    artist.save(update_fields=["follower_count"])
    return FollowState(is_following=is_there, follower_count=artist.follower_count)


def unfollow_each_other(one: User, other: User) -> None:
    """Neither follows the other any more. Runs in the caller's transaction, which has locked both
    people."""
    pair = Q(follower=one, following_id=other.pk) | Q(follower=other, following_id=one.pk)
    follows = Follow.objects.filter(pair)
    followed = list(follows.values_list("following_id", flat=True))
    artists = Artist.objects.select_for_update(no_key=True).filter(pk__in=followed).order_by("pk")
    locked = list(artists.values_list("pk", flat=True))
    follows.delete()
    Artist.objects.filter(pk__in=locked).update(follower_count=_count_of(Follow, "following"))


def pictures_of(user: User) -> GenerationQuerySet:
    """Those that the user ordered, likes or commented on."""
    found = Generation.objects.ordered_by(user.pk).values("pk")
    for kind in (Like, Comment):
        found = found.union(kind._default_manager.filter(user=user).values("generation_id"))
    return Generation.objects.filter(pk__in=found)


def forget_user(user: User) -> None:
    """Delete all likes, comments (with their replies) and follows of a user whose account is
    closed, and all who follow them. Runs in the caller's transaction.
    """
    pictures = Generation.objects.filter(Q(likes__user=user) | Q(comments__user=user)).values("pk")
    touched = Generation.objects.filter(pk__in=pictures).lock()
    Like.objects.filter(user=user).delete()
    Comment.objects.filter(user=user).delete()
    Generation.objects.filter(pk__in=touched).update(
        like_count=_count_of(Like, "generation"),
        comment_count=_count_of(Comment, "generation", hidden_at=None),
    )
    followed = Follow.objects.filter(follower=user).values("following_id")
    artists = list(
        Artist.objects.select_for_update(no_key=True)
        .filter(Q(pk__in=followed) | Q(pk=user.pk))
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    Follow.objects.filter(Q(follower=user) | Q(following_id=user.pk)).delete()
    Artist.objects.filter(pk__in=artists).update(follower_count=_count_of(Follow, "following"))


def _count_of(kind: type[Like | Comment | Follow], column: str, **which: object) -> Coalesce:
    """The number of rows of ``kind`` whose ``column`` refers to the outer row."""
    rows = kind._default_manager.filter(**{column: OuterRef("pk")}, **which).order_by()
    counted = rows.values(column).annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted), 0)


def _turn(kind: type[Like | Follow], wanted: bool | None, **whose: Any) -> tuple[bool, int]:
    """Whether a row of ``kind`` is there from now on, and by how much that changes their number.

    ``wanted`` is None for the other than now.
    """
    if wanted is False:
        return False, -kind._default_manager.filter(**whose).delete()[0]
    row, is_new = kind._default_manager.get_or_create(**whose)
    if is_new or wanted:
        return True, int(is_new)
    row.delete()
    return False, -1


def _lock_public(generation_id: int, user: User) -> Generation:
    picture = (
        Generation.objects.public()
        .visible_to(user)
        .exclude(user_id__in=HiddenPerson.objects.kept_apart_from(user.pk))
        .select_for_update(no_key=True, of=("self",))
        .filter(pk=generation_id)
        .first()
    )
    if picture is None:
        raise NotFound("There is no such picture.")
    return picture
