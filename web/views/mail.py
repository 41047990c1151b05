"""E-mail: what a user wants, and the link in each mail that ends it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from app.exceptions import NotFound
from app.models import User
from app.services import mail_service
from web import kept
from web.access import signed_in
from web.forms.account import MailForm


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def mail(request: HttpRequest, user: User) -> HttpResponse:
    mine = mail_service.preference_of(user)
    language = mine.language or get_language()
    now = {"kinds": mine.kinds, "rhythm": mine.rhythm, "language": language}
    form = MailForm(initial={**now, **kept.initial(request, request.path, MailForm)})
    if request.method == "POST":
        form = MailForm(request.POST)
        if form.is_valid():
            mail_service.change(user, **form.cleaned_data)
            messages.success(request, _("Saved."))
            return redirect("web:mail")
    content = {"form": form, "mine": mine, "is_on": mail_service.is_on()}
    return render(request, "web/mail.html", content, status=400 if form.errors else 200)


@csrf_exempt  # The mail program presses the button, as RFC 8058 has it; the token says for whom.
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """A page with a button: who only follows links, as virus scanners do, ends nothing."""
    user_id = mail_service.user_of_token(token)
    if user_id is None:
        raise NotFound("There is nothing here.")
    is_done = request.method == "POST"
    if is_done:
        mail_service.unsubscribe(user_id)
    response = render(request, "web/unsubscribe.html", {"is_done": is_done})
    response["Cache-Control"] = "no-store"
    return response
