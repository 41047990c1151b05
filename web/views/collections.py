"""A user's collections: folders of their own pictures, which nobody else sees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from app.exceptions import DomainError, InvalidInput, NotFound
from app.models import Collection, User
from app.models.collection import counted
from app.services import collection_service
from web import kept, once
from web.access import form_of, go, local_path, signed_in
from web.forms.mine import CollectForm, CollectionForm
from web.paging import page_of
from web.phrases import explain, field_errors


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def collections(request: HttpRequest, user: User) -> HttpResponse:
    """All of them, and a form for a new one, with the pictures that were chosen for it."""
    form = CollectionForm(initial=kept.initial(request, request.path, CollectionForm))
    ids: list[int] = []
    if request.method == "POST":
        form = CollectionForm(request.POST)
        given = CollectForm(request.POST)
        ids = given.cleaned_data["picture"] if given.is_valid() else []
        if form.is_valid():
            try:
                made = _create(user, form, ids)
                return go(request, f"/mine?collection={made}")
            except DomainError as error:
                _explain(form, error)
    return _page(request, user, form, ids)


@form_of("/mine")
@signed_in
def collect(request: HttpRequest, user: User) -> HttpResponse:
    """Put the pictures that were chosen into a collection. A new one is given its name first."""
    back = local_path(request, request.POST.get("next", ""), "/mine")
    form = CollectForm(request.POST)
    if not form.is_valid():
        messages.error(request, form.said())
        return go(request, back)
    ids, collection_id = form.cleaned_data["picture"], form.cleaned_data["into"]
    if collection_id is None:
        return _page(request, user, CollectionForm(), ids)
    said = ngettext(
        "%(count)s picture is in “%(name)s” now.",
        "%(count)s pictures are in “%(name)s” now.",
        len(set(ids)),
    )
    add = partial(collection_service.add, user=user, collection_id=collection_id, image_ids=ids)
    return _changed(request, add, said, ids, back)


def take_out(
    request: HttpRequest, user: User, collection_id: int, ids: Sequence[int], back: str
) -> HttpResponse:
    """Take pictures out of the collection that is shown."""
    said = ngettext(
        "%(count)s picture was taken out of “%(name)s”.",
        "%(count)s pictures were taken out of “%(name)s”.",
        len(set(ids)),
    )
    remove = partial(
        collection_service.remove, user=user, collection_id=collection_id, image_ids=ids
    )
    return _changed(request, remove, said, ids, back)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def collection(request: HttpRequest, user: User, collection_id: int) -> HttpResponse:
    """Its name, which can be changed, and the way to delete it."""
    shown = counted(collection_service.find(user, collection_id))[0]
    initial = {"name": shown.name, **kept.initial(request, request.path, CollectionForm)}
    form = CollectionForm(initial=initial)
    this: dict[str, Any] = {"user": user, "collection_id": collection_id}
    if request.POST.get("act") == "delete":
        collection_service.delete(**this)
        messages.success(request, _("The collection is deleted. Its pictures are still yours."))
        return go(request, "/mine/collections")
    if request.method == "POST":
        form = CollectionForm(request.POST)
        if form.is_valid():
            try:
                collection_service.rename(**this, name=form.cleaned_data["name"])
            except NotFound:
                raise
            except DomainError as error:
                _explain(form, error)
            else:
                messages.success(request, _("Saved."))
                return go(request, request.path)
    content = {"collection": shown, "form": form}
    return render(request, "web/collection.html", content, status=400 if form.errors else 200)


def _changed(
    request: HttpRequest,
    change: Callable[[], Collection],
    said: str,
    ids: Sequence[int],
    back: str,
) -> HttpResponse:
    """Change which pictures are in a collection, say so, and go back."""
    try:
        name = change().name
    except DomainError as error:
        messages.error(request, explain(error))
    else:
        messages.success(request, said % {"count": len(set(ids)), "name": name})
    return go(request, back)


def _create(user: User, form: CollectionForm, ids: Sequence[int]) -> str:
    name = form.cleaned_data["name"]

    def act() -> str:
        return str(collection_service.create(user=user, name=name, image_ids=ids).pk)

    return once.run_form(user=user, form=form, what=("collection", name, *ids), act=act)


def _page(
    request: HttpRequest, user: User, form: CollectionForm, ids: Sequence[int]
) -> HttpResponse:
    form.renew_key()
    page = page_of(request, Collection.objects.of(user))
    counted(*page.rows)
    content = {"page": page, "form": form, "ids": ids}
    return render(request, "web/collections.html", content, status=400 if form.errors else 200)


def _explain(form: CollectionForm, error: DomainError) -> None:
    """Put what the service says to the field, or above the form."""
    said = field_errors(error) if isinstance(error, InvalidInput) else {}
    for name, messages_of in said.items():
        if name in form.fields:
            form.add_error(name, messages_of)
    if "name" not in said:
        form.add_error(None, explain(error))
