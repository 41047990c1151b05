"""Reports: by anybody, with an account or without (DSA Art. 16, DMCA 512(c)(3)).

Who has an account reports a thing once while its case is open; a second time, a graver reason takes
the place of the first, and nothing else changes. A person without an account gets a page by a
token, and mails if there is an address: the receipt, and the decision. A claim of rights must be
complete; of abuse of children nothing is asked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.db.models.functions import Lower

from app.exceptions import InvalidInput, NotFound
from app.models import (
    CaseState,
    Comment,
    Decision,
    Generation,
    ModerationCase,
    Report,
    ReportReason,
    Style,
    ThingKind,
    User,
    names,
)
from app.models.case import CLAIMS, SEVERITY
from app.services import guard, mail_service, notification_service
from app.services.safety import mailing, records
from app.utils import clock

BATCH = 500
# For so long the same Idempotency-Key of a person without an account finds the first report.
KEY_KEPT = timedelta(hours=24)
# After a decision everybody is told in minutes; longer than that no relay stands still.
TOLD_WITHIN = timedelta(days=60)
REQUIRED = "A claim of rights needs this."


@dataclass(frozen=True)
class Claim:
    """What a claim of rights says besides. ``is_accurate`` is stated under penalty of perjury."""

    name: str = ""
    work: str = ""
    is_good_faith: bool = False
    is_accurate: bool = False
    signature: str = ""


@dataclass(frozen=True)
class Outcome:
    """What whoever reported may know of it. ``action`` and ``ground`` are null until it is
    decided."""

    report: Report
    state: CaseState
    action: str | None
    ground: str | None
    decided_at: datetime | None

    @property
    def token(self) -> str:
        return token_of(self.report)


@transaction.atomic
def report(
    *,
    user: User | AnonymousUser,
    kind: str,
    thing_id: int,
    reason: str,
    words: str = "",
    url: str = "",
    email: str = "",
    claim: Claim | None = None,
    language: str = "",
    key: str = "",
) -> Report:
    """Report a thing that the reporter can see. All reports of one thing are one case.

    ``email``, of people without an account, may be empty but for claims of rights. ``key`` is of a
    request that may be sent again by somebody without an account.

    Raises NotFound, and InvalidInput whose details name every field that is missing.
    """
    subject_id = subject_seen_by(user, kind, thing_id)
    given = _checked(user, reason, words, url, email, claim or Claim())
    digest = _digest(key, kind, thing_id, reason, given) if key else None
    if digest is not None and (known := _known(digest)) is not None:
        return known
    # The row of the case is locked, so that the same person at once is seen here.
    case_id = records.lock_case(kind, thing_id, subject_id=subject_id)
    if user.is_authenticated:
        before = Report.objects.filter(case_id=case_id, reporter=user).first()
    else:
        before = _known(digest) if digest else None
    is_graver = before is not None and SEVERITY[ReportReason(reason)] < SEVERITY[before.reason]
    if before is not None and not is_graver:
        return before
    case = records.open_case(
        *(kind, thing_id),
        subject_id=subject_id,
        reason=ReportReason(reason),
        is_report=before is None,
    )
    if before is not None:
        changed = {**given, "reason": reason}
        Report.objects.filter(pk=before.pk).update(**changed)
        before.refresh_from_db()
        return before
    is_mailed = not user.is_authenticated and bool(given["email"]) and mail_service.is_on()
    now = clock.now()
    return Report.objects.create(
        **given,
        case=case,
        reporter=user if user.is_authenticated else None,
        reason=reason,
        language=language[:10],
        request_digest=digest,
        created_at=now,
        mail_due_at=now if is_mailed and _may_write_to(given["email"]) else None,
    )


def _may_write_to(email: str) -> bool:
    """Whether the address gets another receipt. Without one the report counts, its page says what
    became of it, and of the decision there is one mail a case."""
    verdict = mailing.count("receipts", email)
    return verdict is None or verdict.is_allowed


def subject_seen_by(user: User | AnonymousUser, kind: str, thing_id: int) -> int:
    """Whose thing it is. Raises NotFound for what ``user`` cannot see, unless it is because one of
    the two blocks the other; and InvalidInput for one's own."""
    found: Any
    if kind == ThingKind.PICTURE:
        # Who blocks somebody can still be reported by them.
        pictures = Generation.objects.public() | Generation.objects.kept_by(user.pk or 0)
        found = pictures.filter(pk=thing_id).values_list("user_id")
    elif kind == ThingKind.STYLE:
        found = Style.objects.visible_to(user).filter(pk=thing_id).values_list("artist_id")
    elif kind == ThingKind.COMMENT:
        # So can who blocks somebody. Nobody sees what is switched off.
        everybodys = Comment.objects.visible_to(AnonymousUser())
        found = everybodys.filter(pk=thing_id).values_list("user_id")
    else:
        found = User.objects.shown().filter(pk=thing_id).values_list("pk")
    owner = found.first()
    if owner is None:
        raise NotFound("There is no such thing to report.")
    if user.is_authenticated and owner[0] == user.pk:
        raise InvalidInput.field("id", "This is your own.")
    return int(owner[0])


