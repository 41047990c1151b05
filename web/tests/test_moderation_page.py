"""What everybody reads of decisions, and of what is kept of people."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from app.models import Appeal, Generation, ModerationCase, Statement, User
from app.services.safety import appeals, figures
from app.tests.safety.staff import WORDS, act, moderator, report

pytestmark = pytest.mark.django_db


def page(path: str, language: str = "en") -> str:
    return Client(headers={"accept-language": language}).get(path).content.decode()


def test_figures_are_counted_by_month(picture: Generation, buyer: User) -> None:
    report("picture", picture.pk, reason="hate")
    ModerationCase.objects.update(opened_at=picture.created_at - timedelta(hours=3))
    act("picture", picture.pk, "hide")
    [statement] = Statement.objects.all()
    made = appeals.appeal(user=picture.user, statement_id=statement.pk, words="No.")
    appeals.judge(appeal_id=made.pk, staff=moderator(), is_granted=True, words=WORDS)
    assert Appeal.objects.exists()
    months = figures.figures()
    assert len(months) == figures.MONTHS
    now = months[0]
    assert (now.reports, now.actions, now.decided) == ({"hate": 1}, {"hide": 1}, 1)
    assert (now.appeals, now.granted, now.automated) == (1, 1, 0)
    assert now.median is not None
    assert timedelta(hours=2.9) < now.median < timedelta(hours=3.1)
    assert "3 hours" in page("/about/moderation")


def test_they_take_four_statements_and_are_kept(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(4):
        figures.figures()
    with django_assert_num_queries(0):
        figures.figures()


@pytest.mark.parametrize("path", ["/about/moderation", "/privacy"])
def test_they_are_linked_from_every_page_in_both_languages(path: str) -> None:
    assert f'href="{path}"' in page("/")
    assert page(path) != page(path, "ko")


def test_privacy_names_the_periods(settings: Any) -> None:
    settings.REPORTER_KEPT_DAYS = 77
    shown = page("/privacy")
    for said in ("14 days", "7 days", "2 hours", "30 days", "90 days", "77 days"):
        assert said in shown
