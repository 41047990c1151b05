"""Ordering a picture and following its progress."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from app.exceptions import DomainError, NotFound, RateLimited, TermsChanged
from app.models import Generation, Style, User
from app.services import generation_service
from app.services.orders import placing
from app.utils import tag_names
from web import kept, once
from web.access import form_of, go, signed_in
from web.forms.making import MakeForm
from web.forms.prompts import offer_formats
from web.phrases import explain, explain_all
from web.views.styles import style_page
from words import understand

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

# Of a prompt that is read while it is being written.
MAX_LENGTH = 1100
# Far behind in the queue, polling once a second is not necessary.
POLL_SECONDS, POLL_SECONDS_BEHIND, FAR_BEHIND = 1, 4, 3


@form_of("/styles/{style_id}", "#make")
@signed_in
def make(request: HttpRequest, user: User, style_id: int) -> HttpResponse:
    """Order pictures; a second click on the same form leads to the same ones."""
    style = Style.objects.detail(user, style_id)
    form = MakeForm(request.POST)
    offer_formats(form, style.engine)
    form.ask_for_prompt(style.engine)
    if "buy" in request.POST:
        response = go(request, f"/wallet?{urlencode({'next': kept.here(request)})}")
        kept.keep(request, response)
        return response
    if not form.is_valid():
        return style_page(request, style, form, status=400)
    try:
        # Before what is unknown: nobody can order the picture without a change then.
        form.require_allowed_words(style)
        if form.tell_unknown_words(style.engine):
            response = style_page(request, style, form)
            kept.keep(request, response)
            return response
        page = _ordered(user, style_id, form)
    except NotFound:
        raise
    except RateLimited as error:
        form.add_error(None, explain(error))
        response = style_page(request, style, form, status=429)
        response["Retry-After"] = str(error.seconds)
        return response
    except DomainError as error:
        form.add_error(None, explain_all(error))
        if isinstance(error, TermsChanged):
            form.show_terms(str(style.terms_id))
        return style_page(request, style, form, status=409)
    return go(request, page)


def _ordered(user: User, style_id: int, form: MakeForm) -> str:
    """Order what the form says, once. Returns the page of the picture, or of the order of several.
    Raises DomainError."""
    if form.cleaned_data["count"] == 1:
        order, kind = form.order(), "generate"

        def act() -> str:
            made = generation_service.request_generation(user=user, style_id=style_id, **order)
            return str(made.pk)
    else:
        order, kind = form.order_of_several(style_id), "orders"

        def act() -> str:
            return f"orders/{placing.place(user=user, **order).pk}"

    made = once.run_limited(
        user=user, kind=kind, key=form.cleaned_data["key"], what=(style_id, order), act=act
    )
    return f"/pictures/{made}" if made.isdecimal() else f"/{made}"


@require_safe
def words(request: HttpRequest) -> HttpResponse:
    """The words of a prompt that are unknown, asked for while it is being written."""
    given = request.GET.get("words", "")[:MAX_LENGTH]
    unknown = understand(tag_names.split(given)).unknown_words
    return render(request, "web/parts/unknown_words.html", {"unknown": unknown})


@require_safe
def progress(request: HttpRequest, picture_id: int) -> HttpResponse:
    """The progress of a picture, polled by its page. When it has ended, the page reloads."""
    shown = watched(request.user, picture_id)
    if not shown["picture"].is_under_way:
        return go(request, f"/pictures/{picture_id}")
    return render(request, "web/parts/progress.html", shown)


@form_of("/pictures/{picture_id}")
@signed_in
def cancel(request: HttpRequest, user: User, picture_id: int) -> HttpResponse:
    try:
        canceled = generation_service.cancel(user=user, generation_id=picture_id)
    except NotFound:
        raise
    except DomainError as error:
        messages.error(request, explain(error))
    else:
        said = _("Canceled. %(cost)s tokens were refunded.")
        messages.success(request, said % {"cost": f"{canceled.cost:,}"})
    return go(request, f"/pictures/{picture_id}")


def watched(viewer: User | AnonymousUser, picture_id: int) -> dict[str, Any]:
    """The context of a picture that is being made: the picture, its position in the queue (None if
    it is not queued), and the seconds until the next poll.
    """
    pictures = Generation.objects.visible_to(viewer).with_people().with_queue_position()
    picture = pictures.filter(pk=picture_id).first()
    if picture is None:
        raise NotFound("There is no such picture.")
    place: int | None = getattr(picture, "queue_position", None)
    is_behind = (place or 0) > FAR_BEHIND
    return {
        "picture": picture,
        "place": place,
        "poll_seconds": POLL_SECONDS_BEHIND if is_behind else POLL_SECONDS,
    }
