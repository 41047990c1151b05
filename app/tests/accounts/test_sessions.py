"""Sessions, which come with their account, and when they end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.backends.base import UpdateError
from django.test import Client
from django.utils import timezone

from app.http.authentication import SessionStore
from app.models import Session, User
from app.services import api_key_service, user_service
from app.tests.factories import GenerationFactory, UserFactory

pytestmark = pytest.mark.django_db
ME = "/api/auth/me"


@pytest.fixture
def user() -> User:
    user: User = UserFactory(username="mira")
    user.set_password("a long pass phrase")
    user.save()
    return user


@pytest.fixture
def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_session_knows_its_account(browser: Client, user: User) -> None:
    session = Session.objects.get()
    assert session.user == user
    assert browser.get(ME).json()["data"]["username"] == "mira"
    assert session.get_session_store_class() is SessionStore


def test_nobodys_session_has_no_account() -> None:
    store = SessionStore()
    store["language"] = "ko"
    store.save()
    assert Session.objects.get().user is None
    client = Client()
    client.cookies["sessionid"] = store.session_key
    assert client.get(ME).status_code == 401
    assert SessionStore(store.session_key)["language"] == "ko"


def end_with_another_password(user: User, settings: Any) -> None:
    user.set_password("another pass phrase")
    user.save()


def close_the_account(user: User, settings: Any) -> None:
    User.objects.update(is_active=False)


def expire(user: User, settings: Any) -> None:
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))


def delete(user: User, settings: Any) -> None:
    Session.objects.all().delete()


def lose_the_key(user: User, settings: Any) -> None:
    settings.SECRET_KEY = "another key, quite as long as the one before it was"


def belong_to_another(user: User, settings: Any) -> None:
    """As nobody but the database's owner could."""
    Session.objects.update(user=UserFactory(username="other"))


@pytest.mark.parametrize(
    "happens", [end_with_another_password, close_the_account, expire, delete, lose_the_key]
)
def test_a_session_ends(browser: Client, user: User, settings: Any, happens: Any) -> None:
    assert browser.get(ME).status_code == 200
    happens(user, settings)
    assert browser.get(ME).status_code == 401


@pytest.mark.parametrize(
    "happens", [end_with_another_password, close_the_account, expire, delete, lose_the_key]
)
def test_with_it_ends_the_look_at_a_picture_that_is_read_beside_it(
    browser: Client, user: User, settings: Any, happens: Any
) -> None:
    poll = f"/api/images/{GenerationFactory(user=user, status='queued').pk}/status"
    assert browser.get(poll).json()["data"]["queue_position"] == 1
    happens(user, settings)
    assert browser.get(poll).status_code == 404


def test_a_picture_beside_a_session_is_of_whom_its_signed_text_names(
    browser: Client, user: User, settings: Any
) -> None:
    belong_to_another(user, settings)
    another = Session.objects.get().user
    for owner, status in ((user, 200), (another, 404)):
        picture = GenerationFactory(user=owner, status="queued")
        assert browser.get(f"/api/images/{picture.pk}/status").status_code == status


def test_a_key_does_not_show_what_is_read_beside_a_session(browser: Client, user: User) -> None:
    picture = GenerationFactory(user=user, status="queued")
    secret = api_key_service.create_key(user=UserFactory(), name="k", scopes=["read"]).secret
    answer = browser.get(f"/api/images/{picture.pk}/status", HTTP_AUTHORIZATION=f"Api-Key {secret}")
    assert answer.status_code == 404


def test_a_session_is_of_whom_its_signed_text_names(
    browser: Client, user: User, settings: Any
) -> None:
    belong_to_another(user, settings)
    assert browser.get(ME).json()["data"]["username"] == "mira"


def test_a_session_of_a_former_key_lives_on(browser: Client, settings: Any) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key, quite as long as the one before it was"
    assert browser.get(ME).status_code == 200


@pytest.mark.parametrize(
    "key", ["short", "a" * 4000, "nul\x00in-the-middle", "\ud55c" * 10, "../.."]
)
def test_a_key_that_is_none_of_ours_is_nobodys(key: str) -> None:
    store = SessionStore(key)
    assert dict(store.items()) == {}
    assert store.session_key is None


def test_what_one_request_changes_in_a_session_no_other_sees() -> None:
    store = SessionStore()
    store["seen"] = [1]
    store.save()
    SessionStore(store.session_key)["seen"].append(2)
    assert SessionStore(store.session_key)["seen"] == [1]


def test_ended_sessions_are_deleted_and_others_are_not(browser: Client, user: User) -> None:
    Client().force_login(user)
    ended = Session.objects.exclude(pk=browser.cookies["sessionid"].value)
    ended.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert user_service.forget_ended_sessions() == 1
    assert user_service.forget_ended_sessions() == 0
    assert browser.get(ME).status_code == 200


def test_a_session_that_was_ended_meanwhile_is_not_brought_back(browser: Client) -> None:
    store = SessionStore(browser.cookies["sessionid"].value)
    store["language"] = "ko"
    Session.objects.all().delete()
    with pytest.raises(UpdateError):
        store.save()
