"""Certificates: what they say, that they prove it, and that they can be checked with the keys."""

from __future__ import annotations

import gzip
import html
import json
from base64 import urlsafe_b64decode
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import jwt
import msgspec
import pytest
from django.test import Client

from app.models import Licence, SigningKey
from app.services import signature_service
from app.services.licences import certificate, keys, states
from app.tests.api import Api
from app.tests.factories import GenerationFactory, PublicPictureFactory, StyleFactory, UserFactory
from provenance import certificates
from provenance.facts import Facts

pytestmark = pytest.mark.django_db


def read(token: str, served: dict[str, Any]) -> dict[str, Any]:
    """What a certificate says, if one of the keys that are served signed it."""
    kid = jwt.get_unverified_header(token)["kid"]
    (key,) = [each for each in served["keys"] if each["kid"] == kid]
    said: dict[str, Any] = jwt.decode(token, jwt.PyJWK(key), algorithms=["ES256"])
    return said


@pytest.fixture
def served(as_anyone: Api):
    def fetch() -> dict[str, Any]:
        answer = as_anyone.get("/.well-known/jwks.json")
        assert answer.headers["Content-Type"] == "application/jwk-set+json"
        return answer.body

    return fetch


class TestTheCertificate:
    def test_it_is_a_credential_of_the_w3c(self, as_anyone, served, settings):
        licence = PublicPictureFactory().licence
        token = as_anyone.get(f"/api/licences/{licence.number}").data["certificate"]
        header = jwt.get_unverified_header(token)
        assert (header["alg"], header["typ"], header["cty"]) == ("ES256", "vc+jwt", "vc")
        said = read(token, served())
        assert said["@context"][0] == "https://www.w3.org/ns/credentials/v2"
        assert said["type"][0] == "VerifiableCredential"
        assert said["issuer"]["id"] == settings.SITE_URL
        assert said["id"] == f"{settings.SITE_URL}/licences/{licence.number}"
        assert said["validFrom"].endswith("Z")
        assert said["credentialSubject"]["policy"]["prohibition"] == [{"action": "tdm:mine"}]

    def test_a_changed_one_is_noticed(self, as_anyone, served):
        licence = PublicPictureFactory().licence
        token = as_anyone.get(f"/api/licences/{licence.number}").data["certificate"]
        head, body, signature = token.split(".")
        kid = {"kid": keys.current().kid}
        for forged in (
            f"{head}.{body[:-8]}{body[-8:][::-1]}.{signature}",
            f"{head}.{body}.{signature[::-1]}",
            jwt.encode({"id": "mine"}, "k" * 40, algorithm="HS256", headers=kid),
            jwt.encode({}, None, algorithm="none", headers=kid),
        ):
            with pytest.raises(jwt.PyJWTError):
                read(forged, served())

    def test_it_says_what_the_api_says(self, as_anyone, served):
        for picture in (PublicPictureFactory(), GenerationFactory()):
            licence = picture.licence
            shown = as_anyone.get(f"/api/licences/{licence.number}").data
            said = read(shown["certificate"], served())["credentialSubject"]
            facts = certificate.facts_of(licence)
            assert Facts.of(shown) == Facts.of(said) == facts
            for name in ("width", "height", "price_tokens", "file_sha256"):
                assert said.get(name) == shown[name]

    @pytest.mark.parametrize(
        ("artist", "style"),
        [
            ("Ann Ärt", "Blau 달"),
            ("O’Neil & <Söhne>", 'Ink "&amp;" Wash'),
            ("김하늘", "밤 & 낮"),
            ("Zoë  \\ Ø", "{{ style }} %(name)s"),
        ],
    )
    def test_site_api_certificate_and_file_say_the_same(
        self, as_anyone, served, settings, tmp_path, artist, style
    ):
        """What the worker writes into C2PA and XMP is what it is told with its task."""
        settings.CERTIFICATES_DIR = tmp_path
        certificates.make(tmp_path / certificates.FOLDER)
        made = StyleFactory(name=style, artist__artist_name=artist)
        picture = PublicPictureFactory(style=made)
        shown = as_anyone.get(f"/api/licences/{picture.licence.number}").data
        said = read(shown["certificate"], served())["credentialSubject"]
        task = signature_service.licence_of(picture)
        page = html.unescape(Client().get(f"/licences/{task.number}").content.decode())
        facts = Facts.of(shown)
        assert (facts.artist, facts.style) == (artist, style)
        assert Facts.of(said) == facts
        # Its words are its buyer's until it is public.
        assert Facts.of(msgspec.to_builtins(task)) == replace(facts, prompt=None)
        for word in (facts.number, artist, style):
            assert word in page


