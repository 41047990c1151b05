"""The desk of our staff: what waits, the page of a case, and what is done about it, in two presses:
the first shows what would be done, the second does it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from app.exceptions import DomainError, NotFound
from app.models import (
    Action,
    Appeal,
    AppealState,
    CopyCheck,
    Decision,
    Ground,
    ModerationCase,
    PictureCheck,
    Proposal,
    ReportReason,
    ThingKind,
    User,
)
from app.services import moderation_service
from app.services.checks import people
from app.services.safety import appeals, deciding, looking
from web import once
from web.access import form_of, moderators_only
from web.cases import FOLLOWS, address_of, what_denying_does, what_follows_for_money
from web.forms.base import OnceForm
from web.forms.safety import ActForm, HeldForm, ImageForm, JudgeForm, WorksForm
from web.phrases import explain_all


@require_safe
@moderators_only
def desk(request: HttpRequest, staff: User) -> HttpResponse:
    """The queue: what is worst first, then what has waited longest. One row a thing."""
    kind = request.GET.get("kind", "")
    kind = kind if kind in ThingKind.values else ""
    cases = looking.queue(kind)
    proposals = looking.first_of(looking.proposals())
    shown = (*cases, *(one.case for one in proposals.rows))
    things = looking.things_of((each.kind, each.thing_id) for each in shown)
    for each in shown:
        each.thing = things.get((each.kind, each.thing_id))  # type: ignore[attr-defined]
        each.gravity = _gravity(each.severity)  # type: ignore[attr-defined]
        each.why = [ReportReason(one).label for one in each.reasons]  # type: ignore[attr-defined]
    content = {
        "cases": cases,
        "kind": kind,
        "kinds": ThingKind.choices,
        "waiting": ModerationCase.objects.open().count(),
        "proposals": proposals,
        "works": looking.first_of(looking.held_works()),
        "images": looking.first_of(looking.held_images()),
        "held": looking.held_styles(),
        "appeals": Appeal.objects.queue().count(),
    }
    return render(request, "web/desk/queue.html", content)


def _gravity(severity: int) -> str:
    """In words: which end of the numbers is the worse one, nobody can know."""
    if severity <= 1:
        return _("gravest")
    if severity <= 3:
        return _("grave")
    return _("middling") if severity <= 5 else _("slight")


@require_safe
@moderators_only
def case(request: HttpRequest, staff: User, case_id: int) -> HttpResponse:
    """One thing, with all that is known of it and of the account."""
    found = ModerationCase.objects.numbered(case_id)
    chosen = {"action": request.GET.get("action")}
    return _case_page(request, found, staff, ActForm(case=found, staff=staff, initial=chosen))


@form_of("/desk")
@moderators_only
def about_comment(request: HttpRequest, staff: User, comment_id: int) -> HttpResponse:
    """From the button below a comment: to its case, which is opened where there is none."""
    found = deciding.case_of(kind=ThingKind.COMMENT, thing_id=comment_id, staff=staff)
    return redirect(f"{resolve_url('web:case', found.pk)}?action={Action.REMOVE.value}#decide")


@form_of("/desk/cases/{case_id}")
@moderators_only
def decide(request: HttpRequest, staff: User, case_id: int) -> HttpResponse:
    found = ModerationCase.objects.numbered(case_id)
    form = ActForm(request.POST, case=found, staff=staff)
    if form.is_valid() and "again" not in request.POST:
        if "sure" not in request.POST:
            return _ask(request, form, found, f"/desk/cases/{case_id}/decide")
        what = ("decide", case_id, sorted(request.POST.items()))
        if _done(staff, form, what, lambda: _act(staff, found, form)):
            if form.cleaned_data["action"] == Action.REVOKE:
                messages.success(request, _("Proposed. Somebody else has to confirm it."))
            else:
                messages.success(request, _("Done. Whom it concerns is told."))
            return redirect("web:desk")
    return _case_page(request, found, staff, form)


def _act(staff: User, found: ModerationCase, form: ActForm) -> str:
    given = form.cleaned_data
    said: dict[str, Any] = {name: given[name] for name in ("ground", "words")}
    said |= {"case_id": found.pk, "staff": staff}
    if given["action"] == Action.REVOKE:
        return str(deciding.propose(**said, with_refund=form.gives_back).pk)
    # Of one that is decided already, something further is done.
    made = deciding.decide(
        **said,
        action=given["action"],
        strikes=form.strikes,
        until=form.until,
        further=given["further"],
    )
    return str(made.pk)


def _case_page(
    request: HttpRequest, found: ModerationCase, staff: User, form: ActForm
) -> HttpResponse:
    thing = looking.thing_of(found.kind, found.thing_id)
    is_picture = found.kind == ThingKind.PICTURE
    proposal = found.proposals.filter(ended_at=None).select_related("proposed_by").first()
    content = {
        "case": found,
        "thing": thing,
        "address": address_of(thing),
        "reports": looking.reports_of(found, staff),
        "reasons": [(ReportReason(why).label, n) for why, n in looking.reasons_of(found)],
        "decisions": looking.decisions_about(found.kind, found.thing_id),
        "account": looking.account_of(found.subject),
        "licence": looking.licence_of(found.thing_id) if is_picture else None,
        "near": looking.near_picture(found.thing_id) if is_picture else [],
        "works": looking.works_of(found.thing_id) if found.kind == ThingKind.STYLE else [],
        "form": form,
        "is_own": found.subject_id == staff.pk,
        "proposal": proposal,
        "is_own_proposal": proposal is not None and proposal.proposed_by_id == staff.pk,
    }
    form.renew_key()
    return render(request, "web/desk/case.html", content, status=400 if form.errors else 200)


# --- What takes two people ------------------------------------------------------------------------


@form_of("/desk")
@moderators_only
def proposal(request: HttpRequest, staff: User, proposal_id: int) -> HttpResponse:
    """Confirm what somebody else has proposed, or turn it down."""
    found = Proposal.objects.select_related("case", "proposed_by").filter(pk=proposal_id).first()
    if found is None:
        raise NotFound("There is no such proposal.")
    act = "confirm" if request.POST.get("act") == "confirm" else "turn_down"
    form = OnceForm(request.POST)
    form.is_valid()
    if "sure" not in request.POST:
        if found.ended_at is not None:
            return _is_decided(request, "web:case", found.case_id)
        form.renew_key()
        thing = looking.thing_of(found.case.kind, found.case.thing_id)
        content = {"proposal": found, "act": act, "case": found.case, "thing": thing, "form": form}
        return render(request, "web/desk/confirm_proposal.html", content)

    def run() -> str:
        if act == "confirm":
            return str(deciding.confirm(proposal_id=proposal_id, staff=staff).pk)
        deciding.turn_down(proposal_id=proposal_id, staff=staff)
        return ""

    if _done(staff, form, (act, proposal_id), run):
        said = _("Done. Whom it concerns is told.") if act == "confirm" else _("Turned down.")
        messages.success(request, said)
    elif found.ended_at is not None:
        return _is_decided(request, "web:case", found.case_id)
    else:
        messages.error(request, " ".join(map(str, form.non_field_errors())))
    return redirect("web:case", found.case_id)


# --- What checks hold -----------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@moderators_only
def held_works(request: HttpRequest, staff: User, held_style_id: int) -> HttpResponse:
    """Works that are like those of others: trained on, or refused."""
    check = looking.held_works().filter(style_id=held_style_id).first()
    if check is None:
        return _none_waits(request, "The works of this style do not wait for a review.")
    form = WorksForm(request.POST if request.method == "POST" else None)
    what = ("works", held_style_id)
    if pressed := _press(request, staff, form, what, lambda: _judge_works(staff, check, form)):
        return pressed
    content = {
        "style": check.style,
        "check": check,
        "pairs": looking.near_works(check),
        "works": looking.works_of(held_style_id),
        "account": looking.account_of(check.style.artist.user),
        "appeal": Appeal.objects.against(Decision.objects.review(held_style_id)).first(),
        "is_own": check.style.artist_id == staff.pk,
        "form": form,
    }
    return render(request, "web/desk/works.html", content, status=400 if form.errors else 200)


def _judge_works(staff: User, check: CopyCheck, form: WorksForm) -> str:
    is_allowed = form.cleaned_data["action"] == Action.ALLOW
    act = moderation_service.allow_works if is_allowed else moderation_service.refuse_works
    act(check, staff=staff, reason=form.cleaned_data["words"])
    return str(check.style_id)


@require_http_methods(["GET", "HEAD", "POST"])
@moderators_only
def held_image(request: HttpRequest, staff: User, held_image_id: int) -> HttpResponse:
    """A profile picture or signature that a check has taken down: shown again, or refused."""
    check = looking.held_images().filter(pk=held_image_id).first()
    if check is None:
        return _none_waits(request, "This picture does not wait for a review.")
    form = ImageForm(request.POST if request.method == "POST" else None)
    what = ("image", held_image_id)
    if pressed := _press(request, staff, form, what, lambda: _judge_image(staff, check, form)):
        return pressed
    content = {
        "check": check,
        "appeal": Appeal.objects.against(people.taken(check)).first(),
        "account": looking.account_of(check.user),
        "is_own": check.user_id == staff.pk,
        "form": form,
    }
    return render(request, "web/desk/image.html", content, status=400 if form.errors else 200)


def _judge_image(staff: User, check: PictureCheck, form: ImageForm) -> str:
    is_lifted = form.cleaned_data["action"] == Action.PARDON
    act = moderation_service.lift_check if is_lifted else moderation_service.uphold_check
    act(check, staff=staff, reason=form.cleaned_data["words"])
    return str(check.pk)


def _press(
    request: HttpRequest,
    staff: User,
    form: HeldForm,
    what: tuple[object, ...],
    act: Callable[[], str],
) -> HttpResponse | None:
    """The answer to one of the two presses; None where the form is to be shown."""
    if form.is_valid() and "again" not in request.POST:
        if "sure" not in request.POST:
            return _ask(request, form, None, request.path)
        if _done(staff, form, (*what, sorted(request.POST.items())), act):
            messages.success(request, _("Done. Whom it concerns is told."))
            return redirect("web:desk")
    form.renew_key()
    return None


def _none_waits(request: HttpRequest, said: str) -> HttpResponse:
    if request.method != "POST":
        raise NotFound(said)
    return _is_decided(request, "web:desk")


def _is_decided(request: HttpRequest, page: str, *of: object) -> HttpResponse:
    """Who presses a second time, or after somebody else did, goes on with the rest."""
    messages.info(request, _("This is decided already."))
    return redirect(page, *of)


# --- Appeals --------------------------------------------------------------------------------------


@require_safe
@moderators_only
def queued_appeals(request: HttpRequest, staff: User) -> HttpResponse:
    """Those that wait, the oldest first."""
    waiting = looking.first_of(Appeal.objects.queue())
    stated = [each.statement for each in waiting.rows]
    things = looking.things_of((each.kind, each.thing_id) for each in stated)
    for each in waiting.rows:
        key = (each.statement.kind, each.statement.thing_id)
        each.thing = things.get(key)  # type: ignore[attr-defined]
        each.is_for_another = staff.pk in (  # type: ignore[attr-defined]
            each.first_id,
            each.second_id,
        )
    return render(request, "web/desk/appeals.html", {"appeals": waiting})


@require_http_methods(["GET", "HEAD", "POST"])
@moderators_only
def judge(request: HttpRequest, staff: User, appeal_id: int) -> HttpResponse:
    """An appeal, and the answer to it, by somebody who has not decided before."""
    of_statement = ("recipient", "decision", "decision_of_sale")
    related = (*(f"statement__{name}" for name in of_statement), "judge", "first")
    found = Appeal.objects.select_related(*related).filter(pk=appeal_id).first()
    if found is None:
        raise NotFound("There is no such appeal.")
    # Of one that is answered, a second press is answered as the first was.
    is_open = found.state == AppealState.OPEN
    may_be_granted = not is_open or appeals.may_be_granted(found.statement)
    form = JudgeForm(may_be_granted=may_be_granted)
    if request.method == "POST":
        form = JudgeForm(request.POST, may_be_granted=may_be_granted)
        if form.is_valid() and "again" not in request.POST:
            if "sure" not in request.POST:
                denial = what_denying_does(found.statement.of_decision)
                content = {"appeal": found, "form": form, "is_granted": form.is_granted}
                content["denial"] = denial
                return render(request, "web/desk/confirm_judgement.html", content)
            what = ("judge", appeal_id, sorted(request.POST.items()))
            if _done(staff, form, what, lambda: _judge(staff, appeal_id, form)):
                messages.success(request, _("Done. Whom it concerns is told."))
                return redirect("web:appeals")
    form.renew_key()
    statement = found.statement
    decision = statement.of_decision
    thing = looking.thing_of(statement.kind, statement.thing_id)
    is_artist = statement.pk == decision.statement_to_artist_id
    content = {
        "appeal": found,
        "statement": statement,
        "decision": decision,
        "thing": thing,
        "address": address_of(thing),
        "follows": _(FOLLOWS[statement.action]),
        "money": what_follows_for_money(statement.money, is_artist=is_artist),
        "account": looking.account_of(statement.recipient),
        "decisions": looking.decisions_about(statement.kind, statement.thing_id),
        "is_for_another": staff.pk in (found.first_id, found.second_id),
        "is_own": staff.pk in (statement.recipient_id, decision.subject_id),
        "may_be_granted": may_be_granted,
        "claims": looking.claims_on(decision.case, staff) if found.is_counter_notice else [],
        # What was taken down is kept, at the least while it is open.
        "taken": decision.before["key"] if is_open and decision.action == Action.TAKE else "",
        "waits_with_works": decision.action == Action.REVIEW and not appeals.is_over(decision),
        "form": form,
    }
    return render(request, "web/desk/appeal.html", content, status=400 if form.errors else 200)


def _judge(staff: User, appeal_id: int, form: JudgeForm) -> str:
    made = appeals.judge(
        appeal_id=appeal_id,
        staff=staff,
        is_granted=form.is_granted,
        words=form.cleaned_data["words"],
    )
    return str(made.pk)


# --- Two presses ----------------------------------------------------------------------------------


def _ask(
    request: HttpRequest, form: ActForm | HeldForm, found: ModerationCase | None, address: str
) -> HttpResponse:
    """What would be done, before it is."""
    action = form.cleaned_data["action"]
    content = {
        "form": form,
        "case": found,
        "thing": looking.thing_of(found.kind, found.thing_id) if found else None,
        "form_address": address,
        "verb": _(form.verbs[action]),
        "follows": _(form.follows[action]),
        "action": action,
        "ground": _ground(form),
        "settled": form.settled if isinstance(form, ActForm) else [],
    }
    return render(request, "web/desk/confirm.html", content)


def _ground(form: ActForm | HeldForm) -> str:
    ground = form.cleaned_data.get("ground")
    return _(Ground(ground).label) if ground else ""


def _done(
    staff: User,
    form: OnceForm,
    what: tuple[object, ...],
    act: Callable[[], str],
) -> bool:
    """Do it once, however often the second button is pressed. Says what was wrong otherwise."""
    try:
        once.run_form(user=staff, form=form, what=what, act=act)
    except DomainError as error:
        form.add_error(None, explain_all(error))
        return False
    return True
