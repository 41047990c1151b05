"""Signing in and out, and the visitor's theme and language."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.utils.translation import check_for_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from app.exceptions import InvalidInput
from app.models import User
from app.services import mail_service, user_service
from app.sign_in import is_set_up
from web.access import form_of, local_path
from web.context import THEME_COOKIE, THEMES
from web.forms.account import DemoSignInForm
from web.phrases import field_errors

YEAR = 31_536_000
# Providers beside Google, which have a button where they are set up.
OTHERS = {"github": "GitHub", "apple": "Apple"}
# Why a sign-in failed, by its HTTP status.
PROBLEMS = {
    "401": _("Sign-in was canceled or took too long. Try again."),
    "403": _("This account has been deactivated, or was closed while it was suspended."),
    "429": _("Too many attempts. Wait a few minutes."),
    "503": _("The service that you sign in with is not responding. Try again later."),
}


@require_safe
def sign_in(request: HttpRequest) -> HttpResponse:
    following = local_path(request, request.GET.get("next", ""))
    if isinstance(request.user, User):
        return redirect(following)
    return _sign_in_page(request, DemoSignInForm(), following)


@form_of("/sign-in")
def demo_sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in by name alone. Only in ``make run``."""
    user_service.require_demo()
    following = local_path(request, request.POST.get("next", ""))
    form = DemoSignInForm(request.POST)
    if form.is_valid():
        try:
            user = user_service.sign_in_demo(form.cleaned_data["username"])
        except InvalidInput as error:
            form.add_error("username", field_errors(error).get("username", []))
        else:
            login(request, user)
            return redirect(following)
    return _sign_in_page(request, form, following, status=400)


@form_of("/")
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("/")


@form_of("/")
def preferences(request: HttpRequest) -> HttpResponse:
    """Store the theme or the language in a cookie, and go back."""
    response = redirect(local_path(request, request.POST.get("next", "")))
    options: dict[str, Any] = {"max_age": YEAR, "samesite": "Lax", "secure": request.is_secure()}
    theme, language = request.POST.get("theme", ""), request.POST.get("language", "")
    if theme in THEMES:
        response.set_cookie(THEME_COOKIE, theme, **options)
    elif theme == "auto":
        response.delete_cookie(THEME_COOKIE, samesite="Lax")
    if language in dict(settings.LANGUAGES) and check_for_language(language):
        response.set_cookie(settings.LANGUAGE_COOKIE_NAME, language, **options)
        if isinstance(request.user, User):
            mail_service.remember_language(request.user, language)
    return response


def _sign_in_page(
    request: HttpRequest, form: DemoSignInForm, following: str, *, status: int = 200
) -> HttpResponse:
    query = urlencode({"next": following})
    problem = PROBLEMS.get(request.GET.get("problem", ""))
    others = [
        {"name": name, "url": f"/api/auth/{provider}/login?{query}"}
        for provider, name in OTHERS.items()
        if is_set_up(provider)
    ]
    content = {
        "form": form,
        "next": following,
        "google_url": f"/api/auth/google/login?{query}",
        "others": others,
        "problem": problem,
    }
    return render(request, "web/sign_in.html", content, status=status)
