"""What our staff decided about one's own things, why, and how to appeal."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from app.exceptions import DomainError, InvalidInput
from app.models import Ground, Statement, User
from app.services.safety import appeals, looking
from app.utils import clock
from web import kept, once
from web.access import signed_in
from web.cases import FOLLOWS, address_of, what_follows_for_money
from web.forms.safety import AppealForm, CounterNoticeForm
from web.paging import page_of
from web.phrases import explain, field_errors


@require_safe
@signed_in
def statements(request: HttpRequest, user: User) -> HttpResponse:
    page = page_of(request, Statement.objects.of(user))
    things = looking.things_stated(page.rows)
    for each in page.rows:
        each.thing = things.get(each.pk)
    content = {"page": page, "strike_days": settings.STRIKE_DAYS}
    return render(request, "web/statements.html", content)


@require_safe
@signed_in
def statement(request: HttpRequest, user: User, statement_id: int) -> HttpResponse:
    """A statement of reasons: what, why, by whom or what, what follows, and how to appeal."""
    given = Statement.objects.one_of(user, statement_id)
    return render(request, "web/statement_of_reasons.html", _shown(given))


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def appeal(request: HttpRequest, user: User, statement_id: int) -> HttpResponse:
    """Appeal, once. Against a decision for copyright it may be a counter-notice."""
    given = Statement.objects.one_of(user, statement_id)
    content = _shown(given)
    if not content["may_appeal"]:
        return redirect("web:statement_of_reasons", statement_id)
    form_class = CounterNoticeForm if given.ground == Ground.COPYRIGHT else AppealForm
    form = form_class(initial=kept.initial(request, request.path, form_class))
    if request.method == "POST":
        form = form_class(request.POST)
        if form.is_valid() and _send(user, form, statement_id):
            messages.success(
                request,
                _("Your appeal is here. Somebody who has not decided before will answer it."),
            )
            return redirect("web:statement_of_reasons", statement_id)
    form.renew_key()
    content |= {"form": form, "is_copyright": form_class is CounterNoticeForm}
    return render(request, "web/appeal.html", content, status=400 if form.errors else 200)


def _send(user: User, form: AppealForm, statement_id: int) -> bool:
    notice = form.counter_notice if isinstance(form, CounterNoticeForm) else None
    said: dict[str, Any] = {"words": form.cleaned_data["words"], "counter_notice": notice}
    try:
        once.run_form(
            user=user,
            form=form,
            what=("appeal", statement_id, said),
            act=lambda: str(appeals.appeal(user=user, statement_id=statement_id, **said).pk),
        )
    except InvalidInput as error:
        for name, wrong in field_errors(error).items():
            form.add_error(name if name in form.fields else None, wrong)
        return False
    except DomainError as error:
        form.add_error(None, explain(error))
        return False
    return True


def _shown(given: Statement) -> dict[str, Any]:
    decision = given.of_decision
    is_artist = given.pk == decision.statement_to_artist_id
    gone = looking.Thing(given.kind, given.thing_id)
    thing = looking.things_stated([given]).get(given.pk, gone)
    made = getattr(given, "appeal", None)
    is_over = appeals.is_over(decision)
    return {
        "statement": given,
        "decision": decision,
        "thing": thing,
        "address": address_of(thing),
        "follows": _(FOLLOWS[given.action]),
        "money": what_follows_for_money(given.money, is_artist=is_artist),
        "appeal": made,
        "is_over": is_over,
        "is_late": given.appeal_until < clock.now(),
        "may_appeal": made is None and not is_over and given.appeal_until >= clock.now(),
    }
