"""The pages of the books and of our root certificate."""

from __future__ import annotations

import html
import re

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from django.core.cache import cache
from django.test import Client

from app.models import LicenceDay, LicenceState
from app.services import measure_service, signature_service
from app.services.licences import books, states
from app.tests.factories import GenerationFactory, PublicPictureFactory, UserFactory
from app.tests.licences.booking import booked

pytestmark = pytest.mark.django_db


def words_of(path: str, **headers: str) -> str:
    """What people read, in one line."""
    cache.clear()
    answer = Client().get(path, headers=headers)
    assert answer.status_code == 200
    text = re.sub(r"<[^>]+>", " ", answer.content.decode())
    return " ".join(html.unescape(text).split())


def test_the_books_say_what_is_in_them() -> None:
    buyer = UserFactory(username="shy-buyer", tokens=1234)
    for _ in range(2):
        ended = PublicPictureFactory(user=buyer, prompt_tags=("secret", "garden"))
    GenerationFactory(user=buyer, status="failed")
    states.end(ended, LicenceState.REVOKED, "A mistake.")
    said = words_of("/about/books")
    for part in (
        *("Paid for pictures 3 30", "Refunded 1 10", "Issued 2 Valid 1 Refunded 0 Revoked 1"),
        *("hold 1,234 tokens", "has not been audited yet", "No day has been published yet"),
    ):
        assert part in said
    for private in ("shy", "secret", "garden"):
        assert private not in said


def test_they_say_what_the_last_audit_found() -> None:
    measure_service.record(measure_service.LEDGER_FINDINGS, 0)
    assert "every balance and every picture right" in words_of("/about/books")
    measure_service.record(measure_service.LEDGER_FINDINGS, 2)
    assert "The last audit found 2 rows that are wrong." in words_of("/about/books")
    assert "잘못된 행 2개" in words_of("/about/books", accept_language="ko")


def test_they_show_the_latest_days() -> None:
    licence = PublicPictureFactory().licence
    booked(licence, 20)
    books.publish_days()
    said = words_of("/about/books")
    rows = LicenceDay.objects.all()
    assert [f"{row.day} {row.count} {row.digest[:16]}…" in said for row in rows] == (
        [True] * 14 + [False] * 6
    )
    assert licence.number not in said


def test_a_licence_leads_to_its_proof() -> None:
    licence = PublicPictureFactory().licence
    assert "In the books of" not in words_of(f"/licences/{licence.number}")
    booked(licence, 1)
    books.publish_days()
    day = LicenceDay.objects.get().day
    assert f"In the books of {day}" in words_of(f"/licences/{licence.number}")
    assert Client().get(f"/api/licences/{licence.number}/proof").status_code == 200
    # One that somebody has put into a published day is not in its books.
    late = booked(PublicPictureFactory().licence, 1)
    assert "In the books of" not in words_of(f"/licences/{late.number}")


def test_the_root_certificate_is_the_one_that_signs() -> None:
    answer = Client().get("/.well-known/c2pa-root.pem")
    assert answer["Content-Type"] == "application/pem-certificate-chain"
    [root] = x509.load_pem_x509_certificates(answer.content)
    chain = signature_service._signers()[-1].certificates
    chain[-1].verify_directly_issued_by(root)
    fingerprint = root.fingerprint(hashes.SHA256()).hex(":").upper()
    for language in ("en", "ko"):
        assert fingerprint in words_of("/about/root-certificate", accept_language=language)


def test_there_is_none_to_show_where_there_is_none(settings, tmp_path) -> None:
    settings.CERTIFICATES_DIR, settings.DEVELOPMENT = str(tmp_path), False
    for path in ("/.well-known/c2pa-root.pem", "/about/root-certificate"):
        assert Client().get(path).status_code == 503
