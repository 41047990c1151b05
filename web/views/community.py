"""Likes, comments, follows."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from app.exceptions import DomainError, NotFound
from app.models import User
from app.services import community_service, moderation_service
from web.access import go, local_path, signed_in, wants_part
from web.forms import CommentForm
from web.phrases import explain


@require_POST
@signed_in
def like(request: HttpRequest, user: User, picture_id: int) -> HttpResponse:
    """Like or unlike. htmx gets the new button; other clients return to their page."""
    state = community_service.toggle_like(user=user, generation_id=picture_id)
    if wants_part(request):
        picture = {"pk": picture_id, "like_count": state.like_count, "is_liked": state.is_liked}
        return render(request, "web/parts/like.html", {"picture": picture})
    return _back(request, f"/pictures/{picture_id}")


@require_POST
@signed_in
def comment(request: HttpRequest, user: User, picture_id: int) -> HttpResponse:
    form = CommentForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Write a comment of 1 to 500 characters."))
        return go(request, f"/pictures/{picture_id}#comments")
    try:
        added = community_service.add_comment(
            user=user,
            generation_id=picture_id,
            content=form.cleaned_data["content"],
            parent_id=form.cleaned_data["parent_id"],
        )
    except NotFound:
        raise
    except DomainError as error:
        messages.error(request, explain(error))
        return go(request, f"/pictures/{picture_id}#comments")
    return go(request, f"/pictures/{picture_id}#comment-{added.pk}")


@require_POST
@signed_in
def delete_comment(request: HttpRequest, user: User, comment_id: int) -> HttpResponse:
    moderation_service.delete_comment(user=user, comment_id=comment_id)
    messages.success(request, _("The comment is deleted."))
    return _back(request, "/")


@require_POST
@signed_in
def follow(request: HttpRequest, user: User, artist_id: int) -> HttpResponse:
    state = community_service.toggle_follow(user=user, artist_id=artist_id)
    if wants_part(request):
        content = {"artist_id": artist_id, **vars(state)}
        return render(request, "web/parts/follow.html", content)
    return _back(request, f"/artists/{artist_id}")


def _back(request: HttpRequest, default: str) -> HttpResponse:
    """Redirect to the page that the form names."""
    return go(request, local_path(request, request.POST.get("next", ""), default))
