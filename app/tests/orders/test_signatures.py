"""Signatures for pictures: for the attempt under way, for its own licence; each is noted."""

from __future__ import annotations

import base64
import hashlib
import io
import logging
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import cbor2
import pytest
from PIL import Image

from app.models import Artist, Generation, OutboxMessage, Signature, Style
from app.services import signature_service
from app.services.generation_service import GENERATIONS
from app.services.signature_service import MOST_SIGNATURES
from app.tests.api import Answer, Api
from app.tests.factories import GenerationFactory, StyleFactory
from app.tests.ordering import order, report
from protocol import GenerationTask, LicenceData, decode_task
from provenance import certificates
from provenance.facts import Facts, Terms
from provenance.manifest import Sign, State, ToSign, read_manifest, sign_picture
from provenance.metadata import Provenance, png_of
from provenance.tests.signing import drawn, keys

pytestmark = pytest.mark.django_db

URL = "/api/internal/signatures"


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    """A CERTIFICATES_DIR of its own."""
    place = Path(shutil.copytree(keys(), tmp_path / certificates.FOLDER))
    settings.CERTIFICATES_DIR = tmp_path
    return place


@pytest.fixture
def task(as_buyer: Api) -> GenerationTask:
    """What the worker gets of an order."""
    style = StyleFactory(name="Wet Paper")
    assert order(as_buyer, style).status == 202
    task = decode_task(bytes(OutboxMessage.objects.latest("pk").body))
    assert isinstance(task, GenerationTask)
    return task


def facts_of(licence: LicenceData) -> Facts:
    terms = licence.terms
    return Facts(
        number=licence.number,
        verify_url=licence.verify_url,
        terms=Terms(terms.key, terms.version, terms.url, terms.sha256),
        artist=licence.artist,
        style=licence.style,
        prompt_writer=licence.prompt_writer,
    )


def origin_of(task: GenerationTask, **changes: Any) -> Provenance:
    wanted = task.data
    assert wanted.licence is not None
    return Provenance(
        artist=wanted.artist_name,
        style=wanted.style_name,
        license_url=wanted.license_url,
        generation_id=wanted.generation_id,
        prompt=wanted.prompt,
        seed=wanted.seed,
        licence=replace(facts_of(wanted.licence), **changes),
    )


def body_of(task: GenerationTask, asked: ToSign, **changes: Any) -> dict[str, Any]:
    return {
        "task_id": str(task.task_id),
        "attempt": task.attempt,
        "to_sign": base64.b64encode(asked.claim).decode(),
        "licence": base64.b64encode(asked.licence).decode(),
        **changes,
    }


class Asking(Exception):
    """Ends the making of a picture once it is known what is to be signed."""


def what_to_sign(task: GenerationTask, chain: list[str] | None = None, **changes: Any) -> ToSign:
    """``changes`` are facts of another licence."""
    asked: list[ToSign] = []

    def note(wanted: ToSign) -> bytes:
        asked.append(wanted)
        raise Asking

    assert task.data.licence is not None
    origin = origin_of(task, **changes)
    with pytest.raises(Asking):
        sign_picture(png_of(drawn(), origin), origin, chain or task.data.licence.chain, note)
    return asked[0]


def asking(worker: Api, task: GenerationTask) -> Sign:
    def sign(asked: ToSign) -> bytes:
        answer = worker.post(URL, body_of(task, asked))
        return base64.b64decode(answer.data["signature"])

    return sign


def ask(worker: Api, task: GenerationTask, **changes: Any) -> Answer:
    return worker.post(URL, body_of(task, what_to_sign(task), **changes))


class TestTheTask:
    def test_an_order_tells_the_worker_its_licence(self, task: GenerationTask, settings: Any):
        licence, picture = task.data.licence, Generation.objects.get()
        assert licence is not None
        assert licence.number == picture.licence_number
        assert licence.verify_url == f"{settings.SITE_URL}/licences/{licence.number}"
        assert licence.signatures_url == f"{settings.SITE_URL}{URL}"
        assert licence.terms.url.startswith(settings.SITE_URL)
        assert (licence.artist, licence.style) == (task.data.artist_name, "Wet Paper")
        assert licence.prompt_writer is None
        assert 0 <= licence.mark_id < 2**32
        assert len(licence.chain) == 2
        assert "PRIVATE" not in "".join(licence.chain)

    def test_an_order_of_before_there_were_licences_has_none(self):
        picture = GenerationFactory()
        picture.licence_number = None
        assert GENERATIONS.task_of(picture).data.licence is None


