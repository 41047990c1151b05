"""Webhooks: the addresses that are told of a user's events, and the log of what was sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from app.exceptions import Conflict, DomainError, InvalidInput
from app.models import User, WebhookEndpoint
from app.services.webhooks import deliveries, endpoints
from app.utils import clock
from web import kept, once
from web.access import form_of, signed_in
from web.forms.account import WebhookForm
from web.paging import page_of
from web.phrases import explain, field_errors


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def webhooks(request: HttpRequest, user: User) -> HttpResponse:
    form = WebhookForm(initial=kept.initial(request, request.path, WebhookForm))
    if request.method == "POST":
        form = WebhookForm(request.POST)
        if form.is_valid():
            try:
                return redirect("web:webhook", webhook_id=_create(user, form))
            except InvalidInput as error:
                for name, said in field_errors(error).items():
                    form.add_error(name, said)
            except Conflict:
                limit = {"count": endpoints.MAX_ENDPOINTS}
                form.add_error(None, _("You have %(count)s webhooks. Delete one first.") % limit)
    form.renew_key()
    content = {"form": form, "webhooks": WebhookEndpoint.objects.of(user)}
    return render(request, "web/webhooks.html", content, status=400 if form.errors else 200)


def _create(user: User, form: WebhookForm) -> int:
    asked = {name: form.cleaned_data[name] for name in ("url", "description", "events")}

    def act() -> str:
        return str(endpoints.create(user=user, **asked).pk)

    return int(once.run_form(user=user, form=form, what=("webhook", asked), act=act))


@require_safe
@signed_in
def webhook(request: HttpRequest, user: User, webhook_id: int) -> HttpResponse:
    """One webhook, with its secret and its log."""
    endpoint = endpoints.find(user, webhook_id)
    page = page_of(request, deliveries.log_of(endpoint))
    response = render(request, "web/webhook.html", {"webhook": endpoint, "page": page})
    response["Cache-Control"] = "no-store"
    return response


@form_of("/account/webhooks/{webhook_id}")
@signed_in
def act_on_webhook(request: HttpRequest, user: User, webhook_id: int) -> HttpResponse:
    """The buttons of a webhook's page: ``act`` says which."""
    this: dict[str, Any] = {"user": user, "endpoint_id": webhook_id}
    acts: dict[str, Callable[[], str]] = {
        "test": lambda: _said(endpoints.send_test(**this), _("A test is on its way.")),
        "rotate": lambda: _said(
            endpoints.rotate_secret(**this),
            _("There is a new secret. For 24 hours the former one signs as well."),
        ),
        "off": lambda: _said(
            endpoints.change(**this, is_enabled=False), _("The webhook is switched off.")
        ),
        "on": lambda: _said(
            endpoints.change(**this, is_enabled=True), _("The webhook is switched on.")
        ),
        "delete": lambda: _said(endpoints.delete(**this), _("The webhook is deleted.")),
        "again": lambda: _again(user, webhook_id, request.POST.get("delivery", "")),
    }
    act = request.POST.get("act", "")
    try:
        if act in acts:
            messages.success(request, acts[act]())
    except DomainError as error:
        messages.error(request, explain(error))
    if act == "delete":
        return redirect("web:webhooks")
    return redirect("web:webhook", webhook_id=webhook_id)


def _said(_done: object, words: str) -> str:
    return words


def _again(user: User, webhook_id: int, delivery: str) -> str:
    """Send one message again, or all that failed."""
    if delivery.isascii() and delivery.isdigit() and len(delivery) < 19:
        deliveries.send_again(user=user, delivery_id=int(delivery))
        return _("It is sent again.")
    since = clock.now() - timedelta(days=31)
    count = deliveries.send_range_again(user=user, endpoint_id=webhook_id, since=since)
    return _("Sent again: %(count)s.") % {"count": count}
