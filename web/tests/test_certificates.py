"""The page of a licence: what it says, to whom, and that it says what the certificate says."""

from __future__ import annotations

import hashlib
import html
import io
import json
import re
import subprocess
import sys
from base64 import urlsafe_b64decode
from pathlib import Path

import pytest
from django.conf import settings as project
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from app.models import Artist, Generation, Licence, LicenceState, Style
from app.services import user_service
from app.services.licences import certificate, manifest, states, terms
from app.tests.factories import GenerationFactory, PublicPictureFactory, UserFactory

pytestmark = pytest.mark.django_db


def page_of(licence: Licence, client: Client | None = None, **headers: str) -> str:
    answer = (client or Client()).get(f"/licences/{licence.number}", headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def test_it_shows_the_licence_to_everybody(signed_in) -> None:
    licence = PublicPictureFactory(prompt_tags=("castle", "sea")).licence
    page = page_of(licence)
    for said in (licence.number, "This licence is valid", "castle, sea", "Commercial use", "<svg"):
        assert said in page
    assert f'content="{project.SITE_URL}/licences/{licence.number}/card.png"' in page


def test_it_names_the_base_model_and_its_licence() -> None:
    licence = PublicPictureFactory().licence
    assert "Base model" not in page_of(licence)
    base = {"name": "Wide <Base>", "licence": "apache-2.0", "trained_on": ["Old Maps", "Tiles"]}
    manifest.make(licence.generation.style, {"base_model": base})
    page = page_of(licence)
    assert "Wide &lt;Base&gt; (apache-2.0)" in page
    assert "trained on Old Maps, Tiles" in page


@pytest.mark.parametrize("base", ["a name alone", ["a", "list"], 7, {"licence": "mit"}])
def test_a_base_model_without_a_name_is_not_shown(base) -> None:
    """What a worker of others tells may be anything."""
    licence = PublicPictureFactory().licence
    manifest.make(licence.generation.style, {"base_model": base})
    assert "Base model" not in page_of(licence)


def test_a_private_picture_stays_private() -> None:
    buyer = UserFactory(username="shy-buyer", email="shy@secret-mail.example")
    licence = GenerationFactory(user=buyer, prompt_tags=("secret", "garden")).licence
    page = page_of(licence)
    assert "The picture is private" in page
    for private in ("secret", "garden", "shy", "/media/"):
        assert private not in page


def test_the_buyer_chooses_to_be_named(signed_in, buyer) -> None:
    licence = GenerationFactory(user=buyer).licence
    client, path = signed_in(buyer), f"/licences/{licence.number}/name"
    assert "Only you know" in page_of(licence, client)
    client.post(path, {"named": "yes"})
    assert "Licensed to" in page_of(licence)
    client.post(path, {"named": "no"})
    assert "Licensed to" not in page_of(licence)
    assert signed_in(UserFactory()).post(path, {"named": "yes"}).status_code == 403


def test_a_buyer_who_left_is_no_longer_named() -> None:
    licence = GenerationFactory().licence
    Licence.objects.update(buyer_is_named=True)
    assert "Licensed to" in page_of(licence)
    user_service.close_account(licence.generation.user)
    page = page_of(licence)
    assert "Licensed to" not in page
    assert "closed-" not in page


@pytest.mark.parametrize(
    ("state", "said"), [("refunded", "the picture was refunded"), ("revoked", "was revoked")]
)
def test_it_says_that_it_holds_no_longer(state, said) -> None:
    picture = PublicPictureFactory()
    states.end(picture, LicenceState(state), "A mistake of ours.")
    page = page_of(picture.licence)
    assert said in page
    assert "A mistake of ours." in page
    assert "This licence is valid" not in page


def test_a_link_to_one_that_ended_says_so(media: Path) -> None:
    """Other sites show what the page says of itself, and the card."""
    picture = GenerationFactory()
    path = f"/licences/{picture.licence_number}"
    card = f"{path}/card.png"
    before = Client().get(card)
    assert before["Cache-Control"] == "public, max-age=1"
    states.end(picture, LicenceState.REVOKED, "A mistake of ours.")
    page = page_of(picture.licence)
    [described] = re.findall(r'property="og:description" content="([^"]*)"', page)
    assert described.startswith("This licence was revoked.")
    assert Client().get(card).content != before.content


def test_it_speaks_korean() -> None:
    page = page_of(PublicPictureFactory().licence, accept_language="ko")
    assert "유효한 이용 허락입니다" in page
    assert "상업적 이용" in page


def test_a_number_that_was_typed_leads_to_its_page() -> None:
    number = PublicPictureFactory().licence.number
    answer = Client().get(f"/licences/{number.replace('-', '').lower()}")
    assert answer["Location"] == f"/licences/{number}"
    assert Client().get("/licences/SL-0000-0000-0001").status_code == 404
    assert Client().get("/licences/nonsense").status_code == 404


def test_picture_and_receipt_lead_to_it(signed_in, buyer) -> None:
    picture = GenerationFactory(user=buyer)
    for path in (f"/pictures/{picture.pk}", f"/wallet/pictures/{picture.pk}", "/mine"):
        page = signed_in(buyer).get(path).content.decode()
        assert f"/licences/{picture.licence_number}" in page


@pytest.mark.parametrize("is_public", [True, False])
def test_other_sites_get_a_picture_of_it(is_public, media) -> None:
    picture = (PublicPictureFactory if is_public else GenerationFactory)()
    drawn = io.BytesIO()
    Image.new("RGB", (512, 512), "#08f").save(drawn, "PNG")
    (media / picture.image_path).write_bytes(drawn.getvalue())
    answer = Client().get(f"/licences/{picture.licence_number}/card.png")
    assert answer["Content-Type"] == "image/png"
    card = Image.open(io.BytesIO(answer.content))
    assert card.size == (1200, 630)
    assert ((0, 0x88, 255) in {c for _, c in card.getcolors(1 << 20)}) is is_public


def test_terms_have_a_page_and_a_text_that_can_be_checked() -> None:
    for each in terms.choices():
        text = Client().get(f"/terms/{each.id}.txt")
        assert hashlib.sha256(text.content).hexdigest() == each.sha256
        assert each.sha256 in Client().get(f"/terms/{each.id}").content.decode()
    assert Client().get("/terms/commercial/2").status_code == 404
    assert Client().get("/terms/free/1.txt").status_code == 404


NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=12
)


