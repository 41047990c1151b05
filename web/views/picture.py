"""The page of a picture."""

from __future__ import annotations

from itertools import chain
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from app.exceptions import InvalidInput, NotFound
from app.models import Comment, Generation, GenerationStatus, Rating, ThingKind, User
from app.models.notification import TargetType
from app.services import archives, generation_service
from app.services.safety import looking
from app.utils.links import download_link, link
from web import kept, structured
from web.access import form_of, go, signed_in
from web.context import mark_seen
from web.forms.picture import CommentForm, PictureForm
from web.paging import page_of
from web.phrases import field_errors
from web.views.making import watched

COMMENTS_ON_A_PAGE = 20


@require_safe
def picture(request: HttpRequest, picture_id: int) -> HttpResponse:
    """A finished picture, or its progress."""
    viewer = request.user
    shown = Generation.objects.detail(viewer, picture_id)
    is_owner = shown.user_id == viewer.pk
    mark_seen(request, target_type=TargetType.IMAGE, target_id=picture_id)
    if shown.status != GenerationStatus.COMPLETED:
        return render(request, "web/making.html", watched(viewer, picture_id))
    content: dict[str, object] = {
        "picture": shown,
        "is_owner": is_owner,
        "is_veiled": shown.is_veiled_for(viewer),
    }
    content["structured"] = "" if content["is_veiled"] else structured.of_picture(shown)
    if is_owner:
        if isinstance(viewer, User) and (shown.hidden_reason or shown.rating != Rating.GENERAL):
            content["statement_id"] = looking.statement_for(viewer, ThingKind.PICTURE, picture_id)
        content["form"] = PictureForm(
            initial={
                "description": shown.description,
                **kept.initial(request, f"/pictures/{picture_id}/edit", PictureForm),
            }
        )
    if shown.is_public:
        comments = Comment.objects.on_public(picture_id, viewer).with_author().threads()
        page = page_of(request, comments, size=COMMENTS_ON_A_PAGE)
        content["comments"] = page
        # Some may be hidden from this viewer. Where all are on one page, counting them is free.
        is_whole = page.is_first and not page.next_url
        content["comment_count"] = len(page.rows) if is_whole else shown.comment_count
        content["comment_form"] = CommentForm(initial=_kept_comment(request, picture_id))
    return render(request, "web/picture.html", content)


def _kept_comment(request: HttpRequest, picture_id: int) -> dict[str, Any]:
    """A comment that was sent before; a reply too is shown in the form for comments."""
    return kept.initial(request, f"/pictures/{picture_id}/comments", CommentForm)


@require_safe
def image(request: HttpRequest, picture_id: int) -> HttpResponse:
    """A permanent address of a public picture's file, for links from other sites."""
    public = Generation.objects.public().shown_to(AnonymousUser())
    shown = public.filter(pk=picture_id).first()
    if shown is None:
        raise NotFound("There is no such picture.")
    response = redirect(link(shown.image_path))
    response["Cache-Control"] = "public, max-age=300"
    return response


@require_safe
@signed_in
def download(request: HttpRequest, user: User, picture_id: int) -> HttpResponse:
    """Download the file, for the buyer."""
    own = Generation.objects.of(user, status=GenerationStatus.COMPLETED)
    shown = own.filter(pk=picture_id).first()
    if shown is None:
        raise NotFound("There is no such picture.")
    return redirect(download_link(shown.image_path, archives.file_name(shown)))


@form_of("/pictures/{picture_id}")
@signed_in
def edit(request: HttpRequest, user: User, picture_id: int) -> HttpResponse:
    """Publish or hide the picture, or describe it."""
    form = PictureForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("The description is too long: at most 500 characters."))
    else:
        try:
            changes = form.changes()
            generation_service.update_generation(user=user, generation_id=picture_id, **changes)
        except InvalidInput as error:
            messages.error(request, " ".join(chain(*field_errors(error).values())))
        else:
            messages.success(request, _("Saved."))
    return go(request, f"/pictures/{picture_id}")