class TestKeys:
    def test_former_keys_stay_published(self, as_anyone, served, settings):
        licence = PublicPictureFactory().licence
        tokens = []
        for secret in ("a first secret " * 5, "a second secret " * 5):
            settings.LICENCE_KEY = secret
            tokens.append(as_anyone.get(f"/api/licences/{licence.number}").data["certificate"])
        settings.LICENCE_KEY = "a third secret, which has signed nothing yet " * 3
        assert {read(token, served())["id"] for token in tokens} == {
            f"{settings.SITE_URL}/licences/{licence.number}"
        }
        found = served()["keys"]
        assert len({key["kid"] for key in found}) == len(found) == 3
        assert not any("d" in key for key in found)

    def test_the_same_secret_is_the_same_key(self, settings):
        settings.LICENCE_KEY = "one secret " * 6
        first = keys.current().kid
        keys._key_of.cache_clear()
        assert keys.current().kid == first
        settings.LICENCE_KEY = "another secret " * 6
        assert keys.current().kid != first

    def test_the_thumbprint_is_that_of_rfc_7638(self):
        # Also computed by the library, in a way of its own.
        key = keys.current()
        assert jwt.PyJWK(key.public_jwk | {"alg": "ES256"}).key.public_numbers()
        assert len(key.kid) == 43

    def test_a_machine_of_its_own_keeps_the_one_that_it_made(self, tmp_path):
        made = keys._own_secret(tmp_path)
        keys._own_secret.cache_clear()
        assert keys._own_secret(tmp_path) == made
        [file] = tmp_path.iterdir()
        assert file.stat().st_mode & 0o777 == 0o600
        assert len(made) > 50
        keys._own_secret.cache_clear()

    def test_a_key_is_stored_once_it_signs(self, settings):
        settings.LICENCE_KEY = "a secret that is used for nothing else " * 2
        assert not SigningKey.objects.exists()
        keys.sign({}, kind="vc+jwt")
        assert SigningKey.objects.get().kid == keys.current().kid


