"""Members of the staff with the rights that a test needs, and things to decide on."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Permission

from app.models import Decision, Report, User
from app.services.safety import deciding, reporting
from app.tests.factories import UserFactory

WORDS = "It shows a person who did not agree."


def member(*rights: str) -> User:
    """A member of the staff with these of the three rights."""
    made: User = UserFactory(is_staff=True)
    made.user_permissions.set(Permission.objects.filter(codename__in=rights))
    # What a user may do is remembered by the instance.
    return User.objects.get(pk=made.pk)


def moderator() -> User:
    return member("moderate")


def act(kind: str, thing_id: int, action: str, **more: Any) -> Decision:
    """Done by somebody who may."""
    given = {"staff": more.pop("staff", None) or member("moderate", "money"), "words": WORDS}
    return deciding.act(kind=kind, thing_id=thing_id, action=action, **{**given, **more})


def report(kind: str, thing_id: int, **more: Any) -> Report:
    """By somebody with an account."""
    given = {"user": more.pop("user", None) or UserFactory(), "reason": "hate"}
    return reporting.report(kind=kind, thing_id=thing_id, **{**given, **more})
