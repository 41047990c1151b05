"""Three rights: to moderate, to move money, to operate. Each opens nothing of the others."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import RequestFactory

from app.exceptions import NotAllowed
from app.models import Action, Decision, Generation, Licence, PictureCheck, User
from app.services import moderation_service, reversal_service
from app.services.safety import deciding, rights
from app.services.safety.rights import Right
from app.tests.api import Api
from app.tests.factories import PublicPictureFactory, StyleFactory, UserFactory
from app.tests.safety.staff import WORDS, member, report
from app.utils import clock

pytestmark = pytest.mark.django_db
MODERATE, MONEY, OPERATE = {"moderate"}, {"money"}, {"operate"}
# What the admin offers, by the model and the action, and which rights it takes.
IN_ADMIN: dict[str, set[str]] = {
    "style.hold": MODERATE,
    "style.withdraw": MODERATE,
    "style.restore": MODERATE,
    "style.retry": OPERATE,
    "style.cancel": OPERATE,
    "copycheck.allow": MODERATE,
    "copycheck.refuse": MODERATE,
    "picturecheck.lift": MODERATE,
    "picturecheck.uphold": MODERATE,
    "generation.hide": MODERATE,
    "generation.show": MODERATE,
    "generation.clear": MODERATE,
    "generation.refund": OPERATE,
    "generation.retry": OPERATE,
    "generation.cancel": OPERATE,
    "comment.remove": MODERATE,
    "licence.refund": MONEY,
    "licence.revoke": MODERATE,
    "licence.revoke_and_refund": MODERATE | MONEY,
    "proposal.confirm": MODERATE,
    "proposal.turn_down": MODERATE,
}
# What is decided at the desk. A revocation with the price back takes both.
AT_THE_DESK: dict[Action, set[str]] = {
    **dict.fromkeys(
        [
            *(Action.HIDE, Action.REMOVE, Action.HOLD, Action.WITHDRAW, Action.REVOKE),
            *(Action.WARN, Action.SUSPEND, Action.RESTORE, Action.DISMISS),
        ],
        MODERATE,
    ),
    Action.REFUND: MONEY,
}
COMBINATIONS = [set(), MODERATE, MONEY, OPERATE, MODERATE | MONEY, MONEY | OPERATE]


def offered(user: User) -> Iterator[tuple[str, set[str]]]:
    """The actions of the whole admin that the user is offered, with the rights they ask for."""
    request = RequestFactory().get("/admin/")
    request.user = user
    for model, page in admin.site._registry.items():
        if not model.__module__.startswith("app."):
            continue
        for name, (act, *_) in page.get_actions(request).items():
            if name != "delete_selected":
                asked = set(getattr(act, "allowed_permissions", ()))
                yield f"{model._meta.model_name}.{name}", asked


def test_the_admin_asks_for_a_right_for_each_action() -> None:
    found = dict(offered(UserFactory(is_staff=True, is_superuser=True)))
    assert set(found) == set(IN_ADMIN)
    # Of several, Django takes any: the service asks for all of them.
    assert {name: found[name] for name in IN_ADMIN if len(IN_ADMIN[name]) == 1} == {
        name: asked for name, asked in IN_ADMIN.items() if len(asked) == 1
    }


@pytest.mark.parametrize("given", COMBINATIONS, ids=lambda given: "+".join(sorted(given)) or "none")
def test_nobody_is_offered_more_than_the_rights_open(given: set[str]) -> None:
    staff = member(*given)
    staff.user_permissions.add(*Permission.objects.filter(codename__startswith="view_"))
    found = {name for name, _ in offered(User.objects.get(pk=staff.pk))}
    both = {name for name, asked in IN_ADMIN.items() if len(asked) > 1}
    assert found - both == {name for name, asked in IN_ADMIN.items() if asked <= given} - both


@pytest.mark.parametrize("given", COMBINATIONS, ids=lambda given: "+".join(sorted(given)) or "none")
def test_at_the_desk(given: set[str]) -> None:
    staff = member(*given)
    offered_by = {each for kind in deciding.ALLOWED for each in deciding.actions_for(kind)}
    assert set(AT_THE_DESK) == offered_by
    for action, asked in AT_THE_DESK.items():
        assert deciding.may(staff, action) == (asked <= given)


@pytest.mark.parametrize("action", AT_THE_DESK)
def test_without_the_right_no_door_decides(action: Action) -> None:
    picture = PublicPictureFactory()
    case = report("picture", picture.pk).case
    others = {"moderate", "money", "operate"} - AT_THE_DESK[action]
    staff = member(*others)
    said = {"staff": staff, "action": action, "words": WORDS, "ground": "hate"}
    if action in (*deciding.ALLOWED["picture"], *deciding.OF_ACCOUNTS, Action.DISMISS):
        with pytest.raises(NotAllowed):
            deciding.decide(case_id=case.pk, **said)
    with pytest.raises(NotAllowed):
        deciding.act(kind="picture", thing_id=picture.pk, **said)
    picture.refresh_from_db()
    assert (picture.visibility, Decision.objects.count()) == ("public", 0)


def test_what_takes_two_rights_takes_both_of_both_people() -> None:
    picture = PublicPictureFactory()
    given = {"generation_id": picture.pk, "words": WORDS, "ground": "copyright"}
    for right in ("moderate", "money"):
        with pytest.raises(NotAllowed):
            deciding.propose_revocation(staff=member(right), **given, with_refund=True)
    both = member("moderate", "money")
    waiting = deciding.propose_revocation(staff=both, **given, with_refund=True)
    for right in ("moderate", "money"):
        with pytest.raises(NotAllowed):
            deciding.confirm(proposal_id=waiting.pk, staff=member(right))
    assert Licence.objects.get().state == "active"


def test_checks_are_decided_on_by_the_right_to_moderate_alone() -> None:
    check = PictureCheck.objects.create(
        kind="profile",
        user=UserFactory(),
        key="profiles/x.webp",
        score=0.9,
        outcome="found",
        rating="blocked",
        checker="x/1",
        found_at=clock.now(),
    )
    picture = PublicPictureFactory(style=StyleFactory(allows_mature=True))
    Generation.objects.update(rating="mature")
    staff = member("money", "operate")
    for act, thing in (
        (moderation_service.lift_check, check),
        (moderation_service.uphold_check, check),
        (moderation_service.rate_general, picture),
        (moderation_service.hide_picture, picture),
    ):
        with pytest.raises(NotAllowed):
            act(thing, staff=staff, reason=WORDS)
    check.refresh_from_db()
    assert (check.outcome, Decision.objects.count()) == ("found", 0)
    moderation_service.lift_check(check, staff=member("moderate"), reason=WORDS)


def test_a_refund_takes_the_right_to_move_money() -> None:
    licence = Licence.objects.get(pk=PublicPictureFactory().pk)
    with pytest.raises(NotAllowed):
        moderation_service.deciding.act(
            kind="picture",
            thing_id=licence.pk,
            action="refund",
            words=WORDS,
            staff=member("moderate", "operate"),
        )
    assert not reversal_service.is_refunded(licence)


class TestWhoHasThem:
    def people(self) -> dict[str, tuple[User, bool]]:
        stranger: User = UserFactory()
        stranger.user_permissions.set(Permission.objects.filter(codename="moderate"))
        gone = member("moderate")
        User.objects.filter(pk=gone.pk).update(is_active=False)
        return {
            "with the right": (member("moderate"), True),
            "of the staff alone": (UserFactory(is_staff=True), False),
            "a superuser": (UserFactory(is_staff=True, is_superuser=True), True),
            "not of the staff": (User.objects.get(pk=stranger.pk), False),
            "switched off": (User.objects.get(pk=gone.pk), False),
        }

    def test_the_staff_that_was_given_them(self) -> None:
        for who, (user, may) in self.people().items():
            assert rights.has(user, Right.MODERATE) == may, who
            if not may:
                with pytest.raises(NotAllowed):
                    rights.require(user, Right.MODERATE)

    def test_to_others_there_is_no_desk(self) -> None:
        for who, (user, may) in self.people().items():
            assert Api(user).http.get("/desk").status_code == (200 if may else 404) or (
                who == "switched off"
            )
        for right in ("money", "operate"):
            assert Api(member(right)).http.get("/desk").status_code == 404