@pytest.fixture
def licence() -> Licence:
    return GenerationFactory().licence


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(artist=NAMES, style=NAMES, is_public=st.booleans(), is_named=st.booleans())
def test_page_api_and_certificate_say_the_same(licence, artist, style, is_public, is_named) -> None:
    Artist.objects.update(artist_name=artist)
    Style.objects.update(name=style)
    Generation.objects.update(visibility="public" if is_public else "private")
    Licence.objects.update(buyer_is_named=is_named)
    facts = certificate.facts_of(Licence.objects.numbered(licence.number))
    assert (facts.artist, facts.style, facts.prompt is None) == (artist, style, not is_public)
    said = Client().get(f"/api/licences/{licence.number}").json()["data"]
    body = said["certificate"].split(".")[1]
    subject = json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4)))["credentialSubject"]
    assert facts.of(said) == facts.of(subject) == facts
    page = html.unescape(re.sub(r"<[^>]+>", " ", page_of(licence)))
    for fact in (facts.number, facts.artist, facts.style, facts.prompt, facts.prompt_writer):
        assert fact is None or fact in page


def test_a_stranger_checks_it_off_line(tmp_path: Path) -> None:
    """With another library than the one that signs, and without us."""
    picture = PublicPictureFactory()
    client = Client()
    files = {
        "certificate": client.get(f"/licences/{picture.licence_number}/certificate.jwt"),
        "keys": client.get("/.well-known/jwks.json"),
        "valid": client.get("/credentials/status/0"),
    }
    states.end(picture, LicenceState.REVOKED, "Broken terms.")
    files["ended"] = client.get("/credentials/status/0")
    for name, answer in files.items():
        assert answer.status_code == 200
        (tmp_path / name).write_bytes(answer.content)
    token = files["certificate"].content.decode()
    (tmp_path / "forged").write_text(token[:-20] + token[-20:][::-1])

    def check(*arguments: str) -> subprocess.CompletedProcess[str]:
        program = Path(project.BASE_DIR) / "examples" / "verify_certificate.py"
        command = [sys.executable, program, *arguments]
        return subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
        )

    good = check("certificate", "keys", "--status", "valid")
    assert good.returncode == 0, good.stderr
    assert picture.licence_number in good.stdout
    assert "It was valid." in good.stdout
    ended = check("certificate", "keys", "--status", "ended")
    assert (ended.returncode, "no longer valid" in ended.stdout) == (1, True)
    for wrong, said in (
        (("ended", "keys"), "no certificate of a licence"),
        (("certificate", "valid"), "valid has no keys"),
    ):
        refused = check(*wrong)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert said in refused.stderr
    forged = check("forged", "keys")
    assert forged.returncode == 1
    assert "No key proves" in forged.stderr
