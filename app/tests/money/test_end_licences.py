"""``manage.py end_licences``: what is refunded at once, and what waits for somebody else."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import CommandError, call_command

from app.exceptions import NotAllowed
from app.models import Licence, Proposal, Style, User
from app.services.safety import deciding
from app.tests import ledger
from app.tests.factories import GenerationFactory, StyleFactory, UserFactory

pytestmark = pytest.mark.django_db
REASON = "The picture came out empty."
REVOKE = ("end_licences", "--revoke", "--staff", "keeper", "--reason", REASON)


@pytest.fixture
def keeper(db: object) -> User:
    return User.objects.create_superuser("keeper", "keeper@example.com", "keeps")


@pytest.fixture
def sold(buyer: User, artist: User, settings: Any) -> Licence:
    """A picture that cost 10, of which the artist got 8."""
    settings.PLATFORM_FEE_PERCENT = 20
    style = StyleFactory(artist=artist.artist, name="Quill", price=10)
    return Licence.objects.get(pk=GenerationFactory(user=buyer, style=style).pk)


def end(*options: str) -> None:
    call_command("end_licences", *options, "--staff", "keeper", "--reason", REASON)


def confirm_all() -> None:
    warden = UserFactory(is_staff=True, is_superuser=True)
    for proposal in Proposal.objects.filter(ended_at=None):
        deciding.confirm(proposal_id=proposal.pk, staff=warden)


def test_a_revocation_takes_somebody_else_who_is_signed_in(sold, keeper, capsys):
    """No name that is typed beside the first confirms it."""
    with pytest.raises(CommandError, match="second"):
        call_command(*REVOKE, sold.number, "--second", "warden")
    for _ in range(2):
        call_command(*REVOKE, sold.number)
    said = f"{sold.number} waits for somebody else to confirm that it is revoked."
    assert capsys.readouterr().out.splitlines() == [said] * 2
    assert Licence.objects.get().is_valid
    proposal = Proposal.objects.get()
    with pytest.raises(NotAllowed):
        deciding.confirm(proposal_id=proposal.pk, staff=keeper)
    confirm_all()
    assert Licence.objects.get().state == "revoked"


def test_it_refunds_by_number_and_may_be_run_again(sold, keeper, buyer, capsys):
    for _ in range(2):
        end(sold.number, "--refund")
    assert capsys.readouterr().out.splitlines() == [
        f"{sold.number} is refunded now.",
        f"{sold.number} is refunded already.",
    ]
    assert ledger.balance_of(buyer) == 1000


def test_it_revokes_all_of_a_style_and_refunds_later(sold, keeper, buyer):
    style = Style.objects.get()
    GenerationFactory(user=buyer, style=style)
    elsewhere = GenerationFactory(user=buyer).licence
    end("--style", str(style.pk), "--revoke")
    confirm_all()
    assert ledger.balance_of(buyer) == 970
    end("--style", str(style.pk), "--revoke", "--refund")
    assert ledger.balance_of(buyer) == 990
    assert Licence.objects.filter(state="revoked").count() == 2
    elsewhere.refresh_from_db()
    assert elsewhere.is_valid
    ledger.assert_right()


@pytest.mark.parametrize(
    "options",
    [(), ("--refund",), ("SL-0000-0000-0000", "--refund"), ("--style", "1", "--reason", "x")],
)
def test_it_says_what_is_missing(keeper, options):
    with pytest.raises(CommandError):
        end(*options)


def test_who_is_no_staff_decides_nothing(sold):
    UserFactory(username="keeper")
    with pytest.raises(CommandError, match="staff"):
        end(sold.number, "--refund")
    assert Licence.objects.get().is_valid


def test_a_bad_reason_is_an_error_of_each(sold, keeper):
    with pytest.raises(CommandError, match="1 could not"):
        call_command(*REVOKE[:1], sold.number, "--refund", *REVOKE[2:5], " ")
    assert Licence.objects.get().is_valid
