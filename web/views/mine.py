"""A user's own pictures: found, and published or downloaded together."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from app.exceptions import InvalidInput
from app.models import Generation, GenerationStatus, User, Visibility
from app.models.generation import GenerationQuerySet
from app.models.order import MAX_PICTURES
from app.models.reads.picture import find_own, with_keys
from app.services import generation_service
from web.access import form_of, go, local_path, signed_in, wants_part
from web.forms.mine import KINDS, ChosenForm, OwnForm
from web.paging import page_of
from web.views.collections import take_out
from web.views.orders import zipped

# The id of the form that pictures are chosen for.
CHOOSER = "chosen"


@require_safe
@signed_in
def mine(request: HttpRequest, user: User) -> HttpResponse:
    """The pictures that the user ordered, in every state, newest first."""
    form = OwnForm(user, request.GET)
    page = page_of(request, _found(user, form))
    page.rows[:] = with_keys(page.rows)
    content = {"page": page, "kind": form.kind, "form": form, "chooser": CHOOSER}
    if wants_part(request):
        return render(request, "web/parts/wall_items.html", content)
    query = request.GET.copy()
    query.pop("after", None)
    content |= {
        "query": query.urlencode(),
        "is_narrowed": any(form.narrowed().values()),
        "has_finished": any(row.image_url for row in page.rows),
        "has_ended": any(row.has_ended for row in page.rows),
        "most": MAX_PICTURES,
    }
    return render(request, "web/mine.html", content)


@require_safe
@signed_in
def archive(request: HttpRequest, user: User) -> HttpResponse:
    """The finished ones of those found as one ZIP, the newest if they are very many."""
    form = OwnForm(user, request.GET)
    if not form.is_valid():
        # Nobody who asks for some wants all of them.
        raise InvalidInput
    found = _found(user, form).filter(status=GenerationStatus.COMPLETED)
    collection = form.shown_collection
    name = f"collection-{collection.pk}.zip" if collection else "pictures.zip"
    return zipped(found[:MAX_PICTURES], name)


@form_of("/mine")
@signed_in
def chosen(request: HttpRequest, user: User) -> HttpResponse:
    """Download, publish or hide the pictures that were chosen, or take them out of a collection."""
    back = local_path(request, request.POST.get("next", ""), "/mine")
    form = ChosenForm(request.POST)
    if not form.is_valid():
        messages.error(request, form.said())
        return go(request, back)
    ids, act = form.cleaned_data["picture"], form.cleaned_data["act"]
    if act == "out":
        return take_out(request, user, form.cleaned_data["collection"] or 0, ids, back)
    if act == "zip":
        pictures = Generation.objects.of(user, status=GenerationStatus.COMPLETED)
        wanted = pictures.select_related("licence").filter(pk__in=ids)
        if wanted.exists():
            return zipped(wanted, "pictures.zip")
        messages.error(request, _("None of these pictures is ready."))
        return go(request, back)
    count = generation_service.set_visibility(user=user, generation_ids=ids, visibility=act)
    if act == Visibility.PUBLIC:
        said = ngettext("%(count)s picture was published.", "%(count)s were published.", count)
    else:
        said = ngettext("%(count)s picture is private now.", "%(count)s are private now.", count)
    messages.success(request, said % {"count": count})
    return go(request, back)


def _found(user: User, form: OwnForm) -> GenerationQuerySet:
    return find_own(user, **KINDS[form.kind], **form.narrowed())
