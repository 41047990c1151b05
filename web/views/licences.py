"""Licences and terms as pages: for whoever wants to know what a picture may be used for."""

from __future__ import annotations

import io
from typing import Any

import segno
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from app.exceptions import NotFound
from app.models import Licence, Rating, ThingKind, TrainingManifest, User
from app.services import storage
from app.services.licences import books, certificate, manifest, numbers, states, terms
from app.services.safety import looking
from app.utils.links import page_url
from web import card
from web.access import form_of, go, signed_in


@require_safe
def licence(request: HttpRequest, number: str) -> HttpResponse:
    """The certificate, to be read, shown and printed."""
    found = _numbered(number)
    if found.number != number:
        return redirect("web:licence_page", found.number)
    content = described(request, found)
    if isinstance(request.user, User) and not found.is_valid:
        kind = ThingKind.PICTURE
        content["statement_id"] = looking.statement_for(request.user, kind, found.pk)
    content |= {
        "code": _code(content["shown"]["url"]),
        "booked": books.day_of(found),
        "manifest": TrainingManifest.objects.filter(pk=found.generation.style_id).first(),
    }
    return render(request, "web/certificate.html", content)


def described(request: HttpRequest, found: Licence) -> dict[str, Any]:
    """What pages show of a licence, to whoever looks at them."""
    viewer_id = request.user.pk if isinstance(request.user, User) else None
    picture = found.generation
    return {
        "licence": found,
        "shown": certificate.public(found, request.user),
        "picture": picture,
        "terms": words_of(terms.of_order(picture.terms_id)),
        "is_buyer": viewer_id == found.user_id,
        "is_seen": certificate.is_shown(picture, request.user),
    }


@require_safe
def credential(request: HttpRequest, number: str) -> HttpResponse:
    """The certificate as a file that programs check."""
    found = _numbered(number)
    response = HttpResponse(
        certificate.certified(found)["certificate"],
        content_type=f"application/{certificate.MEDIA_TYPE}",
    )
    response["Content-Disposition"] = f'attachment; filename="{found.number}.jwt"'
    return response


@form_of("/licences/{number}")
@signed_in
def name_buyer(request: HttpRequest, user: User, number: str) -> HttpResponse:
    """Show the buyer's name with the licence, or no longer."""
    states.name_buyer(user=user, number=number, buyer_is_named=request.POST.get("named") == "yes")
    return go(request, f"/licences/{number}")


@require_safe
@cache_control(public=True, max_age=1)
def preview(request: HttpRequest, number: str) -> HttpResponse:
    """What other sites show of a link to a licence. It has no words that may turn private, and is
    as short-lived as all that says whether a licence holds."""
    found = _numbered(number)
    picture = found.generation
    shown = b""
    is_everybodys = picture.is_public and picture.rating == Rating.GENERAL
    if is_everybodys and (key := picture.preview_path or picture.image_path):
        with storage.open_file(key) as content:
            shown = content.read()
    drawn = io.BytesIO()
    address = page_url("licences", found.number)
    card.draw(found.number, address, shown, is_valid=found.is_valid).save(drawn, "PNG")
    return HttpResponse(drawn.getvalue(), content_type="image/png")


@require_safe
def terms_page(request: HttpRequest, key: str, version: int) -> HttpResponse:
    """One version of the terms, in the visitor's language."""
    return render(request, "web/terms.html", {"terms": words_of(_published(key, version))})


@require_safe
def terms_text(request: HttpRequest, key: str, version: int) -> HttpResponse:
    """The text whose SHA-256 the certificates name, byte by byte."""
    document = _published(key, version).document
    return HttpResponse(document, content_type="text/plain; charset=utf-8")


@require_safe
def training_manifest(request: HttpRequest, style_id: int) -> HttpResponse:
    """What a style was trained on, byte by byte as its SHA-256 is taken."""
    made = manifest.of(style_id)
    return HttpResponse(manifest.canonical(made.content), content_type="application/json")


def words_of(published: terms.PublishedTerms) -> dict[str, object]:
    """The terms, and their words in the visitor's language."""
    words = published.words.get(get_language() or "en", published.words["en"])
    return {"published": published, "words": words}


def _published(key: str, version: int) -> terms.PublishedTerms:
    try:
        return terms.published(f"{key}/{version}")
    except KeyError:
        raise NotFound(_("There are no such terms.")) from None


def _numbered(number: str) -> Licence:
    try:
        return Licence.objects.numbered(numbers.parse(number))
    except numbers.WrongNumber as error:
        raise NotFound(str(error)) from error


def _code(address: str) -> SafeString:
    """A QR code as SVG, for the page; black on white, whatever the theme."""
    drawn = segno.make(address, error="m").svg_inline(
        border=2, dark="#000", light="#fff", svgclass="code", lineclass=None, omitsize=True
    )
    return SafeString(drawn)
