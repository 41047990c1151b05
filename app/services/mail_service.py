"""E-mail: what each user wants, whose turn it is, and what became of it.

Mails are made of notifications that nobody has read yet, so nothing has to be written for them but
that somebody is due. ``manage.py send_mail`` sends them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.db.models import Case, F, QuerySet, Value, When
from django.db.models.functions import Least

from app.models import MailKind, MailPreference, Notification, User
from app.models.mail import KIND_OF, PROMPT, RHYTHMS, MailRhythm
from app.models.writes import MAIL_IS_DUE, write
from app.services import measure_service
from app.utils import clock

# What happens together is told together.
GATHERED = timedelta(minutes=2)
# Between two mails to one user, however much happens.
LEAST_PAUSE = timedelta(minutes=15)
# Who sends has this long; then somebody else may.
LEASE = timedelta(minutes=10)
# What is older is no news.
OLDEST = timedelta(days=7)
LONGEST_DELAY = timedelta(hours=6)
MOST_LINES = 50
MOST_FAILURES = 30_000


def is_on() -> bool:
    """Whether this installation sends e-mail."""
    return bool(settings.MAIL_FROM)


# --- What a user wants ----------------------------------------------------------------------------


def preference_of(user: User) -> MailPreference:
    """The user's, or what everybody has; that is not saved."""
    return MailPreference.objects.filter(pk=user.pk).first() or MailPreference(user=user)


@transaction.atomic
def change(
    user: User,
    *,
    kinds: Iterable[MailKind] | None = None,
    rhythm: MailRhythm | None = None,
    language: str | None = None,
) -> MailPreference:
    """What is not given stays. An address that was refused is tried again."""
    MailPreference.objects.get_or_create(user=user)
    mine = MailPreference.objects.select_for_update().get(pk=user.pk)
    now = clock.now()
    if kinds is not None and set(kinds) != set(mine.kinds):
        mine.kinds, mine.since = [MailKind(kind).value for kind in kinds], now
    mine.rhythm = rhythm or mine.rhythm
    mine.language = mine.language if language is None else language
    # What is due stays due; an address that was refused is tried at once.
    times = [now] if mine.refused else [mine.due_at]
    times += [now + RHYTHMS[mine.rhythm]] if mine.wants_digests else []
    mine.due_at = min(filter(None, times), default=None) if mine.kinds else None
    mine.refused, mine.failure_count = "", 0
    mine.save()
    return mine


def remember_language(user: User, language: str) -> None:
    MailPreference.objects.update_or_create(user=user, defaults={"language": language})


def unsubscribe_token(user_id: int) -> str:
    """What a link in a mail carries, to be used without signing in."""
    return _signer().sign(str(user_id))


def user_of_token(token: str) -> int | None:
    try:
        return int(_signer().unsign(token))
    except (BadSignature, ValueError):
        return None


def unsubscribe(user_id: int) -> None:
    """Mail nothing more to this user. Who has left stays forgotten."""
    user = User.objects.open().filter(pk=user_id).first()
    if user is not None:
        change(user, kinds=())


def forget_user(user: User) -> None:
    MailPreference.objects.filter(user=user).delete()


def _signer() -> Signer:
    return Signer(salt="app.mail.unsubscribe")


# --- Whose turn it is -----------------------------------------------------------------------------


def note(recipient_ids: Sequence[int], notification_type: str) -> None:
    """A notification of this type was written, in the caller's transaction: if it is not to wait
    for the next digest, the recipients are due in a moment."""
    kind = KIND_OF.get(notification_type)
    if kind not in PROMPT or not recipient_ids or not is_on():
        return
    now = clock.now()
    write(
        MAIL_IS_DUE,
        user_ids=sorted(recipient_ids),
        kinds=[each.value for each in PROMPT],
        kind=kind.value,
        due_at=now + GATHERED,
        least_pause=LEAST_PAUSE,
    )


def due() -> QuerySet[MailPreference]:
    return MailPreference.objects.filter(due_at__lte=clock.now(), refused="")


@transaction.atomic
def claim(size: int) -> list[MailPreference]:
    """At most ``size`` that are due, for ten minutes: nobody else gets them meanwhile."""
    rows = due().select_for_update(skip_locked=True, of=("self",)).select_related("user")
    claimed = list(rows.order_by("due_at")[:size])
    until = clock.now() + LEASE
    MailPreference.objects.filter(pk__in=[each.pk for each in claimed]).update(due_at=until)
    for each in claimed:
        each.due_at = until
    return claimed


def news_of(mine: MailPreference) -> list[Notification]:
    """What there is to tell, oldest first: what was neither read nor mailed, and is wanted."""
    user = mine.user
    if user.is_closed or not user.email:
        return []
    wanted = [kind for kind, of in KIND_OF.items() if of.value in mine.kinds]
    oldest = max(filter(None, (mine.since, clock.now() - OLDEST)))
    news = Notification.objects.of(user).unread().with_style_name().with_subject()
    news = news.filter(type__in=wanted, mailed_at=None, created_at__gte=oldest)
    return list(news.order_by("created_at", "pk")[:MOST_LINES])


# --- What became of it ----------------------------------------------------------------------------


@transaction.atomic
def record_sent(mine: MailPreference, told: Sequence[Notification]) -> None:
    """The mail server has taken it, or there was nothing to tell. More than fits into one mail is
    told by the next."""
    now = clock.now()
    Notification.objects.filter(pk__in=[each.pk for each in told]).update(mailed_at=now)
    next_at = now + RHYTHMS[mine.rhythm] if mine.wants_digests else None
    if len(told) == MOST_LINES:
        next_at = now + LEAST_PAUSE
    if told:
        _release(mine, next_at, earliest=now + LEAST_PAUSE, sent_at=now, failure_count=0)
    else:
        _release(mine, next_at, failure_count=0)


def record_failed(mine: MailPreference) -> None:
    """It is sent again, later each time."""
    delay = min(timedelta(minutes=1) * 2 ** min(mine.failure_count, 10), LONGEST_DELAY)
    count = Least(F("failure_count") + 1, MOST_FAILURES)
    _release(mine, clock.now() + delay, failure_count=count)


def record_refused(mine: MailPreference, said: str) -> None:
    """The address takes no mail. Its owner reads why on the page of the settings."""
    MailPreference.objects.filter(pk=mine.pk).update(refused=said[:300] or "refused", due_at=None)


def _release(
    mine: MailPreference,
    next_at: datetime | None,
    *,
    earliest: datetime | None = None,
    **changed: object,
) -> None:
    """Unless something happened meanwhile that made the user due earlier; that waits until
    ``earliest``, if one is given."""
    whens = [When(due_at=mine.due_at, then=Value(next_at))]
    if earliest is not None:
        whens.append(When(due_at__lt=earliest, then=Value(earliest)))
    due_at = Case(*whens, default=F("due_at"))
    MailPreference.objects.filter(pk=mine.pk).update(due_at=due_at, **changed)


def keep_alive() -> None:
    """Say that somebody sends."""
    measure_service.record(measure_service.MAIL_KEPT, due().count())
