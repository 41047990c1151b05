"""The profile, API keys, and closing the account."""

from __future__ import annotations

from contextlib import suppress

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from app.exceptions import Conflict, DomainError, EarningsLeft, InvalidInput, NotFound
from app.models import ApiKey, NotificationType, User
from app.services import (
    api_key_service,
    earnings,
    export_service,
    payment_service,
    session_service,
    user_service,
)
from app.services.payments import payouts
from web import kept, once
from web.access import form_of, signed_in
from web.context import mark_seen
from web.forms.account import KeyForm, LeaveForm, ProfileForm, ShownForm
from web.phrases import explain, field_errors


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def account(request: HttpRequest, user: User) -> HttpResponse:
    typed = kept.initial(request, request.path, ProfileForm)
    form = ProfileForm(initial={"username": user.username, "bio": user.bio, **typed})
    shown = ShownForm(initial={"shows_mature": user.shows_mature})
    if request.method == "POST" and "shown" in request.POST:
        shown = ShownForm(request.POST)
        if shown.is_valid():
            user_service.update_profile(user=user, **shown.cleaned_data)
            messages.success(request, _("Saved."))
            return redirect("web:account")
    elif request.method == "POST":
        form = ProfileForm(request.POST, request.FILES)
        if form.is_valid() and _save(form, user):
            messages.success(request, _("Saved."))
            return redirect("web:account")
    status = 400 if form.errors else 200
    content = {"form": form, "shown": shown}
    return render(request, "web/account.html", content, status=status)


def _save(form: ProfileForm, user: User) -> bool:
    try:
        user_service.update_profile(user=user, **form.cleaned_data)
    except InvalidInput as error:
        for name, said in field_errors(error).items():
            form.add_error(name if name in form.fields else None, said)
        return False
    return True


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def keys(request: HttpRequest, user: User) -> HttpResponse:
    """The user's API keys. A new key is shown once, in this answer."""
    form, new_key = KeyForm(initial=kept.initial(request, request.path, KeyForm)), None
    if request.method == "POST":
        form = KeyForm(request.POST)
        if form.is_valid():
            try:
                new_key = _create_key(user, form)
                form = KeyForm()
            except InvalidInput as error:
                form.add_error("name", field_errors(error)["name"])
            except Conflict:
                form.add_error(
                    None,
                    _("You have %(count)s keys. Revoke one first.")
                    % {"count": api_key_service.MAX_KEYS},
                )
    form.renew_key()
    content = {"form": form, "new_key": new_key, "keys": ApiKey.objects.of(user)}
    response = render(request, "web/keys.html", content, status=400 if form.errors else 200)
    response["Cache-Control"] = "no-store"
    return response


def _create_key(user: User, form: KeyForm) -> api_key_service.NewKey | None:
    """The key of this form, also when it is sent again: whoever clicks twice sees only the second
    answer. None if the key was revoked meanwhile."""
    asked = {name: form.cleaned_data[name] for name in ("name", "scopes")}

    def act() -> str:
        made = api_key_service.create_key(user=user, **asked)
        return f"{made.key.pk} {made.seed}"

    key_id, seed = once.run_form(user=user, form=form, what=("key", asked), act=act).split()
    if not ApiKey.objects.of(user).filter(pk=key_id).exists():
        return None
    return api_key_service.made_before(int(key_id), seed)


@form_of("/account/keys")
@signed_in
def revoke_key(request: HttpRequest, user: User, key_id: int) -> HttpResponse:
    # Who presses twice sees the second answer, when it is gone.
    with suppress(NotFound):
        api_key_service.revoke_key(user=user, key_id=key_id)
    messages.success(request, _("The key is revoked."))
    return redirect("web:keys")


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def export(request: HttpRequest, user: User) -> HttpResponse:
    """All that is kept of the user, to be fetched."""
    mark_seen(request, type=NotificationType.EXPORT_READY)
    if request.method == "POST":
        export_service.ask(user)
        return redirect("web:export")
    return render(request, "web/export.html", {"export": export_service.state_of(user)})


@require_safe
@signed_in
def export_file(request: HttpRequest, user: User) -> HttpResponse:
    return redirect(export_service.link_of(user))


@require_safe
@signed_in
def sessions(request: HttpRequest, user: User) -> HttpResponse:
    """The browsers that the user is signed in with."""
    known = session_service.sessions_of(user, request.session.session_key)
    content = {"sessions": known, "has_keys": ApiKey.objects.of(user).exists()}
    return render(request, "web/sessions.html", content)


@form_of("/account/sessions")
@signed_in
def end_session(request: HttpRequest, user: User, session_id: str) -> HttpResponse:
    key = request.session.session_key
    # Who presses twice sees the second answer, when it has ended.
    with suppress(NotFound):
        if session_service.end(user, session_id) == key:
            logout(request)
            return redirect("/")
    messages.success(request, _("That browser is signed out."))
    return redirect("web:sessions")


@form_of("/account/sessions")
@signed_in
def end_sessions(request: HttpRequest, user: User) -> HttpResponse:
    session_service.end_all(user, with_keys="keys" in request.POST)
    logout(request)
    messages.success(request, _("You are signed out everywhere."))
    return redirect("/")


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def leave(request: HttpRequest, user: User) -> HttpResponse:
    """Close the account, after the user has typed their user name. What it costs them is said
    first."""
    form = LeaveForm()
    if request.method == "POST":
        form = LeaveForm(request.POST)
        if form.is_valid() and form.cleaned_data["username"] != user.username:
            form.add_error("username", _("This is not your user name."))
        if form.is_valid():
            try:
                user_service.close_account(user, forfeits=form.cleaned_data["forfeits"])
            except EarningsLeft:
                form.add_error(
                    "forfeits",
                    _(
                        "Earnings of yours are not paid out yet. Have them paid out first, or tick"
                        " that you give them up."
                    ),
                )
            except DomainError as error:
                form.add_error(None, explain(error))
            else:
                logout(request)
                messages.success(request, _("Your account is closed. Thank you for being here."))
                return redirect("/")
    content = {"form": form, **_given_up(user)}
    return render(request, "web/leave.html", content, status=400 if form.errors else 200)


def _given_up(user: User) -> dict[str, object]:
    """What somebody who leaves has in money, and could have first."""
    offers = list(payment_service.refundable(user.pk).values())
    content: dict[str, object] = {
        "refundable": sum(each.amount for each in offers),
        "refund_price": sum(each.price for each in offers),
        "currency": settings.CURRENCY,
        "frozen_by": payment_service.frozen_by(user),
    }
    if user.is_artist:
        earned = earnings.of(user)
        content |= {"earnings": earned, "payable_price": payouts.value_of(earned.payable)}
    return content
