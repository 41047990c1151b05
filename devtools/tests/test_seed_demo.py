"""``manage.py seed_demo`` where it cannot do its work: a sentence, and nothing half done."""

from dataclasses import replace

import pytest
from django.core.management import CommandError, call_command

from app.models import ReviewState, Style, User
from app.services import user_service
from app.tests.factories import ArtistFactory, StyleFactory
from devtools.demo import DEMO_ARTISTS
from devtools.management.commands import seed_demo

pytestmark = pytest.mark.django_db


def test_what_the_services_refuse_is_told_in_their_words(settings, monkeypatch) -> None:
    settings.DEMO_SIGN_IN = True
    lazy = replace(DEMO_ARTISTS[0], works=DEMO_ARTISTS[0].works[:3])
    monkeypatch.setattr(seed_demo, "DEMO_ARTISTS", [lazy])
    with pytest.raises(CommandError, match="at least 10 images; 3 were sent"):
        call_command("seed_demo")
    assert not Style.objects.exists()


def test_it_needs_the_demo_accounts(settings) -> None:
    settings.DEMO_SIGN_IN = False
    with pytest.raises(CommandError, match="set DEMO_SIGN_IN=1"):
        call_command("seed_demo")
    assert not User.objects.exists()


def test_who_has_left_is_not_made_to_come_back(settings, monkeypatch) -> None:
    settings.DEMO_SIGN_IN = True
    monkeypatch.setattr(seed_demo, "DEMO_ARTISTS", DEMO_ARTISTS[:1])
    user_service.close_account(user_service.sign_in_demo(DEMO_ARTISTS[0].username))
    call_command("seed_demo")
    assert not Style.objects.exists()


@pytest.mark.parametrize("state", [ReviewState.WAITING, ReviewState.REFUSED])
def test_it_does_not_wait_for_our_staff(settings, monkeypatch, capsys, state) -> None:
    """Nor are pictures ordered in a style that staff have still to look at."""
    settings.DEMO_SIGN_IN = True
    monkeypatch.setattr(seed_demo, "PATIENCE_SECONDS", 1)
    monkeypatch.setattr(seed_demo, "DEMO_ARTISTS", DEMO_ARTISTS[:1])
    user = user_service.sign_in_demo(DEMO_ARTISTS[0].username)
    StyleFactory(
        artist=ArtistFactory(user=user),
        name=DEMO_ARTISTS[0].style_name,
        training_status="pending" if state == ReviewState.WAITING else "failed",
        review={"state": state},
    )
    call_command("seed_demo")
    assert "Our staff looks" in capsys.readouterr().out
