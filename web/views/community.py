"""Likes, comments, follows."""

from __future__ import annotations

from contextlib import suppress
from itertools import chain

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from app.exceptions import DomainError, InvalidInput, NotFound
from app.models import User
from app.models.ownership import is_owner
from app.services import community_service, moderation_service, people_service
from web import kept, once
from web.access import form_of, go, local_path, signed_in, wants_part
from web.forms.picture import CommentForm
from web.phrases import explain, field_errors


@form_of("/pictures/{picture_id}")
@signed_in
def like(request: HttpRequest, user: User, picture_id: int) -> HttpResponse:
    """Like or unlike. htmx gets the new button; other clients return to their page."""
    wanted = _wanted(request)
    state = community_service.set_like(user=user, generation_id=picture_id, is_liked=wanted)
    if wants_part(request):
        picture = {"pk": picture_id, "like_count": state.like_count, "is_liked": state.is_liked}
        return render(request, "web/parts/like.html", {"picture": picture})
    return _back(request, f"/pictures/{picture_id}")


@form_of("/pictures/{picture_id}", "#comments")
@signed_in
def comment(request: HttpRequest, user: User, picture_id: int) -> HttpResponse:
    form = CommentForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Write a comment of 1 to 500 characters."))
        return _again(request, picture_id)
    said = {name: form.cleaned_data[name] for name in ("content", "parent_id")}
    try:
        comment_id = once.run_form(
            user=user,
            form=form,
            what=("comment", picture_id, said),
            act=lambda: str(
                community_service.add_comment(user=user, generation_id=picture_id, **said).pk
            ),
        )
    except NotFound:
        raise
    except InvalidInput as error:
        messages.error(request, " ".join(chain(*field_errors(error).values())))
        return _again(request, picture_id)
    except DomainError as error:
        messages.error(request, explain(error))
        return _again(request, picture_id)
    return go(request, f"/pictures/{picture_id}#comment-{comment_id}")


def _again(request: HttpRequest, picture_id: int) -> HttpResponse:
    """The picture's page, with the comment in its field."""
    response = go(request, f"/pictures/{picture_id}?{kept.MARK}=1#comments")
    kept.keep(request, response)
    return response


@form_of("/")
@signed_in
def delete_comment(request: HttpRequest, user: User, comment_id: int) -> HttpResponse:
    """One's own. What our staff removes has a ground and a reason: ``desk.about_comment``."""
    # Who presses twice sees the second answer, when it is gone.
    with suppress(NotFound):
        moderation_service.delete_comment(user=user, comment_id=comment_id, may_change=is_owner)
    messages.success(request, _("The comment is deleted."))
    return _back(request, "/")


@form_of("/artists/{artist_id}")
@signed_in
def follow(request: HttpRequest, user: User, artist_id: int) -> HttpResponse:
    wanted = _wanted(request)
    state = community_service.set_follow(user=user, artist_id=artist_id, is_following=wanted)
    if wants_part(request):
        content = {"artist_id": artist_id, **vars(state)}
        return render(request, "web/parts/follow.html", content)
    return _back(request, f"/artists/{artist_id}")


@form_of("/users/{person_id}")
@signed_in
def block(request: HttpRequest, user: User, person_id: int) -> HttpResponse:
    wanted = _wanted(request) is not False
    people_service.set_block(user=user, person_id=person_id, is_blocked=wanted)
    if wanted:
        messages.success(request, _("You do not see each other any more."))
    else:
        messages.success(request, _("You see each other again."))
    return _back(request, f"/users/{person_id}")


@form_of("/users/{person_id}")
@signed_in
def mute(request: HttpRequest, user: User, person_id: int) -> HttpResponse:
    wanted = _wanted(request) is not False
    people_service.set_mute(user=user, person_id=person_id, is_muted=wanted)
    if wanted:
        messages.success(request, _("You do not see this person any more."))
    else:
        messages.success(request, _("You see this person again."))
    return _back(request, f"/users/{person_id}")


def _wanted(request: HttpRequest) -> bool | None:
    """What the button says that was pressed; None in a form of a page made before it did."""
    return {"yes": True, "no": False}.get(request.POST.get("wanted", ""))


def _back(request: HttpRequest, default: str) -> HttpResponse:
    """Redirect to the page that the form names."""
    return go(request, local_path(request, request.POST.get("next", ""), default))
