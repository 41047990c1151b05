"""The page that finds a picture's licence, without scripts."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from app.models import Licence
from app.services import storage
from app.services.generation_service import GENERATIONS
from app.services.jobs.attempts import output_folder
from app.tests.factories import GenerationFactory
from protocol import GenerationReport
from provenance import certificates
from provenance.fingerprints import pdq
from provenance.tests.pictures import cropped, photographs

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture(autouse=True)
def certified(settings: Any, tmp_path: Path) -> None:
    settings.CERTIFICATES_DIR = tmp_path
    certificates.make(tmp_path / certificates.FOLDER)


@pytest.fixture
def licence() -> Licence:
    """That of a picture whose file shows a photograph, without a mark."""
    picture = GenerationFactory(status="processing")
    key = f"{output_folder('generations', picture)}/image.png"
    storage.save(key, io.BytesIO(packed(photographs()["coffee.png"])))
    GENERATIONS.record_report(
        picture.pk,
        GenerationReport(
            task_id=picture.task_id,
            attempt=1,
            status="completed",
            image_path=storage.uri(key),
            pdq=pdq(photographs()["coffee.png"]).hex(),
        ),
    )
    return Licence.objects.get(pk=picture.pk)


def packed(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def sent(content: bytes, language: str = "en") -> tuple[int, str]:
    file = SimpleUploadedFile("picture.png", content, "image/png")
    client = Client(headers={"Accept-Language": language})
    response = client.post("/verify", {"file": file, "number": ""})
    return response.status_code, response.content.decode()


@pytest.mark.parametrize(
    ("language", "verdict"),
    [
        ("en", "Yes: its pixels are those of a licensed picture."),
        ("ko", "네. 라이선스가 있는 그림과 픽셀이 같습니다."),
    ],
)
def test_a_licensed_picture_leads_to_its_licence(
    language: str, verdict: str, licence: Licence
) -> None:
    status, page = sent(packed(photographs()["coffee.png"]), language)
    assert status == 200
    assert verdict in page
    assert f'href="/licences/{licence.number}"' in page
    assert ("0 of 256 bits differ" in page) is (language == "en")


def test_an_unknown_one_is_not_called_unlicensed(licence: Licence) -> None:
    status, page = sent(packed(cropped(0.2)(photographs()["ihc.png"])))
    assert status == 200
    assert "We do not know this picture." in page
    assert "That does not mean that it is not licensed" in page
    assert licence.number not in page


def test_a_number_leads_to_its_licence(licence: Licence) -> None:
    typed = licence.number.lower().replace("-", " ")
    response = Client().post("/verify", {"number": typed})
    assert (response.status_code, response["Location"]) == (302, f"/licences/{licence.number}")


@pytest.mark.parametrize(
    ("form", "problem"),
    [
        ({}, "Choose a picture, or type a number."),
        ({"number": "SL-12"}, "12 characters"),
        ({"file": SimpleUploadedFile("notes.txt", b"words")}, "not a PNG, JPG or WebP image"),
    ],
)
def test_what_cannot_be_looked_up_is_explained(form: dict[str, Any], problem: str) -> None:
    response = Client().post("/verify", form)
    assert response.status_code == 400
    assert problem in response.content.decode()


def test_another_site_cannot_send_it() -> None:
    response = Client(enforce_csrf_checks=True).post("/verify", {"number": "SL-12"})
    assert response.status_code == 403


def test_it_shares_its_limit_with_the_api(settings: Any) -> None:
    settings.RATE_LIMITS = {"verify": "1/60"}
    # Windows outlive a test: nobody else asks from here.
    client = Client(REMOTE_ADDR="198.51.100.7")
    statuses = [
        client.post(path, {"number": "SL-12"}).status_code for path in ("/api/verify", "/verify")
    ]
    assert statuses == [404, 429]