class TestASignature:
    def test_the_picture_reads_as_ours(self, as_worker: Api, task: GenerationTask, folder: Path):
        origin = origin_of(task)
        assert task.data.licence is not None

        signed = sign_picture(
            png_of(drawn(), origin), origin, task.data.licence.chain, asking(as_worker, task)
        )

        found = read_manifest(signed, certificates.anchors(folder))
        assert (found.state, found.licence) == (State.AUTHENTIC, origin.licence)
        noted = Signature.objects.get()
        assert bytes(noted.digest) == found.digest
        assert (noted.generation_id, noted.attempt) == (task.data.generation_id, 1)
        assert noted.signer == certificates.signers(folder)[-1].name
        with Image.open(io.BytesIO(signed)) as image:
            assert image.size == (64, 64)

    def test_it_is_given_while_the_picture_is_made(self, as_worker: Api, task: GenerationTask):
        report(as_worker, Generation.objects.get(), "processing")
        assert ask(as_worker, task).status == 200

    def test_a_picture_under_way_keeps_the_names_of_its_task(
        self, as_worker: Api, task: GenerationTask
    ):
        style = Generation.objects.get().style
        Style.objects.filter(pk=style.pk).update(name="Dry Paper")
        Artist.objects.filter(pk=style.artist_id).update(artist_name="Renamed")
        assert ask(as_worker, task).status == 200
        renamed = what_to_sign(task, style="Dry Paper", artist="Renamed")
        assert as_worker.post(URL, body_of(task, renamed)).status == 400

    def test_a_task_of_before_a_new_signer_is_signed_by_the_former_one(
        self, as_worker: Api, task: GenerationTask, folder: Path
    ):
        before = certificates.signers(folder)[-1].name
        certificates.add_signer(folder, begin=datetime.now(UTC) + timedelta(minutes=1))
        signature_service._read.cache_clear()
        assert ask(as_worker, task).status == 200
        assert Signature.objects.get().signer == before
        picture = Generation.objects.get()
        new = GENERATIONS.task_of(picture).data.licence
        assert new is not None
        assert task.data.licence is not None
        assert new.chain[0] != task.data.licence.chain[0]

    def test_each_attempt_has_its_sixteen(self, as_worker: Api, task: GenerationTask):
        body = body_of(task, what_to_sign(task))
        statuses = [as_worker.post(URL, body).status for _ in range(MOST_SIGNATURES + 1)]
        assert statuses == [200] * MOST_SIGNATURES + [400]
        assert Signature.objects.count() == MOST_SIGNATURES
        Generation.objects.update(attempt=2)
        assert as_worker.post(URL, {**body, "attempt": 2}).status == 200

    def test_the_key_is_in_no_answer_and_no_log(
        self, as_worker: Api, task: GenerationTask, folder: Path, caplog: Any
    ):
        key = certificates.signers(folder)[-1].key
        number = key.private_numbers().private_value
        with caplog.at_level(logging.DEBUG):
            said = ask(as_worker, task).content.decode()
            as_worker.post(URL, {"task_id": "no"})
        said += caplog.text + repr(certificates.signers(folder))
        assert "picture_signed" in said
        forms = [str(number), f"{number:x}", base64.b64encode(number.to_bytes(32)).decode()]
        assert not any(form in said for form in [*forms, "PRIVATE KEY"])


