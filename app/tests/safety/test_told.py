"""Who reported is told, nobody else; and what the relay does every few seconds stays small."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection

from app.models import Generation, ModerationCase, Report, User
from app.services.safety import reporting, suspension
from app.tests.api import Api
from app.tests.factories import PublicPictureFactory, UserFactory
from app.tests.safety.staff import act, report
from app.utils import clock

pytestmark = pytest.mark.django_db
KIM = "kim@example.com"


@pytest.fixture
def picture(buyer: User) -> Generation:
    return PublicPictureFactory(user=buyer)


@pytest.fixture(autouse=True)
def _mails(settings: Any) -> None:
    settings.MAIL_FROM = "Style License <news@example.com>"


def typed(picture: Generation, email: str = KIM) -> Report:
    """By somebody without an account."""
    given = {"kind": "picture", "thing_id": picture.pk, "reason": "spam", "email": email}
    return reporting.report(user=AnonymousUser(), **given)


class TestMailsToWhatSomebodyTyped:
    def test_few_receipts_go_to_one_address(self, picture: Generation, settings: Any) -> None:
        settings.RATE_LIMITS = {"receipts": "2/86400"}
        made = [typed(picture, email) for email in (KIM, KIM.upper(), KIM, "lee@example.com")]
        assert [bool(each.mail_due_at) for each in made] == [True, True, False, True]
        assert ModerationCase.objects.get().report_count == 4

    def test_one_decision_goes_to_one_address(self, picture: Generation) -> None:
        made = [typed(picture, email) for email in (KIM, KIM.title(), "lee@example.com")]
        Report.objects.update(mail_due_at=None)
        act("picture", picture.pk, "hide")
        assert reporting.tell_reporters() == 3
        due = Report.objects.filter(mail_due_at__isnull=False).order_by("pk")
        assert [each.pk for each in due] == [made[0].pk, made[2].pk]


class TestGraverReports:
    def test_with_an_account_it_takes_the_place_of_the_first(self, picture: Generation) -> None:
        fan = UserFactory()
        report("picture", picture.pk, user=fan, reason="spam", words="Dull.")
        report("picture", picture.pk, user=fan, reason="minors", words="A child.")
        [kept] = Report.objects.all()
        assert (kept.reason, kept.words) == ("minors", "A child.")
        assert (kept.case.severity, kept.case.report_count) == (1, 1)

    def test_one_less_grave_changes_nothing(self, picture: Generation) -> None:
        fan = UserFactory()
        made = report("picture", picture.pk, user=fan, reason="hate", words="Look.")
        before = ModerationCase.objects.get().last_reported_at
        report("picture", picture.pk, user=fan, reason="spam", words="Dull.")
        made.refresh_from_db()
        case = ModerationCase.objects.get()
        assert (made.reason, made.words) == ("hate", "Look.")
        assert (case.reasons, case.severity, case.report_count) == (["hate"], 3, 1)
        assert case.last_reported_at == before

    def test_the_same_key_with_another_reason_is_another_report(self, picture: Generation) -> None:
        headers = {"headers": {"Idempotency-Key": "k-1"}}
        for reason in ("spam", "minors"):
            given = {"kind": "picture", "id": picture.pk, "reason": reason}
            Api().post("/api/reports", given, **headers)
        assert sorted(each.reason for each in Report.objects.all()) == ["minors", "spam"]


class TestTheRelay:
    def test_closed_accounts_are_not_freed(
        self, picture: Generation, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Else enough of them would be in the way of all others."""
        monkeypatch.setattr(suspension, "BATCH", 1)
        gone, other = UserFactory(), UserFactory()
        for user in (gone, other):
            act("profile", user.pk, "suspend", until=clock.now() + timedelta(days=1))
        User.objects.filter(pk=gone.pk).update(closed_at=clock.now())
        User.objects.update(suspended_until=clock.now() - timedelta(minutes=1))
        assert suspension.sweep() == 1
        other.refresh_from_db()
        assert other.suspended_at is None

    def test_who_is_suspended_is_found_by_an_index(self, buyer: User) -> None:
        over = User.objects.open().filter(
            suspended_at__isnull=False, suspended_until__lte=clock.now()
        )
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
        assert "user_suspended" in over.explain()

    def test_those_of_open_cases_are_told_nothing(self, picture: Generation) -> None:
        made = report("picture", picture.pk)
        since = clock.now() - reporting.TOLD_WITHIN
        assert not ModerationCase.objects.untold(since).exists()
        act("picture", picture.pk, "hide")
        assert list(ModerationCase.objects.untold(since)) == [made.case]
