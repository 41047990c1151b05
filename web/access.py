"""Who may open a page: signed in, artist, moderator. Who may see a picture is ``visible_to`` in the
models."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlencode, urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from app.exceptions import NotFound
from app.models import User
from app.services.safety import rights
from app.services.safety.rights import Right
from web import kept

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
UserView = Callable[Concatenate[HttpRequest, User, P], HttpResponse]


def signed_in(view: UserView[P]) -> View[P]:
    """Pass the signed-in user to ``view``. Others sign in first and return to the page."""

    @wraps(view)
    def checked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if isinstance(request.user, User):
            return view(request, request.user, *args, **kwargs)
        if request.method == "GET" and wants_part(request):
            # Nobody asked to leave the page, which may hold what was typed or chosen.
            return HttpResponse(status=204)
        query = urlencode({"next": _way_back(request)})
        response = go(request, f"{resolve_url('web:sign_in')}?{query}")
        if request.method == "POST":
            kept.keep(request, response)
        return response

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


def moderators_only(view: UserView[P]) -> View[P]:
    """Like ``signed_in``. For whoever may not moderate there is no such page."""

    @signed_in
    @wraps(view)
    def checked(
        request: HttpRequest, user: User, /, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponse:
        if not rights.has(user, Right.MODERATE):
            raise NotFound
        return view(request, user, *args, **kwargs)

    return checked


def form_of(page: str, anchor: str = "") -> Callable[[View[P]], View[P]]:
    """For the address of a form: whoever opens it, by a link or after signing in, gets the page
    with the form. ``page`` names the view's arguments in braces.
    """

    def decorate(view: View[P]) -> View[P]:
        @require_http_methods(["GET", "HEAD", "POST"])
        @wraps(view)
        def checked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if request.method == "POST":
                return view(request, *args, **kwargs)
            query = request.META.get("QUERY_STRING", "")
            asked = f"?{query}" if query else ""
            return redirect(f"{page.format(**kwargs)}{asked}{anchor}")

        return checked

    return decorate


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
    if given := local_path(request, request.POST.get("next", ""), ""):
        return given
    if not getattr(request, "htmx", False):
        return kept.here(request)
    came_from = urlsplit(request.headers.get("Referer", ""))
    if came_from.netloc != request.get_host():
        return "/"
    path = f"{came_from.path}?{came_from.query}" if came_from.query else came_from.path
    return local_path(request, path)