class TestRefusals:
    """Each leaves nothing behind: no signature, no note."""

    @pytest.fixture(autouse=True)
    def _nothing_is_noted(self):
        yield
        assert not Signature.objects.exists()

    def test_only_workers_may_ask(self, as_buyer: Api, task: GenerationTask):
        for client in (Api(), as_buyer, Api(authorization="Bearer wrong")):
            assert ask(client, task).refusal == (403, "INVALID_INTERNAL_TOKEN")

    @pytest.mark.parametrize(
        "changes", [{"task_id": str(uuid4())}, {"attempt": 2}], ids=["task", "attempt"]
    )
    def test_another_task_or_attempt(self, as_worker: Api, task: GenerationTask, changes: Any):
        assert ask(as_worker, task, **changes).refusal == (409, "STALE_ATTEMPT")

    def test_a_former_attempt(self, as_worker: Api, task: GenerationTask):
        report(as_worker, Generation.objects.get(), "failed", retryable=True)
        assert ask(as_worker, task).refusal == (409, "STALE_ATTEMPT")

    @pytest.mark.parametrize("ended", ["completed", "failed", "canceled"])
    def test_a_job_that_has_ended(
        self, as_worker: Api, as_buyer: Api, task: GenerationTask, ended: str
    ):
        picture = Generation.objects.get()
        if ended == "canceled":
            assert as_buyer.post(f"/api/images/{picture.pk}/cancel").status == 200
        else:
            assert report(as_worker, picture, ended).status == 200
        assert ask(as_worker, task).refusal == (409, "INVALID_TRANSITION")

    @pytest.mark.parametrize(
        "changes",
        [
            {"number": "SL-0000-0000-0000"},
            {"artist": "Somebody Else"},
            {"style": "Another"},
            {"verify_url": "https://elsewhere.example.com/licences/SL-0000-0000-0000"},
            {"terms": Terms("personal", 1, "https://x.test/terms", "00" * 32)},
            {"prompt_writer": "Nobody"},
        ],
        ids=lambda changes: next(iter(changes)),
    )
    def test_a_claim_about_another_licence(
        self, as_worker: Api, task: GenerationTask, changes: Any
    ):
        answer = as_worker.post(URL, body_of(task, what_to_sign(task, **changes)))
        assert answer.refusal == (400, "VALIDATION_ERROR")
        assert answer.details == {"to_sign": ["It is about another licence."]}

    def test_the_claim_of_another_picture_with_this_ones_assertion(
        self, as_worker: Api, task: GenerationTask
    ):
        own, other = what_to_sign(task), what_to_sign(task, artist="Somebody Else")
        mixed = ToSign(other.claim, own.licence)
        answer = as_worker.post(URL, body_of(task, mixed))
        assert answer.details == {"to_sign": ["It does not name this assertion of a licence."]}

    def test_an_order_without_a_licence(self, as_worker: Api, task: GenerationTask):
        Generation.objects.update(licence_number=None)
        assert ask(as_worker, task).refusal == (400, "VALIDATION_ERROR")

    def test_a_certificate_that_is_not_ours(
        self, as_worker: Api, task: GenerationTask, tmp_path: Path
    ):
        """Another process may have it: the worker asks again."""
        certificates.make(tmp_path / "other")
        chain = list(certificates.signers(tmp_path / "other")[-1].chain)
        answer = as_worker.post(URL, body_of(task, what_to_sign(task, chain)))
        assert answer.refusal == (503, "SERVICE_UNAVAILABLE")

    @pytest.mark.parametrize("name", ["header", "structure", "claim", "list", "text", "nested"])
    def test_what_is_no_claim(self, as_worker: Api, task: GenerationTask, name: str):
        """A key that signs anything could sign certificates."""
        own = what_to_sign(task)
        parts = cbor2.loads(own.claim)
        claim = cbor2.loads(parts[3])
        header = cbor2.loads(parts[1])
        no_claims = {
            "header": cbor2.dumps([parts[0], cbor2.dumps({**header, 1: -8}), b"", parts[3]]),
            "structure": cbor2.dumps(["Signature", *parts[1:]]),
            "claim": cbor2.dumps([*parts[:3], b"{}"]),
            "list": cbor2.dumps([*parts[:3], cbor2.dumps({**claim, "created_assertions": 7})]),
            "text": b"header.payload",
            "nested": b"\x9f" * 8000,
        }
        answer = as_worker.post(URL, body_of(task, ToSign(no_claims[name], own.licence)))
        assert answer.refusal == (400, "VALIDATION_ERROR")

    @pytest.mark.parametrize("licence", [b"x", b"\0" * 100, b"\0\0\0\x10jumb\0\0\0\x08jumd"])
    def test_what_is_no_assertion(self, as_worker: Api, task: GenerationTask, licence: bytes):
        own = what_to_sign(task)
        parts = cbor2.loads(own.claim)
        claim = cbor2.loads(parts[3])
        # It has the right hash, so its content is looked at.
        for each in claim["created_assertions"]:
            if each["url"].endswith("org.stylelicense.licence"):
                each["hash"] = hashlib.sha256(licence[8:]).digest()
        to_sign = cbor2.dumps([*parts[:3], cbor2.dumps(claim)])
        answer = as_worker.post(URL, body_of(task, ToSign(to_sign, licence)))
        assert answer.refusal == (400, "VALIDATION_ERROR")

    @pytest.mark.parametrize("body", [{}, {"task_id": 1}, {"to_sign": "no base64!"}, []])
    def test_what_is_no_request(self, as_worker: Api, body: Any):
        assert as_worker.post(URL, body).refusal == (400, "VALIDATION_ERROR")


def test_metrics_tell_the_days_that_certificates_have_left(client: Any, folder: Path):
    certificates.add_signer(folder, begin=datetime.now(UTC) + timedelta(minutes=1), days=20)
    signature_service._read.cache_clear()
    said = client.get("/metrics").content.decode()
    lines = dict(
        line.split() for line in said.splitlines() if line.startswith("style_license_certificate")
    )
    signer = float(lines['style_license_certificate_days_left{certificate="signer"}'])
    above = float(lines['style_license_certificate_days_left{certificate="intermediate"}'])
    assert 19 < signer < 30 < above


def test_a_deployment_without_certificates_signs_nothing(
    as_worker: Api, task: GenerationTask, settings: Any, tmp_path: Path
):
    body = body_of(task, what_to_sign(task))
    settings.DEVELOPMENT, settings.CERTIFICATES_DIR = False, tmp_path / "empty"
    assert as_worker.post(URL, body).refusal == (503, "SERVICE_UNAVAILABLE")
    assert signature_service.days_left() == {}


def test_development_makes_its_own(settings: Any, tmp_path: Path):
    settings.CERTIFICATES_DIR = tmp_path / "made"
    licence = GENERATIONS.task_of(GenerationFactory()).data.licence
    assert licence is not None
    assert certificates.problem(tmp_path / "made" / certificates.FOLDER) == ""