class TestWhoMaySeeWhat:
    def test_it_is_public_but_what_is_private_is_not_in_it(self, as_anyone):
        buyer = UserFactory(username="shy-buyer", email="shy@secret-mail.example")
        licence = GenerationFactory(user=buyer, prompt_tags=("secret", "garden")).licence
        answer = as_anyone.get(f"/api/licences/{licence.number}")
        shown = answer.data
        assert (shown["prompt"], shown["prompt_writer"], shown["preview_url"]) == (None, None, None)
        token = shown["certificate"].split(".")[1]
        said = answer.content + urlsafe_b64decode(token + "=" * (-len(token) % 4))
        for private in (b"shy", b"secret", b"garden", b"@secret-mail"):
            assert private not in said

    def test_a_public_picture_shows_its_words(self, as_anyone):
        licence = PublicPictureFactory(prompt_tags=("castle", "sea")).licence
        assert as_anyone.get(f"/api/licences/{licence.number}").data["prompt"] == "castle, sea"

    def test_the_number_may_be_typed_in_any_way(self, as_anyone):
        number = PublicPictureFactory().licence.number
        typed = number.replace("-", "").lower()
        assert as_anyone.get(f"/api/licences/{typed}").data["number"] == number

    @pytest.mark.parametrize("number", ["SL-0000-0000-0001", "nonsense", "SL-0000-0000-0000"])
    def test_another_number_is_not_found(self, as_anyone, number):
        assert as_anyone.get(f"/api/licences/{number}").refusal == (404, "NOT_FOUND")

    def test_it_is_not_there_before_the_picture(self, as_buyer, buyer):
        picture = GenerationFactory(user=buyer, status="processing")
        answer = as_buyer.get(f"/api/licences/{picture.licence_number}")
        assert answer.refusal == (404, "NOT_FOUND")

    def test_the_buyer_chooses_to_be_named(self, as_buyer, as_anyone, buyer):
        licence = GenerationFactory(user=buyer).licence
        path = f"/api/licences/{licence.number}"
        assert as_buyer.patch(path, {"buyer_is_named": True}).data["prompt_writer"] == "bo"
        assert as_anyone.get(path).data["prompt_writer"] == "bo"
        as_buyer.patch(path, {"buyer_is_named": False})
        assert as_anyone.get(path).data["prompt_writer"] is None

    def test_nobody_else_chooses(self, as_artist, as_anyone):
        licence = GenerationFactory().licence
        path = f"/api/licences/{licence.number}"
        assert as_artist.patch(path, {"buyer_is_named": True}).status == 403
        assert as_anyone.patch(path, {"buyer_is_named": True}).status == 401
        assert not Licence.objects.get().buyer_is_named

    def test_i_see_my_own(self, as_buyer, buyer):
        own = [GenerationFactory(user=buyer) for _ in range(3)]
        GenerationFactory()
        found = as_buyer.get("/api/licences", limit=2)
        assert [row["picture_id"] for row in found.results] == [own[2].pk, own[1].pk]
        rest = as_buyer.follow_link(found.data["next"])
        assert [row["picture_id"] for row in rest.results] == [own[0].pk]
        assert "certificate" not in rest.results[0]

    def test_the_picture_names_it(self, as_buyer, buyer, settings):
        done, waiting = (
            GenerationFactory(user=buyer),
            GenerationFactory(user=buyer, status="queued"),
        )
        assert as_buyer.get(f"/api/images/{done.pk}").data["licence"] == {
            "number": done.licence_number,
            "url": f"{settings.SITE_URL}/licences/{done.licence_number}",
            "state": "active",
        }
        assert as_buyer.get(f"/api/images/{waiting.pk}").data["licence"] is None


class TestTheStatusList:
    def test_it_says_which_are_no_longer_valid(self, as_anyone, served):
        good, bad = GenerationFactory(), GenerationFactory()
        states.end(bad, "revoked", "Broken terms.")
        for picture, is_valid in ((good, True), (bad, False)):
            shown = as_anyone.get(f"/api/licences/{picture.licence_number}").data
            entry = read(shown["certificate"], served())["credentialStatus"]
            path = urlsplit(entry["statusListCredential"]).path
            answer = as_anyone.get(path)
            assert answer.headers["Content-Type"] == "application/vc+jwt"
            listed = read(answer.content.decode(), served())["credentialSubject"]
            packed = listed["encodedList"].removeprefix("u")
            bits = gzip.decompress(urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
            assert len(bits) * 8 == 131_072
            byte, bit = divmod(int(entry["statusListIndex"]), 8)
            assert bool(bits[byte] & 0x80 >> bit) is not is_valid
            assert shown["state"] == ("active" if is_valid else "revoked")


def test_terms_are_kept_when_they_change(as_artist, as_anyone, artist):
    style = StyleFactory(artist=artist.artist)
    before = GenerationFactory(style=style).licence
    answer = as_artist.patch(f"/api/models/{style.pk}", {"terms": "personal"})
    assert (answer.data["terms"], answer.data["terms_version"]) == ("personal", 1)
    after = GenerationFactory(style=style).licence
    as_artist.delete(f"/api/models/{style.pk}")
    keys_of = [as_anyone.get(f"/api/licences/{licence.number}").data for licence in (before, after)]
    assert [shown["terms"]["key"] for shown in keys_of] == ["commercial", "personal"]
    # Withdrawn, and licensed all the same.
    assert {shown["state"] for shown in keys_of} == {"active"}
    assert json.dumps(keys_of)
