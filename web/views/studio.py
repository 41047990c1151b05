"""The studio: artists see their earnings and change their styles."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import IO

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from app.exceptions import (
    Conflict,
    DomainError,
    DuplicateStyleName,
    InvalidInput,
    InvalidTransition,
    NotAllowed,
    NotFound,
)
from app.models import (
    Artist,
    ArtistSite,
    NotificationType,
    ReviewState,
    Style,
    ThingKind,
    TrainingStatus,
    Transaction,
    User,
)
from app.models.notification import TargetType
from app.services import site_service, style_service, training_service, user_service
from app.services.safety import looking
from app.utils import clock
from app.utils.links import page_url
from web import kept
from web.access import artists_only, form_of, go, signed_in
from web.chart import Chart
from web.context import mark_seen, zone_of
from web.forms.studio import JoinForm, OwnSiteForm, OwnStyleForm, allowed_in
from web.paging import page_of
from web.phrases import explain, field_errors, likeness_to

CHART_DAYS = 30
MAX_DRAWING = 1_400_000  # a PNG of 1 MB in base64
PNG_PREFIX = "data:image/png;base64,"


@require_safe
@artists_only
def dashboard(request: HttpRequest, user: User) -> HttpResponse:
    """Earnings, uses, followers, and each style."""
    mark_seen(request, type=NotificationType.SALES)
    zone = zone_of(request)
    today = clock.now().astimezone(zone).date()
    since = clock.now() - timedelta(days=CHART_DAYS)
    daily = Transaction.objects.earned_daily(user.pk, since, zone)
    page = page_of(request, Style.objects.of(user).with_earnings(), size=12)
    content = {
        "page": page,
        "earned": Transaction.objects.earned_by(user.pk),
        "chart": Chart.of_days(daily, last=today, count=CHART_DAYS),
        "artist": style_service.artist_of(user),
        "uses": Style.objects.of(user).total_uses(),
    }
    return render(request, "web/studio/dashboard.html", content)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def join(request: HttpRequest, user: User) -> HttpResponse:
    """Become an artist, with a signature that is drawn here or uploaded."""
    if user.is_artist:
        return redirect("web:studio")
    form = JoinForm()
    if request.method == "POST":
        form = JoinForm(request.POST, request.FILES)
        if form.is_valid() and _join(form, request, user):
            messages.success(request, _("Welcome, artist. Your first style is one upload away."))
            return redirect("web:studio")
    content = {"form": form, "drawing": _shown_again(request)}
    status = 400 if form.errors else 200
    return render(request, "web/studio/join.html", content, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@artists_only
def profile(request: HttpRequest, user: User) -> HttpResponse:
    """The artist's name and signature."""
    artist = style_service.artist_of(user)
    typed = kept.initial(request, request.path, JoinForm)
    form = JoinForm(initial={"artist_name": artist.artist_name, **typed})
    if request.method == "POST":
        form = JoinForm(request.POST, request.FILES)
        if form.is_valid() and _join(form, request, user, act=user_service.update_artist):
            messages.success(request, _("Saved. The next pictures are signed like this."))
            return redirect("web:artist_profile")
    content = {
        "form": form,
        "drawing": _shown_again(request),
        "signature": artist.signature_image,
    }
    status = 400 if form.errors else 200
    return render(request, "web/studio/profile.html", content, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@artists_only
def own_site(request: HttpRequest, user: User) -> HttpResponse:
    """The site by which the artist proves who they are."""
    form = OwnSiteForm()
    if request.method == "POST":
        form = OwnSiteForm(request.POST)
        if "forget" in request.POST:
            site_service.forget_site(user)
            return redirect("web:own_site")
        if form.is_valid():
            try:
                site_service.name_site(user=user, url=form.cleaned_data["url"])
            except InvalidInput as error:
                form.add_error("url", field_errors(error)["url"])
            else:
                return redirect("web:own_site")
    site = ArtistSite.objects.filter(artist_id=user.pk).first()
    if not form.is_bound:
        form = OwnSiteForm(initial={"url": site.url if site else "https://"})
    content = {"form": form, "own": site, "page_here": page_url("artists", str(user.pk))}
    status = 400 if form.errors else 200
    return render(request, "web/studio/site.html", content, status=status)


def _join(
    form: JoinForm,
    request: HttpRequest,
    user: User,
    *,
    act: Callable[..., Artist] = user_service.become_artist,
) -> bool:
    """Take name and signature as they are; says whether they were taken."""
    signature: IO[bytes] | None = form.cleaned_data["signature_image"]
    try:
        act(
            user=user,
            artist_name=form.cleaned_data["artist_name"],
            signature_image=signature or _drawing(request.POST.get("drawing", "")),
        )
    except InvalidInput as error:
        for name, said in field_errors(error).items():
            form.add_error(name if name in form.fields else None, said)
    except Conflict as error:
        form.add_error(None, explain(error))
    return not form.errors


def _shown_again(request: HttpRequest) -> str:
    """What was drawn, for the page that says what else is wrong; "" if it is no drawing."""
    given = request.POST.get("drawing", "")
    return given if _drawing(given) else ""


def _drawing(data_uri: str) -> IO[bytes] | None:
    """The drawing from the canvas as a file; None if it is not a PNG."""
    if not data_uri.startswith(PNG_PREFIX) or len(data_uri) > MAX_DRAWING:
        return None
    try:
        return BytesIO(base64.b64decode(data_uri.removeprefix(PNG_PREFIX), validate=True))
    except binascii.Error:
        return None


@require_http_methods(["GET", "HEAD", "POST"])
@artists_only
def style(request: HttpRequest, user: User, style_id: int) -> HttpResponse:
    """The artist's own style: training, earnings and the form to change it."""
    own = _own_style(user, style_id)
    mark_seen(request, target_type=TargetType.STYLE, target_id=style_id)
    tags = [link.tag.name for link in own.style_tags.all()]
    typed = kept.initial(request, request.path, OwnStyleForm)
    key = str(own.terms_id).partition("/")[0]
    shown = {"name": own.name, "description": own.description, "price": own.price, "terms": key}
    allowed = allowed_in(own)
    form = OwnStyleForm(initial={**shown, **allowed, "tags": ", ".join(tags), **typed})
    if request.method == "POST":
        sent = request.POST.copy()
        sent.setdefault("name", own.name)
        for name, value in {"terms": key, **allowed}.items():
            sent.setdefault(name, value)
        form = OwnStyleForm(sent)
        if form.is_valid():
            try:
                style_service.update_style(user=user, style_id=style_id, **form.cleaned_data)
            except InvalidInput as error:
                for name, said in field_errors(error).items():
                    form.add_error(name if name in form.fields else None, said)
            except DuplicateStyleName as error:
                form.add_error("name", explain(error))
            else:
                messages.success(request, _("Saved. The new price applies to new pictures."))
                return redirect("web:own_style", style_id)
    content = {"style": own, "form": form, "price": own.price, "is_refused": _is_refused(own)}
    if own.withdrawn_reason or own.review_state in (ReviewState.WAITING, ReviewState.REFUSED):
        content["statement_id"] = looking.statement_for(user, ThingKind.STYLE, style_id)
    content["likeness"] = likeness_to(own)
    content["known"] = style_service.uploaded_before(user, style_id)
    status = 400 if form.errors else 200
    return render(request, "web/studio/style.html", content, status=status)


@require_safe
@artists_only
def training(request: HttpRequest, user: User, style_id: int) -> HttpResponse:
    """The progress of a training, polled by its page. When it has ended, the page reloads."""
    own = _own_style(user, style_id)
    if not own.is_under_way or own.review_state == ReviewState.WAITING:
        return go(request, f"/studio/styles/{style_id}")
    return render(request, "web/parts/training.html", {"style": own})


@form_of("/studio/styles/{style_id}")
@artists_only
def retrain(request: HttpRequest, user: User, style_id: int) -> HttpResponse:
    try:
        training_service.retrain(user=user, style_id=style_id)
    except NotFound:
        raise
    except DomainError as error:
        messages.error(request, explain(error))
    return go(request, f"/studio/styles/{style_id}")


@form_of("/studio/styles/{style_id}")
@artists_only
def upload_again(request: HttpRequest, user: User, style_id: int) -> HttpResponse:
    """Withdraw a style that could not be trained, so that its name is free, and fill in the form
    for another upload."""
    own = _own_style(user, style_id)
    if not _is_untrained(own):
        return go(request, f"/studio/styles/{style_id}")
    if not own.is_unoffered:  # a draft keeps nobody from its name once its training failed
        style_service.delete_style(user=user, style_id=style_id)
    return go(request, f"/studio/upload?again={style_id}")


@form_of("/studio/styles/{style_id}")
@artists_only
def discard(request: HttpRequest, user: User, style_id: int) -> HttpResponse:
    """Delete a draft with its works; what was offered is not."""
    if not _own_style(user, style_id).is_unoffered:
        return go(request, f"/studio/styles/{style_id}")
    try:
        style_service.delete_style(user=user, style_id=style_id)
    except InvalidTransition as error:
        messages.error(request, explain(error))
        return go(request, f"/studio/styles/{style_id}")
    messages.success(request, _("The draft is deleted, with its works."))
    return go(request, "/studio")


@form_of("/studio/styles/{style_id}")
@artists_only
def offer(request: HttpRequest, user: User, style_id: int) -> HttpResponse:
    """Withdraw the style, or offer it again.

    Withdrawn styles cannot be found or ordered from.
    """
    is_active = request.POST.get("offered") == "yes"
    was_draft = Style.objects.of(user).filter(pk=style_id, is_active=False, is_draft=True).exists()
    try:
        style_service.update_style(user=user, style_id=style_id, is_active=is_active)
    except (NotFound, NotAllowed):
        raise
    except DomainError as error:
        messages.error(request, explain(error))
    else:
        if not is_active:
            said = _("The style is withdrawn. Pictures made with it stay.")
        elif was_draft:
            said = _("The style is offered: everybody can find it and order from it.")
        else:
            said = _("The style is offered again.")
        messages.success(request, said)
    return go(request, f"/studio/styles/{style_id}")


def _is_refused(style: Style) -> bool:
    """Whether none of its works were taken: there is nothing to train."""
    return _is_untrained(style) and not style.artworks.all()


def _is_untrained(style: Style) -> bool:
    """Whether its works may still be others: a training that ended well is final."""
    is_held = style.review_state == ReviewState.WAITING
    return is_held or style.training_status == TrainingStatus.FAILED


def _own_style(user: User, style_id: int) -> Style:
    styles = Style.objects.of(user).with_artist().with_tags().with_artworks().with_earnings()
    own = styles.filter(pk=style_id).first()
    if own is None:
        raise NotFound("There is no such style.")
    return own
