"""Commands of licences and their certificates: what they cannot do they say, in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from app.models import Licence, Proposal
from app.tests.factories import GenerationFactory, StyleFactory, UserFactory
from provenance import certificates


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / certificates.FOLDER
    certificates.make(found)
    return found


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--organization", " "), "at most 51 bytes"),
        (("--organization", "가" * 18), "at most 51 bytes"),
        (("--renew",), "authority is damaged"),
    ],
)
def test_what_makes_no_certificate(folder: Path, arguments: tuple[str, ...], said: str) -> None:
    (folder / "authority" / "intermediate-key.pem").write_text("no key")
    with pytest.raises(CommandError, match=said):
        call_command("make_certificates", *arguments, folder=str(folder.parent))
    assert len(certificates.signers(folder)) == 1


def test_a_signer_lives_no_longer_than_its_intermediate(folder: Path) -> None:
    """However many days somebody asks for."""
    call_command("make_certificates", "--renew", "--days=999999999", folder=str(folder.parent))
    ends = [
        [each.not_valid_after_utc for each in made.certificates]
        for made in certificates.signers(folder)
    ]
    signer, intermediate = max(ends)
    assert signer == intermediate


@pytest.mark.django_db
@pytest.mark.parametrize("step", [0, -1])
def test_no_licence_is_issued_in_steps_of_nothing(step: int) -> None:
    """It has looked at no picture, so it does not say that every one has its licence."""
    GenerationFactory()
    Licence.objects.all().delete()
    with pytest.raises(CommandError, match="--step"):
        call_command("issue_licences", f"--step={step}")


@pytest.mark.django_db
class TestEnding:
    def end(self, *options: str) -> None:
        UserFactory(username="keeper", is_staff=True, is_superuser=True)
        call_command("end_licences", *options, "--refund", "--staff=keeper", "--reason=Ours.")

    def test_numbers_are_read_as_people_write_them(self) -> None:
        licence = GenerationFactory().licence
        self.end(licence.number.lower().replace("-", " ").replace("0", "o"))
        licence.refresh_from_db()
        assert licence.state == "refunded"

    def test_one_that_is_mistyped_is_named(self) -> None:
        with pytest.raises(CommandError, match="SL-12: A licence number has 12 characters"):
            self.end("SL-12")

    def test_a_style_that_has_none_is_named(self) -> None:
        """Else nobody notices that it was the wrong one, and that nothing has ended."""
        with pytest.raises(CommandError, match="There is no style 999999"):
            self.end("--style=999999")
        style = StyleFactory()
        with pytest.raises(CommandError, match=f"Style {style.pk} has no licences"):
            call_command(
                *("end_licences", f"--style={style.pk}", "--refund", "--staff=keeper"),
                "--reason=Ours.",
            )

    @pytest.mark.parametrize(
        ("how", "missing"),
        [
            ("--refund", "This takes the right to move money."),
            ("--revoke", "This takes the right to moderate."),
        ],
    )
    def test_whoever_decided_it_needs_the_rights(
        self, how: str, missing: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        licence = GenerationFactory().licence
        UserFactory(username="keeper", is_staff=True)
        with pytest.raises(CommandError, match="1 could not be ended"):
            call_command("end_licences", licence.number, "--staff=keeper", "--reason=Ours.", how)
        assert missing in capsys.readouterr().err
        licence.refresh_from_db()
        assert licence.is_valid
        assert not Proposal.objects.exists()
