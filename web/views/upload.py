"""Uploading a style: each file is judged before it is sent, and all of them after."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from app.exceptions import DomainError, InvalidInput, UploadRejected
from app.models import Style, User
from app.models.style import MAX_PRICE, MIN_PRICE
from app.services import style_service
from app.services.licences import declaration
from app.services.uploads import image_service
from web import kept, once
from web.access import View, artists_only, form_of, go, wants_part
from web.forms.studio import UploadForm, allowed_in
from web.phrases import explain, field_errors, say


@dataclass(frozen=True)
class Verdict:
    """What became of one file of an upload that was refused."""

    file_name: str
    message: str


def _stays(view: View[[]]) -> View[[]]:
    """A page that holds files is not left for the sign-in: its script is told, with a link."""

    @wraps(view)
    def checked(request: HttpRequest) -> HttpResponse:
        is_page = "text/html" in request.headers.get("Accept", "")
        is_from_script = getattr(request, "htmx", False) or not is_page
        if request.method == "POST" and is_from_script and not isinstance(request.user, User):
            return render(request, "web/parts/signed_out.html", status=401)
        return view(request)

    return checked


@require_http_methods(["GET", "HEAD", "POST"])
@_stays
@artists_only
def upload(request: HttpRequest, user: User) -> HttpResponse:
    if request.method != "POST":
        return _page(request, UploadForm(initial=_given_before(request, user)))
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, form)
    asked = {
        name: form.cleaned_data[name]
        for name in (
            *("name", "description", "price", "tags", "terms", "images", "image_tags"),
            *("sample_prompts", "allows_mature", "excluded_subjects"),
        )
    }
    asked["engine"] = form.cleaned_data.get("engine") or None
    asked["is_draft"] = form.cleaned_data["offer"] == "by_hand"
    try:
        declaration.accept(user, form.cleaned_data["wording"])
        style_id = once.run(
            user=user,
            key=form.cleaned_data["key"],
            fingerprint=_fingerprint(asked),
            prepare=partial(style_service.prepare_upload, user=user, **asked),
            act=lambda prepared: str(style_service.create_style(prepared).pk),
            discard=lambda prepared: prepared.discard(),
        )
    except InvalidInput as error:
        for name, said in field_errors(error).items():
            form.add_error(name if name in form.fields else None, said)
    except UploadRejected as error:
        form.add_error("images", explain(error))
        return _page(request, form, verdicts=_verdicts(error, asked["images"]))
    except DomainError as error:
        form.add_error("name" if error.code == "DUPLICATE_STYLE_NAME" else None, explain(error))
    else:
        return go(request, f"/studio/styles/{style_id}")
    return _page(request, form)


@form_of("/studio/upload")
@_stays
@artists_only
def check(request: HttpRequest, user: User) -> HttpResponse:
    """The verdict on one file, before the whole upload is sent."""
    file = request.FILES.get("image")
    if file is None:
        return _verdict(request, is_good=False, message=_("No file was received."))
    try:
        image = image_service.check_image(file)
    except UploadRejected as error:
        return _verdict(request, is_good=False, message=explain(error))
    size = _("%(width)s × %(height)s, good") % {"width": image.width, "height": image.height}
    return _verdict(request, is_good=True, message=size, digest=image.sha256)


@require_safe
@artists_only
def earnings(request: HttpRequest, user: User) -> HttpResponse:
    """What a price earns for each format."""
    price = _price(request.GET.get("price", ""))
    content = {"price": price, "engine": request.GET.get("engine", "")}
    return render(request, "web/parts/earnings.html", content)


def _page(
    request: HttpRequest, form: UploadForm, verdicts: tuple[Verdict, ...] = ()
) -> HttpResponse:
    form.renew_key()
    content: dict[str, Any] = {
        "form": form,
        "verdicts": verdicts,
        "price": _price(str(form["price"].value())),
        "engine": form.data.get("engine", ""),
        "min_images": image_service.MIN_IMAGES,
        "max_images": image_service.MAX_IMAGES,
        "max_megabytes": image_service.MAX_BYTES // 1024 // 1024,
        "min_side": image_service.MIN_SIDE,
    }
    if wants_part(request):
        # The page keeps the chosen files; it only shows what is wrong.
        return render(request, "web/parts/upload_errors.html", content)
    status = 400 if form.errors else 200
    return render(request, "web/studio/upload.html", content, status=status)


def _price(given: str) -> int | None:
    """The price that is meant; None if it is no price."""
    price = int(given) if given.isascii() and given.isdecimal() and len(given) < 8 else 0
    return price if MIN_PRICE <= price <= MAX_PRICE else None


def _given_before(request: HttpRequest, user: User) -> dict[str, Any]:
    """What the artist said of the style that this one replaces."""
    if typed := kept.initial(request, request.path, UploadForm):
        return typed
    style_id = request.GET.get("again", "")
    if not style_id.isascii() or not style_id.isdecimal() or len(style_id) > 18:
        return {}
    style = Style.objects.of(user).with_tags().filter(pk=int(style_id)).first()
    if style is None:
        return {}
    tags = ", ".join(link.tag.name for link in style.style_tags.all())
    shown = {"name": style.name, "description": style.description, "price": style.price}
    return {**shown, "tags": tags, **allowed_in(style)}


def _verdict(
    request: HttpRequest, *, is_good: bool, message: str, digest: str = ""
) -> HttpResponse:
    """``digest`` lets the page see that it holds the same file twice."""
    content = {"is_good": is_good, "message": message, "digest": digest}
    return render(request, "web/parts/verdict.html", content)


def _verdicts(error: UploadRejected, files: list[Any]) -> tuple[Verdict, ...]:
    bad = (error.details or {}).get("images", [])
    return tuple(
        Verdict(files[each["index"]].name, say(each["code"], each["message"])) for each in bad
    )


def _fingerprint(asked: dict[str, Any]) -> str:
    """SHA-256 over the fields and the files' contents."""
    fields = {name: value for name, value in asked.items() if name != "images"}
    digest = hashlib.sha256(repr(sorted(fields.items())).encode())
    for file in asked["images"]:
        file.seek(0)
        digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
