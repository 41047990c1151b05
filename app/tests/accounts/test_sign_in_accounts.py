"""The accounts that sign-in makes: their names, their bonus, and what is left when they close."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount
from django.db import IntegrityError, transaction
from django.test import Client

from app.models import Transaction, User
from app.services import user_service
from app.tests.factories import UserFactory
from app.tests.forging_provider import ForgingProvider
from app.tests.helpers_sign_in import (
    assert_refused,
    begin,
    sign_in,
    use_environment,
    wait_for_lock_queue,
)
from app.tests.safety.staff import act
from app.utils import clock

EMAIL = "secret.handle@example.com"


@pytest.fixture
def forger(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[ForgingProvider]:
    forger = ForgingProvider()
    forger.start()
    use_environment(forger.environment(), settings, monkeypatch)
    yield forger
    forger.stop()


def balances() -> list[int]:
    return list(User.objects.order_by("pk").values_list("token_balance", flat=True))


# --- Names -------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "username"),
    [
        ("Ada Lovelace", "ada-lovelace"),
        ("김민지", "김민지"),
        # The same name, its letters taken apart as some systems do.
        ("\u1100\u1175\u11b7\u1106\u1175\u11ab\u110c\u1175", "김민지"),
        ("Łukasz Żółć", "łukasz-żółć"),
        ("Ö", "user-ö"),
        ("<b>!", "user-b"),
        ("?!", "user"),
        ("x" * 200, "x" * 32),
        (f"{'x' * 31} y", "x" * 31),
        (None, "user"),
        ("", "user"),
        (EMAIL, "user"),
        (7, "user-7"),
    ],
)
def test_the_user_name_is_made_of_the_name(
    client: Client, forger: ForgingProvider, name: Any, username: str
) -> None:
    assert sign_in(client, forger, name=name).status_code == 302

    user = User.objects.get()
    assert (user.username, user.email) == (username, EMAIL)
    assert (user.first_name, user.last_name) == ("", "")


@pytest.mark.django_db
def test_a_given_name_will_do(client: Client, forger: ForgingProvider) -> None:
    sign_in(client, forger, name=None, given_name="Ada")

    assert User.objects.get().username == "ada"


@pytest.mark.django_db
def test_namesakes_have_different_user_names(forger: ForgingProvider) -> None:
    for sub, name in (("1", "Kim Minji"), ("2", "kim minji"), ("3", "Kim  Minji!")):
        assert sign_in(Client(), forger, sub=sub, name=name).status_code == 302

    names = User.objects.order_by("pk").values_list("username", flat=True)
    assert list(names) == ["kim-minji", "kim-minji-2", "kim-minji-3"]


# --- First sign-ins at once --------------------------------------------------------------------


def begin_to_sign_in(forger: ForgingProvider, *people: dict[str, str]) -> Callable[[], list[Any]]:
    browsers = [Client(raise_request_exception=False) for _ in people]

    def call(number: int) -> Any:
        return lambda: sign_in(browsers[number], forger, code=str(number), **people[number])

    return begin(*(call(number) for number in range(len(people))))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("people", "usernames", "bonuses"),
    [
        pytest.param([{"sub": "1"}, {"sub": "1"}], ["ada-lovelace"], [100], id="one person"),
        pytest.param(
            [{"sub": "1"}, {"sub": "2"}],
            ["ada-lovelace", "ada-lovelace-2"],
            [100, 100],
            id="namesakes",
        ),
    ],
)
def test_first_sign_ins_at_once(
    forger: ForgingProvider,
    people: list[dict[str, str]],
    usernames: list[str],
    bonuses: list[int],
) -> None:
    with transaction.atomic():
        user_service.lock_user_names()
        both_answers = begin_to_sign_in(forger, *people)
        # So that they do run into each other.
        wait_for_lock_queue(len(people))
    answers = both_answers()

    assert [answer.status_code for answer in answers] == [302, 302]
    assert sorted(User.objects.values_list("username", flat=True)) == usernames
    assert balances() == bonuses
    assert Transaction.objects.count() == SocialAccount.objects.count() == len(bonuses)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("subs", [("1", "1"), ("1", "2")], ids=["one person", "namesakes"])
def test_without_the_lock_they_collide(
    forger: ForgingProvider, monkeypatch: pytest.MonkeyPatch, subs: tuple[str, str]
) -> None:
    """The control: both get past the look whether the account is there, and one breaks."""
    both_have_looked = threading.Barrier(2)
    save_user = DefaultSocialAccountAdapter.save_user

    def save_together(*arguments: Any, **named: Any) -> Any:
        both_have_looked.wait(10)
        return save_user(*arguments, **named)

    monkeypatch.setattr(user_service, "lock_user_names", lambda: None)
    monkeypatch.setattr(DefaultSocialAccountAdapter, "save_user", save_together)

    answers = begin_to_sign_in(forger, *({"sub": sub} for sub in subs))()

    assert sorted(answer.status_code for answer in answers) == [302, 500]
    assert balances() == [100]


# --- Leaving and coming back -------------------------------------------------------------------


def leave(client: Client) -> None:
    assert client.delete("/api/users/me").status_code == 204


@pytest.mark.django_db
def test_who_comes_back_has_a_new_account_and_no_second_bonus(
    client: Client, forger: ForgingProvider
) -> None:
    sign_in(client, forger)
    leave(client)
    assert client.get("/api/auth/me").status_code == 401

    for expected in ([100, 0], [100, 0, 0]):
        assert sign_in(client, forger).status_code == 302
        assert balances() == expected
        user = User.objects.latest("pk")
        assert client.get("/api/auth/me").json()["data"]["id"] == user.pk
        assert (user.username, user.provider_user_id) == ("ada-lovelace", "20001")
        leave(client)

    assert Transaction.objects.count() == 1
    sign_in(client, forger, sub="20002")
    assert balances() == [100, 0, 0, 100]


@pytest.mark.django_db
def test_closing_an_account_does_not_end_its_suspension(
    client: Client, forger: ForgingProvider
) -> None:
    sign_in(client, forger)
    leave(client)
    sign_in(client, forger)
    until = clock.seconds_from_now(7 * 24 * 3600)
    act("profile", User.objects.open().get().pk, "suspend", until=until)
    leave(client)

    refused = sign_in(client, forger)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "ACCOUNT_SUSPENDED")
    assert not User.objects.open().exclude(is_staff=True).exists()
    assert not SocialAccount.objects.exists()
    with time_machine.travel(until, tick=False):
        user_service.welcome(UserFactory(), provider="google", provider_user_id="20001")


@pytest.mark.django_db
def test_a_closed_account_keeps_no_identity(client: Client, forger: ForgingProvider) -> None:
    sign_in(client, forger, sub="20001")
    leave(client)

    closed = User.objects.values().get()
    assert closed["provider"] == "closed"
    assert len(closed["provider_user_id"]) == 64
    kept = " ".join(str(value) for value in closed.values())
    for personal in ("20001", EMAIL, "ada", "lovelace"):
        assert personal not in kept
    assert not SocialAccount.objects.exists()


@pytest.mark.django_db
def test_who_left_is_recognized_after_the_secret_key_was_changed(
    client: Client, forger: ForgingProvider, settings: Any
) -> None:
    sign_in(client, forger)
    leave(client)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key"

    sign_in(Client(), forger)

    assert balances() == [100, 0]


@pytest.mark.django_db
def test_a_name_like_that_of_a_closed_account_is_no_hindrance(
    client: Client, forger: ForgingProvider
) -> None:
    sign_in(client, forger)
    user = User.objects.get()
    sign_in(Client(), forger, sub="20002", name=f"Closed {user.pk}")

    leave(client)

    user.refresh_from_db()
    assert user.username == f"closed-{user.pk}-2"


@pytest.mark.django_db
def test_a_deactivated_account_cannot_sign_in(client: Client, forger: ForgingProvider) -> None:
    sign_in(client, forger)
    User.objects.update(is_active=False)

    for browser in (client, Client()):
        assert_refused(
            sign_in(browser, forger),
            browser,
            status=403,
            code="PERMISSION_DENIED",
            message="This account has been deactivated.",
            users=1,
        )


@pytest.mark.django_db
def test_a_sign_in_at_the_moment_of_closing_does_not_bring_the_identity_back(
    client: Client, forger: ForgingProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(client, forger)
    save = SocialAccount.save

    def slowly(account: SocialAccount, *args: Any, **given: Any) -> None:
        """allauth has read the identity; the account closes before it is saved again."""
        monkeypatch.setattr(SocialAccount, "save", save)
        assert account.user.is_active
        user_service.close_account(User.objects.get())
        save(account, *args, **given)

    monkeypatch.setattr(SocialAccount, "save", slowly)
    assert sign_in(Client(), forger).status_code == 401
    assert not SocialAccount.objects.exists()
    sign_in(Client(), forger)
    assert balances() == [100, 0]


@pytest.mark.django_db
def test_the_database_keeps_one_account_for_an_identity(
    client: Client, forger: ForgingProvider
) -> None:
    sign_in(client, forger)

    with pytest.raises(IntegrityError, match="user_provider_identity_unique"):
        User.objects.create(username="another", provider="google", provider_user_id="20001")