def token_of(report: Report) -> str:
    """What the address of a report's page carries, to be read without signing in."""
    return _signer().sign(str(report.pk))


def find(token: str) -> Outcome:
    """Raises NotFound for a token that is not ours."""
    try:
        report_id = int(_signer().unsign(token))
    except (BadSignature, ValueError):
        raise NotFound("There is no such report.") from None
    return outcome_of(Report.objects.select_related("case").get(pk=report_id))


def outcome_of(report: Report) -> Outcome:
    """What became of it: the last decision on its case, as far as that is about the thing."""
    case = report.case
    last = None if case.is_open else Decision.objects.filter(case=case).order_by("-pk").answer()
    return Outcome(
        report=report,
        state=CaseState(case.state),
        action=last.action if last else None,
        ground=last.ground if last else None,
        decided_at=case.decided_at,
    )


def _checked(
    user: User | AnonymousUser, reason: str, words: str, url: str, email: str, claim: Claim
) -> dict[str, Any]:
    missing: dict[str, list[str]] = {}
    if reason in CLAIMS:
        asked: Mapping[str, Any] = asdict(claim)
        missing = {name: [REQUIRED] for name, value in asked.items() if not value}
        if not user.is_authenticated and not email:
            missing["email"] = [REQUIRED]
    if reason == ReportReason.OTHER and not words.strip():
        missing["words"] = ["Say what is wrong with it."]
    if missing:
        raise InvalidInput(details=missing)
    told = {"words": words, "url": url, "work": claim.work, "signature": claim.signature}
    kept = {name: names.readable(text, field=name) for name, text in told.items()}
    return {
        **kept,
        "name": names.readable(claim.name, field="name"),
        "is_good_faith": claim.is_good_faith,
        "is_accurate": claim.is_accurate,
        "email": "" if user.is_authenticated else email,
    }


def _digest(key: str, *about: object) -> str:
    return hashlib.sha256("\n".join([key, *map(repr, about)]).encode()).hexdigest()


def _known(digest: str) -> Report | None:
    since = clock.now() - KEY_KEPT
    old = Report.objects.filter(request_digest=digest, created_at__lt=since)
    old.update(request_digest=None)
    return Report.objects.select_related("case").filter(request_digest=digest).first()


def _signer() -> Signer:
    return Signer(salt="app.safety.report")


# --- By the relay ---------------------------------------------------------------------------------


def tell_reporters() -> int:
    """Tell all who reported what is decided now: a notice, or a mail. Returns how many.

    Ten thousand of one case are told in batches, not in the transaction of the decision.
    """
    cases = ModerationCase.objects.untold(clock.now() - TOLD_WITHIN)
    told = 0
    for case_id in list(cases.values_list("pk", flat=True)[:BATCH]):
        told += guard.attempt("reporters", partial(_tell, case_id), case_id=case_id) or 0
    return told


@transaction.atomic
def _tell(case_id: int) -> int:
    untold = Report.objects.filter(case_id=case_id, told_at=None).order_by("pk")
    locked = list(untold.select_for_update(skip_locked=True)[:BATCH])
    people = User.objects.open().filter(pk__in=[one.reporter_id for one in locked])
    notification_service.tell_reporters(list(people.values_list("pk", flat=True)), case_id)
    now = clock.now()
    ids = [one.pk for one in locked]
    Report.objects.filter(pk__in=ids).update(told_at=now)
    if mail_service.is_on():
        Report.objects.filter(pk__in=_first_of_each_address(locked)).update(mail_due_at=now)
    return len(locked)


def _first_of_each_address(reports: list[Report]) -> list[int]:
    """Of some reports of one case; none of an address that was told with others before."""
    found: dict[str, int] = {}
    for one in reports:
        if one.email:
            found.setdefault(one.email.lower(), one.pk)
    if found:
        before = Report.objects.filter(case_id=reports[0].case_id, pk__lt=reports[0].pk)
        addresses = before.annotate(address=Lower("email")).filter(address__in=found)
        for address in addresses.values_list("address", flat=True):
            found.pop(address, None)
    return list(found.values())
