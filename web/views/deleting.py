"""Deleting one's own pictures, after a question, and putting them back within a week."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from app.exceptions import NotFound
from app.models import Generation, User
from app.models.reads.picture import with_keys
from app.services import deletion_service
from web.access import form_of, go, local_path, signed_in
from web.forms.mine import PicturesForm
from web.paging import page_of

# Of those that are to be deleted, so many are shown.
SHOWN = 12


@require_safe
@signed_in
def delete_one(request: HttpRequest, user: User, picture_id: int) -> HttpResponse:
    """Ask whether to delete a picture."""
    if not Generation.objects.kept_by(user.pk).ended().filter(pk=picture_id).exists():
        raise NotFound("There is no such picture.")
    return _question(request, user, [picture_id], f"/pictures/{picture_id}")


@form_of("/mine")
@signed_in
def delete(request: HttpRequest, user: User) -> HttpResponse:
    """Ask whether to delete the pictures that were chosen; and delete them, if the answer is
    yes."""
    back = local_path(request, request.POST.get("next", ""), "/mine")
    form = PicturesForm(request.POST)
    if not form.is_valid():
        messages.error(request, form.said())
        return go(request, back)
    ids = form.cleaned_data["picture"]
    if "sure" not in request.POST:
        return _question(request, user, ids, back)
    count = deletion_service.delete_several(user=user, generation_ids=ids)
    if count:
        said = ngettext(
            "%(count)s picture was deleted. For a week, you find it under “Deleted pictures”.",
            "%(count)s pictures were deleted. For a week, you find them under “Deleted pictures”.",
            count,
        )
        messages.success(request, said % {"count": count})
    else:
        messages.error(request, _nothing())
    # The page of a picture that is gone shows nothing.
    return go(request, "/mine" if back.startswith("/pictures/") else back)


@require_safe
@signed_in
def deleted(request: HttpRequest, user: User) -> HttpResponse:
    """What was deleted and can be put back."""
    page = page_of(request, deletion_service.restorable(user))
    rows = [(each, each.deleted_at + deletion_service.KEPT_FOR) for each in page.rows]
    return render(request, "web/deleted.html", {"page": page, "rows": rows})


@form_of("/mine/deleted")
@signed_in
def restore(request: HttpRequest, user: User) -> HttpResponse:
    """Put the pictures back that were chosen."""
    form = PicturesForm(request.POST)
    if not form.is_valid():
        messages.error(request, form.said())
        return go(request, "/mine/deleted")
    ids = form.cleaned_data["picture"]
    count = deletion_service.restore_several(user=user, generation_ids=ids)
    if count:
        said = ngettext(
            "%(count)s picture was put back. It is private.",
            "%(count)s pictures were put back. They are private.",
            count,
        )
        messages.success(request, said % {"count": count})
    else:
        messages.error(request, _("These pictures cannot be put back any more."))
    return go(request, "/mine/deleted")


def _question(request: HttpRequest, user: User, ids: Sequence[int], back: str) -> HttpResponse:
    found = Generation.objects.of(user).select_related("licence").filter(pk__in=ids)
    under_way = found.under_way().count()
    chosen = list(found.ended())
    if not chosen:
        messages.error(request, _nothing())
        return go(request, back)
    content = {
        "chosen": chosen,
        "shown": with_keys(chosen[:SHOWN]),
        "more": max(0, len(chosen) - SHOWN),
        "under_way": under_way,
        "is_public": any(picture.is_public for picture in chosen),
        "has_licence": any(getattr(picture, "licence", None) for picture in chosen),
        "back": back,
    }
    return render(request, "web/delete.html", content)


def _nothing() -> str:
    return _("None of these pictures can be deleted: they are gone, or still being made.")
