"""``manage.py seed_demo`` where it cannot do its work: a sentence, and nothing half done."""

from dataclasses import replace

import pytest
from django.core.management import CommandError, call_command

from app.models import Style, User
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
