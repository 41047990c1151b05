"""A licence is issued with the payment of the artist: then, and once."""

from __future__ import annotations

import base64
import hashlib
from contextlib import suppress

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from app.models import Generation, Licence, Transaction
from app.services.generation_service import GENERATIONS
from app.services.licences import issuing, numbers
from app.tests import ledger
from app.tests.factories import GenerationFactory, StyleFactory, finished_file
from app.tests.ordering import order, report
from app.tests.together import all_at_once
from protocol import GenerationReport
from provenance.bits import bands

pytestmark = pytest.mark.django_db

PDQ = bytes(range(32))
FEATURES = bytes(range(160))


class TestTheOrder:
    def test_it_draws_the_number_and_keeps_the_terms(self, as_buyer):
        style = StyleFactory(terms_id="personal/1")
        order(as_buyer, style)
        placed = Generation.objects.get()
        assert numbers.parse(placed.licence_number) == placed.licence_number
        assert placed.terms_id == "personal/1"
        assert not Licence.objects.exists()

    def test_no_two_have_the_same_number(self, as_buyer):
        for _ in range(2):
            order(as_buyer, StyleFactory())
        first, second = Generation.objects.order_by("pk")
        with pytest.raises(IntegrityError), transaction.atomic():
            Generation.objects.filter(pk=second.pk).update(licence_number=first.licence_number)


class TestCompletion:
    def test_the_licence_comes_with_the_payment(self, as_worker):
        picture = GenerationFactory(status="processing")
        given = {
            "file_sha256": hashlib.sha256(b"a picture").hexdigest(),
            "preview_sha256": "ab" * 32,
            "pdq": PDQ.hex(),
            "features": base64.b64encode(FEATURES).decode(),
        }
        assert report(as_worker, picture, "completed", **given).status == 200
        licence = Licence.objects.get()
        picture.refresh_from_db()
        assert (licence.generation, licence.number) == (picture, picture.licence_number)
        assert (licence.state, licence.state_reason) == ("active", "")
        assert (licence.file_sha256, licence.preview_sha256) == (
            given["file_sha256"],
            given["preview_sha256"],
        )
        assert (bytes(licence.pdq), bytes(licence.features)) == (PDQ, FEATURES)
        assert licence.bands == bands(PDQ)
        assert licence.issued_at == picture.finished_at
        assert not licence.buyer_is_named

    def test_a_worker_of_the_version_before_tells_nothing_of_the_file(self, as_worker):
        picture = GenerationFactory(status="processing")
        assert report(as_worker, picture, "completed").status == 200
        licence = Licence.objects.get()
        assert (licence.file_sha256, licence.pdq, licence.bands) == (None, None, None)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("file_sha256", "AB" * 32),
            ("preview_sha256", "ab" * 31),
            ("pdq", "g" * 64),
            ("features", base64.b64encode(b"short").decode()),
            ("features", "no base64!"),
        ],
    )
    def test_what_is_no_fingerprint_is_refused(self, as_worker, field, value):
        picture = GenerationFactory(status="processing")
        answer = report(as_worker, picture, "completed", **{field: value})
        assert answer.refusal == (400, "VALIDATION_ERROR")
        assert field in answer.details
        assert not Licence.objects.exists()

    def test_the_same_report_twice_issues_one(self, as_worker):
        picture = GenerationFactory(status="processing")
        for _ in range(2):
            assert report(as_worker, picture, "completed").status == 200
        assert Licence.objects.count() == 1

    def test_an_order_of_the_version_before_gets_its_number_now(self, as_worker):
        picture = GenerationFactory(status="processing")
        Generation.objects.update(licence_number=None, terms=None)
        report(as_worker, picture, "completed")
        picture.refresh_from_db()
        assert picture.terms_id == "commercial/1"
        assert Licence.objects.get().number == picture.licence_number != None  # noqa: E711

    @pytest.mark.parametrize("status", ["failed", "canceled", "queued", "processing"])
    def test_nothing_else_issues_one(self, status):
        GenerationFactory(status=status)
        assert not Licence.objects.exists()

    def test_it_takes_no_statement_more(self):
        picture = GenerationFactory(status="processing")
        path = finished_file(picture)
        done = GenerationReport(
            task_id=picture.task_id, attempt=1, status="completed", image_path=path
        )
        with CaptureQueriesContext(connection) as asked:
            GENERATIONS.record_report(picture.pk, done)
        said = [each["sql"].split()[0] for each in asked if "SAVEPOINT" not in each["sql"]]
        # Locked, paid and told, as before.
        assert len(said) == 3, said


def completed(picture: Generation) -> GenerationReport:
    return GenerationReport(
        task_id=picture.task_id,
        attempt=1,
        status="completed",
        image_path=finished_file(picture),
    )


@pytest.mark.django_db(transaction=True)
def test_reports_at_once_issue_one_licence_and_pay_once():
    picture = GenerationFactory(status="processing")
    done = completed(picture)
    all_at_once([lambda: GENERATIONS.record_report(picture.pk, done)] * 4)
    assert (
        Licence.objects.count()
        == Transaction.objects.filter(type="earn", generation=picture).count()
        == 1
    )
    ledger.assert_right()


@pytest.mark.django_db(transaction=True)
def test_a_payment_that_does_not_come_through_issues_nothing():
    picture = GenerationFactory(status="processing")
    done = completed(picture)
    with suppress(ZeroDivisionError), transaction.atomic():
        GENERATIONS.record_report(picture.pk, done)
        assert Licence.objects.exists()
        raise ZeroDivisionError
    assert not Licence.objects.exists()
    assert not Transaction.objects.filter(type="earn", generation=picture).exists()


class TestPicturesOfBefore:
    @pytest.fixture
    def old(self):
        pictures = [GenerationFactory() for _ in range(5)]
        GenerationFactory(status="failed")
        Licence.objects.all().delete()
        Generation.objects.update(licence_number=None, terms=None)
        return pictures

    def test_they_get_their_licences_in_steps(self, old, capsys):
        call_command("issue_licences", "--step=2")
        assert "5 were new" in capsys.readouterr().out
        assert Licence.objects.count() == 5
        for licence in Licence.objects.with_picture():
            picture = licence.generation
            assert licence.number == picture.licence_number
            assert picture.terms_id == "commercial/1"
            assert licence.issued_at == picture.finished_at
            assert licence.file_sha256 == hashlib.sha256(b"a picture").hexdigest()

    def test_a_command_that_was_stopped_goes_on(self, old, capsys):
        assert issuing.issue_missing(limit=2) == (2, old[1].pk)
        kept = dict(Licence.objects.values_list("pk", "number"))
        call_command("issue_licences")
        assert "3 were new" in capsys.readouterr().out
        assert kept.items() <= dict(Licence.objects.values_list("pk", "number")).items()
        call_command("issue_licences")
        assert "0 were new" in capsys.readouterr().out

    def test_a_picture_without_its_file_gets_one_all_the_same(self, old, media):
        for file in media.rglob("*.png"):
            file.unlink()
        call_command("issue_licences")
        assert set(Licence.objects.values_list("file_sha256", flat=True)) == {None}
        assert Licence.objects.count() == 5


@pytest.mark.django_db(transaction=True)
def test_two_commands_at_once_issue_each_licence_once():
    for _ in range(6):
        GenerationFactory()
    Licence.objects.all().delete()
    all_at_once([lambda: issuing.issue_missing(limit=4)] * 3)
    call_command("issue_licences")
    assert Licence.objects.count() == 6
