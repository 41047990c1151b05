"""Who may see a page."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlencode, urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme

from app.models import User

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
UserView = Callable[Concatenate[HttpRequest, User, P], HttpResponse]


def signed_in(view: UserView[P]) -> View[P]:
    """Pass the signed-in user to ``view``. Others sign in first and return to the page."""

    @wraps(view)
    def checked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if isinstance(request.user, User):
            return view(request, request.user, *args, **kwargs)
        query = urlencode({"next": _way_back(request)})
        return go(request, f"{resolve_url('web:sign_in')}?{query}")

    return checked


def artists_only(view: UserView[P]) -> View[P]:
    """Like ``signed_in``. Users who are not artists are asked to become one."""

    @signed_in
    @wraps(view)
    def checked(
        request: HttpRequest, user: User, /, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponse:
        if not user.is_artist:
            return go(request, resolve_url("web:join"))
        return view(request, user, *args, **kwargs)

    return checked


def go(request: HttpRequest, address: str) -> HttpResponse:
    """Redirect the visitor to ``address``, with or without htmx."""
    if getattr(request, "htmx", False):
        response = HttpResponse(status=204)
        response["HX-Redirect"] = address
        return response
    return redirect(address)


def wants_part(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of the page, not for the whole page.

    When somebody navigates back, htmx asks for the whole page.
    """
    htmx: Any = getattr(request, "htmx", None)
    if not htmx:
        return False
    return not htmx.boosted and not htmx.history_restore_request


def local_path(request: HttpRequest, address: str, default: str = "/") -> str:
    """``address`` if it is a path of this site, else ``default``."""
    is_ours = address.startswith("/") and url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return address if is_ours else default


def _way_back(request: HttpRequest) -> str:
    """The page that the visitor is on; for a form, the page with the form."""
    if request.method == "GET" and not getattr(request, "htmx", False):
        return request.get_full_path()
    came_from = urlsplit(request.headers.get("Referer", ""))
    if came_from.netloc != request.get_host():
        return "/"
    path = f"{came_from.path}?{came_from.query}" if came_from.query else came_from.path
    return local_path(request, path)
