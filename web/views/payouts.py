"""Payouts of an artist: the account that they go to, and asking for one."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from app.exceptions import DomainError
from app.models import Payout, User
from app.services import payment_service
from app.services.payments import accounts, onboarding, payouts
from web.access import artists_only, form_of, go
from web.paging import page_of
from web.phrases import explain

PAGE = "/studio/payouts"


@require_safe
@artists_only
def overview(request: HttpRequest, user: User) -> HttpResponse:
    """What can be paid out, where it goes, and what was paid out before."""
    account = accounts.of(user)
    frozen_by = payment_service.frozen_by(user)
    content = {
        "account": account,
        "page": page_of(request, Payout.objects.filter(artist=user)),
        "frozen_by": frozen_by,
        "may_ask": not frozen_by
        and account["status"] == "enabled"
        and account["payable"] >= account["minimum"],
    }
    return render(request, "web/studio/payouts.html", content)


@form_of(PAGE)
@artists_only
def ask(request: HttpRequest, user: User) -> HttpResponse:
    """Have all that is payable paid out. A second press finds the first one under way."""
    try:
        payouts.request(user)
    except DomainError as error:
        messages.error(request, explain(error))
    else:
        messages.success(request, _("Your payout is on its way. It takes some days to your bank."))
    return go(request, PAGE)


@form_of(PAGE)
@artists_only
def set_up(request: HttpRequest, user: User) -> HttpResponse:
    """To the payment provider, who asks for the bank; back here afterwards."""
    return _to_provider(request, user)


@form_of(PAGE)
@artists_only
def monthly(request: HttpRequest, user: User) -> HttpResponse:
    """Whether what is payable is paid out by itself."""
    onboarding.set_monthly(user, pays_monthly="monthly" in request.POST)
    messages.success(request, _("Saved."))
    return go(request, PAGE)


@require_safe
@artists_only
def back(request: HttpRequest, user: User) -> HttpResponse:
    """Where the provider sends the artist back to."""
    onboarding.come_back(user)
    return redirect("web:payouts")


@require_safe
@artists_only
def again(request: HttpRequest, user: User) -> HttpResponse:
    """Where the provider sends the artist when its link is too old: to a new one."""
    return _to_provider(request, user)


def _to_provider(request: HttpRequest, user: User) -> HttpResponse:
    try:
        return redirect(onboarding.begin(user))
    except DomainError as error:
        messages.error(request, explain(error))
        return redirect("web:payouts")
