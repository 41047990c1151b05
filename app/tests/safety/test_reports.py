"""Reports: by anybody, once each, and all of one thing are one row of the desk."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from app.models import ModerationCase, Notification, Report, User
from app.services import community_service
from app.services.safety import keeping, reporting
from app.tests.api import Api
from app.tests.factories import PublicPictureFactory, StyleFactory, UserFactory
from app.tests.safety.staff import act, moderator, report
from app.tests.together import all_at_once
from app.utils import clock

pytestmark = pytest.mark.django_db
CLAIM = {
    "name": "Mira Halden",
    "work": "Fog over water, 2024: https://halden.example/fog",
    "good_faith": True,
    "accurate": True,
    "signature": "Mira Halden",
}


@pytest.fixture
def picture(buyer: User):
    return PublicPictureFactory(user=buyer)


def body_of(picture: Any, **more: Any) -> dict[str, Any]:
    return {"kind": "picture", "id": picture.pk, "reason": "hate", "words": "Look.", **more}


class TestWhoAndWhat:
    def test_with_an_account(self, picture):
        fan = UserFactory()
        made = Api(fan).post("/api/reports", body_of(picture)).data
        assert (made["kind"], made["id"], made["state"], made["action"]) == (
            *("picture", picture.pk, "open", None),
        )
        [kept] = Report.objects.all()
        assert (kept.reporter, kept.email, kept.words) == (fan, "", "Look.")
        case = kept.case
        assert (case.subject, case.report_count, case.reasons) == (picture.user, 1, ["hate"])
        assert Api().get(f"/api/reports/{made['token']}").data["state"] == "open"

    def test_without_one(self, picture, settings):
        settings.MAIL_FROM = "Style License <news@example.com>"
        given = body_of(picture, email="kim@example.com")
        made = Api().post("/api/reports", given).data
        [kept] = Report.objects.all()
        assert (kept.reporter, kept.email) == (None, "kim@example.com")
        assert kept.mail_due_at is not None
        assert Api().get(f"/api/reports/{made['token']}").data["reason"] == "hate"

    def test_a_token_is_not_guessed(self, picture):
        made = report("picture", picture.pk)
        assert Api().get(f"/api/reports/{made.pk}").refusal == (404, "NOT_FOUND")
        forged = reporting.token_of(made)[:-1] + "!"
        assert Api().get(f"/api/reports/{forged}").refusal == (404, "NOT_FOUND")

    @pytest.mark.parametrize("kind", ["picture", "style", "comment", "profile"])
    def test_each_kind(self, kind, picture):
        comment = community_service.add_comment(
            user=UserFactory(), generation_id=picture.pk, content="You fool."
        )
        things = {
            "picture": (picture.pk, picture.user_id),
            "style": (picture.style_id, picture.style.artist_id),
            "comment": (comment.pk, comment.user_id),
            "profile": (picture.user_id, picture.user_id),
        }
        thing_id, owner_id = things[kind]
        Api().post("/api/reports", {"kind": kind, "id": thing_id, "reason": "spam"})
        case = ModerationCase.objects.get()
        assert (case.kind, case.thing_id, case.subject_id) == (kind, thing_id, owner_id)

    def test_what_is_not_seen_cannot_be_reported(self, picture):
        act("picture", picture.pk, "hide")
        assert Api().post("/api/reports", body_of(picture)).refusal == (404, "NOT_FOUND")
        assert Report.objects.count() == 0

    def test_nor_what_is_ones_own(self, picture, buyer):
        answer = Api(buyer).post("/api/reports", body_of(picture))
        assert answer.refusal == (400, "VALIDATION_ERROR")
        assert ModerationCase.objects.count() == 0


class TestClaims:
    @pytest.mark.parametrize("missing", [*CLAIM, "email"])
    def test_a_claim_of_rights_is_complete(self, missing, picture):
        given = body_of(picture, reason="copy", email="kim@example.com", **CLAIM)
        given.pop(missing)
        answer = Api().post("/api/reports", given)
        assert answer.refusal == (400, "VALIDATION_ERROR")
        assert Report.objects.count() == 0

    def test_whole_it_is_taken(self, picture):
        given = body_of(picture, reason="copy", email="kim@example.com", **CLAIM)
        assert Api().post("/api/reports", given).status == 201
        kept = Report.objects.get()
        assert (kept.name, kept.signature, kept.is_accurate) == ("Mira Halden", "Mira Halden", True)

    def test_of_abuse_of_children_nothing_is_asked_and_it_comes_first(self, picture):
        other = PublicPictureFactory()
        report("picture", other.pk, reason="violence")
        given = {"kind": "picture", "id": picture.pk, "reason": "minors"}
        assert Api().post("/api/reports", given).status == 201
        desk = Api(moderator())
        assert [row["thing_id"] for row in desk.get("/api/moderation/cases").results] == [
            *(picture.pk, other.pk),
        ]


class TestOnce:
    def test_the_same_person_counts_once(self, picture):
        fan = Api(UserFactory())
        first, second = (fan.post("/api/reports", body_of(picture)).data for _ in range(2))
        assert first == second
        assert ModerationCase.objects.get().report_count == Report.objects.count() == 1

    @pytest.mark.parametrize("is_signed_in", [True, False])
    def test_the_same_key_is_the_same_report(self, is_signed_in, picture):
        client = Api(UserFactory()) if is_signed_in else Api()
        headers = {"headers": {"Idempotency-Key": "k-1"}}
        made = [client.post("/api/reports", body_of(picture), **headers).data for _ in range(2)]
        assert made[0] == made[1]
        assert ModerationCase.objects.get().report_count == Report.objects.count() == 1

    def test_the_same_key_of_another_body_is_another_report(self, picture):
        headers = {"headers": {"Idempotency-Key": "k-1"}}
        for words in ("Look.", "Look again."):
            Api().post("/api/reports", body_of(picture, words=words), **headers)
        assert Report.objects.count() == 2

    @pytest.mark.django_db(transaction=True)
    def test_at_once_it_is_one_case_and_nobody_is_lost(self, picture):
        people = [UserFactory() for _ in range(6)]
        acts = [lambda user=user: report("picture", picture.pk, user=user) for user in people * 2]
        all_at_once(acts)
        case = ModerationCase.objects.get()
        assert case.report_count == Report.objects.filter(case=case).count() == 6

    def test_strangers_are_limited(self, picture, settings):
        settings.RATE_LIMITS = {"reports": "2/60"}
        statuses = [Api().post("/api/reports", body_of(picture)).status for _ in range(3)]
        assert statuses == [201, 201, 429]

    def test_after_a_decision_it_is_a_new_case(self, picture):
        fan = UserFactory()
        report("picture", picture.pk, user=fan)
        act("picture", picture.pk, "dismiss", ground="none")
        report("picture", picture.pk, user=fan)
        assert [case.state for case in ModerationCase.objects.order_by("pk")] == [
            *("decided", "open"),
        ]


MANY = 10_000


class TestTenThousand:
    @pytest.fixture
    def flooded(self, picture) -> ModerationCase:
        """A case that ten thousand people have reported, among five thousand others."""
        case = report("picture", picture.pk).case
        with connection.cursor() as cursor:
            cursor.execute(
                """INSERT INTO app_user (username, password, first_name, last_name, email, provider,
                    provider_user_id, role, profile_image, bio, is_superuser, is_staff, is_active,
                    date_joined, token_balance)
                SELECT 'many-' || n, '', '', '', '', 'google', 'many-' || n, 'user', '', '', false,
                    false, true, now(), 0 FROM generate_series(2, %s) n""",
                [MANY],
            )
            cursor.execute(
                """INSERT INTO app_report (case_id, reporter_id, reason, words, url, email,
                    language, name, work, is_good_faith, is_accurate, signature, created_at,
                    mail_failures)
                SELECT %s, id, 'hate', '', '', '', '', '', '', false, false, '', now(), 0
                FROM app_user WHERE username LIKE 'many-%%'""",
                [case.pk],
            )
            cursor.execute(
                """INSERT INTO app_moderationcase (kind, thing_id, subject_id, state, severity,
                    reasons, report_count, findings, opened_at)
                SELECT 'comment', n, %s, 'open', 5, '{}', 1, '[]', now()
                FROM generate_series(1, 5000) n""",
                [case.subject_id],
            )
            cursor.execute("ANALYZE app_moderationcase")
        ModerationCase.objects.filter(pk=case.pk).update(report_count=MANY)
        return case

    @pytest.mark.slow
    def test_are_one_row_and_all_are_told(self, flooded, django_assert_num_queries):
        desk = Api(moderator())
        first = desk.get("/api/moderation/cases", limit=1).results[0]
        assert (first["id"], first["report_count"]) == (flooded.pk, MANY)
        assert "case_queue" in ModerationCase.objects.queue()[:20].explain()
        # One more costs as much as the first.
        fan = UserFactory()
        with django_assert_num_queries(8):
            report("picture", flooded.thing_id, user=fan)
        act("picture", flooded.thing_id, "hide")
        assert Notification.objects.filter(type="report_decided").count() == 0
        while reporting.tell_reporters():
            continue
        assert Notification.objects.filter(type="report_decided").count() == MANY + 1
        assert not Report.objects.filter(told_at=None).exists()


class TestTold:
    def test_of_the_decision_once(self, picture):
        fan = UserFactory()
        made = report("picture", picture.pk, user=fan)
        act("picture", picture.pk, "hide", ground="hate")
        assert reporting.tell_reporters() == 1
        assert reporting.tell_reporters() == 0
        assert [note.message for note in Notification.objects.filter(recipient=fan)] == [
            "Our staff has decided on what you reported."
        ]
        seen = Api().get(f"/api/reports/{reporting.token_of(made)}").data
        assert (seen["state"], seen["action"], seen["ground"]) == ("decided", "hide", "hate")

    def test_who_reported_is_not_told_to_whom_it_is_about(self, picture, buyer):
        fan = UserFactory(username="fan-of-silence")
        report("picture", picture.pk, user=fan, words="My secret words")
        act("picture", picture.pk, "hide")
        seen = Api(buyer).get("/api/moderation/statements").content.decode()
        assert "fan-of-silence" not in seen
        assert "My secret words" not in seen


class TestKept:
    def test_who_reported_is_forgotten_in_time(self, picture, settings):
        settings.REPORTER_KEPT_DAYS = 100
        settings.MAIL_FROM = "Style License <news@example.com>"
        given = body_of(picture, reason="copy", email="kim@example.com", **CLAIM)
        Api().post("/api/reports", given)
        keeping.sweep()
        act("picture", picture.pk, "hide")
        reporting.tell_reporters()
        for days, is_kept in ((99, True), (101, False)):
            Report.objects.update(told_at=clock.now() - timedelta(days=days))
            keeping.sweep()
            kept = Report.objects.get()
            found = (kept.email, kept.name, kept.words, kept.work, kept.signature)
            assert all(found) if is_kept else not any(found)
        assert (kept.reason, kept.is_accurate) == ("copy", True)

    def test_with_an_account_that_is_closed_at_once(self, picture):
        fan = UserFactory()
        report("picture", picture.pk, user=fan, words="My secret words")
        assert Api(fan).delete("/api/users/me").status == 204
        kept = Report.objects.get()
        assert (kept.reporter, kept.words) == (None, "")
        assert ModerationCase.objects.get().report_count == 1


def test_of_a_style_on_sale(artist):
    style = StyleFactory(artist=artist.artist)
    given = {"kind": "style", "id": style.pk, "reason": "copy", "email": "k@example.com", **CLAIM}
    assert Api().post("/api/reports", given).status == 201
