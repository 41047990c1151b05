"""The page that finds a picture's licence, without scripts."""

from __future__ import annotations

import inspect
import io
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import translation
from django.utils.translation import gettext
from PIL import Image

from app.models import Licence, LicenceState
from app.services import storage
from app.services.generation_service import GENERATIONS
from app.services.jobs.attempts import output_folder
from app.services.licences import states, verification
from app.tests.factories import GenerationFactory
from protocol import GenerationReport
from provenance import certificates
from provenance.features import signs
from provenance.fingerprints import pdq
from provenance.manifest import State
from provenance.tests.pictures import cropped, photographs
from web.verdicts import FOUND

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
            features=signs(photographs()["coffee.png"]),
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
        ("en", "Yes. It shows a licensed picture."),
        ("ko", "네. 이용 허락을 받은 그림입니다."),
    ],
)
def test_a_licensed_picture_leads_to_its_licence(
    language: str, verdict: str, licence: Licence
) -> None:
    status, page = sent(packed(photographs()["coffee.png"]), language)
    assert status == 200
    assert verdict in page
    assert f'href="/licences/{licence.number}"' in page
    assert ("found, 0 of 256 bits differ" in page) is (language == "en")
    # The picture is private.
    assert "/media/" not in page


def test_what_ended_is_no_yes(licence: Licence) -> None:
    states.end(licence.generation, LicenceState.REVOKED, "Broken terms.")
    _, page = sent(packed(photographs()["coffee.png"]))
    assert "It shows a licensed picture." in page
    assert "This licence was revoked." in page
    assert "Yes." not in page


def test_a_part_is_shown_where_it_lies(licence: Licence) -> None:
    """In the picture itself for whoever may see it; for others in a frame of its shape."""
    content = packed(cropped(0.3)(photographs()["coffee.png"]))
    _, page = sent(content)
    assert "Yes. It is a part of a licensed picture." in page
    [box] = re.findall(r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"', page)
    assert [float(side) for side in box] == pytest.approx([12, 9, 70, 70], abs=2)


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
        ({"number": "SL-12"}, "A licence number has 12 characters after SL."),
        (
            {"number": "SL-7U2M-0XKD-4T9R"},
            "A licence number has only digits and letters, and no U.",
        ),
        ({"number": "SL-0000-0000-0000"}, "There is no licence with this number."),
        ({"file": b"words"}, "The file is not a PNG, JPG or WebP image."),
        ({"file": bytes(10 * 2**20 + 1)}, "At most 10 MB."),
    ],
)
def test_what_cannot_be_looked_up_is_explained(form: dict[str, Any], problem: str) -> None:
    for language in ("en", "ko"):
        given = {
            name: SimpleUploadedFile("notes.txt", value) if name == "file" else value
            for name, value in form.items()
        }
        response = Client(headers={"Accept-Language": language}).post("/verify", given)
        assert response.status_code == 400
        with translation.override(language):
            assert gettext(problem) in response.content.decode()


def test_all_that_can_be_found_has_words() -> None:
    """Each word for programs that the layers use, in the order of the layers."""
    source = inspect.getsource(verification)
    said = set(re.findall(r'Evidence\(\s*Layer\.(\w+), "(\w+)"', source))
    said |= {("SIGNATURE", state.value) for state in State}
    assert said == {(layer.name, says) for layer, says in FOUND}


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
