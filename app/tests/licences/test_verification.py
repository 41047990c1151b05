"""What is said of a picture that somebody asks about, and what it was found by."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from PIL import Image, ImageOps

from app.models import Licence, LicenceState, Signature
from app.services import storage
from app.services.licences import finding, numbers, states
from app.tests.api import Api
from app.tests.licences.verifying import licensed, packed, signed
from provenance import certificates
from provenance.bits import bands
from provenance.fingerprints import pdq
from provenance.mark import MARKER
from provenance.tests.pictures import CHANGES, photographs
from provenance.tests.signing import moved, with_text

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

# Of a signed file: what somebody did to it since, given the image.
CHANGED = {
    "a text": lambda content, image: with_text(content),
    "brighter": lambda content, image: moved(content, packed(CHANGES["brightness × 1.2"](image))),
    "a part": lambda content, image: moved(content, packed(CHANGES["crop 30 %"](image))),
    "mirrored": lambda content, image: moved(content, packed(ImageOps.mirror(image))),
    "a part, turned": lambda content, image: moved(
        content, packed(CHANGES["crop 30 %"](image).rotate(270, expand=True))
    ),
}
OTHERS = ("astronaut.png", "chelsea.png", "ihc.png")


def ask(as_anyone: Api, content: bytes) -> dict:
    file = SimpleUploadedFile("picture", content)
    return as_anyone.upload("/api/verify", {"file": file}).data


def layers(answer: dict[str, Any]) -> dict[str, str]:
    return {each["layer"]: each["says"] for each in answer["evidence"]}


@pytest.fixture(autouse=True)
def certified(settings: Any, tmp_path: Path) -> Path:
    settings.CERTIFICATES_DIR = tmp_path
    folder = tmp_path / certificates.FOLDER
    certificates.make(folder)
    return folder


class TestByThePixels:
    @pytest.mark.parametrize("change", ["crop 30 %", "JPEG 30", "half size", "screenshot", "gray"])
    def test_the_mark_names_the_licence(self, as_anyone, change):
        licence, image = licensed("coffee.png")
        licensed("rocket.jpg")
        answer = ask(as_anyone, packed(CHANGES[change](image)))
        assert (answer["verdict"], answer["licence"]["number"]) == ("match", licence.number)
        assert layers(answer) == {"signature": "none", "mark": "found"}
        assert answer["evidence"][1]["facts"]["false_alarm"] < 1e-9

    @pytest.mark.parametrize("change", ["JPEG 50", "half size", "brightness × 1.2"])
    def test_the_fingerprint_does_without_a_mark(self, as_anyone, change):
        licence, image = licensed("coffee.png", is_marked=False)
        answer = ask(as_anyone, packed(CHANGES[change](image), "JPEG", quality=90))
        assert (answer["verdict"], answer["licence"]["number"]) == ("match", licence.number)
        assert layers(answer) == {"signature": "none", "mark": "none", "fingerprint": "found"}

    def test_a_mirrored_picture_is_found(self, as_anyone):
        licence, image = licensed("coffee.png", is_marked=False)
        answer = ask(as_anyone, packed(ImageOps.mirror(image), "WEBP", quality=80))
        assert (answer["verdict"], answer["licence"]["number"]) == ("match", licence.number)

    def test_a_part_is_found_in_the_whole(self, as_anyone):
        licence, image = licensed("coffee.png", is_marked=False)
        licensed("rocket.jpg", is_marked=False)
        answer = ask(as_anyone, packed(CHANGES["crop 30 %"](image)))
        assert (answer["verdict"], answer["licence"]["number"]) == ("match", licence.number)
        assert layers(answer)["part"] == "found"
        assert answer["evidence"][-1]["facts"]["box"] == pytest.approx(
            [0.12, 0.09, 0.82, 0.79], abs=0.03
        )

    @pytest.mark.parametrize("name", OTHERS)
    def test_other_pictures_are_unknown(self, as_anyone, name):
        licensed("coffee.png")
        licensed("rocket.jpg", is_marked=False)
        answer = ask(as_anyone, packed(photographs()[name]))
        assert (answer["verdict"], answer["licence"]) == ("unknown", None)
        assert set(layers(answer)) == {"signature", "mark", "fingerprint", "part"}

    def test_a_mark_in_another_picture_proves_nothing(self, as_anyone):
        licence, _ = licensed("coffee.png")
        forged = MARKER.embed(photographs()["ihc.png"], numbers.mark_id(licence.number))
        answer = ask(as_anyone, packed(forged))
        assert (answer["verdict"], answer["licence"]["number"]) == ("possible", licence.number)
        assert layers(answer)["mark"] == "other_picture"

    def test_a_mark_that_cannot_be_compared_is_not_sure(self, as_anyone):
        """Anybody can copy one, and the picture that it names is gone or cannot be read now."""
        licence, _ = licensed("coffee.png")
        storage.delete([licence.generation.preview_path])
        forged = MARKER.embed(photographs()["ihc.png"], numbers.mark_id(licence.number))
        answer = ask(as_anyone, packed(forged))
        assert (answer["verdict"], answer["licence"]["number"]) == ("possible", licence.number)
        assert layers(answer)["mark"] == "found"

    def test_where_nothing_can_be_compared_it_is_said(self, as_anyone):
        licence, image = licensed("coffee.png", is_marked=False)
        storage.delete([licence.generation.preview_path])
        answer = ask(as_anyone, packed(CHANGES["crop 30 %"](image)))
        assert (answer["verdict"], layers(answer)["part"]) == ("unknown", "unavailable")

    def test_a_part_that_was_turned_is_one_of_its_picture(self, as_anyone):
        licence, image = licensed("coffee.png")
        answer = ask(as_anyone, packed(CHANGES["crop 10 %"](image).rotate(90, expand=True)))
        assert (answer["verdict"], answer["licence"]["number"]) == ("match", licence.number)
        assert layers(answer) == {"signature": "none", "mark": "found"}

    def test_a_mark_of_no_licence_is_told(self, as_anyone):
        answer = ask(as_anyone, packed(MARKER.embed(photographs()["ihc.png"], 7)))
        assert answer["verdict"] == "unknown"
        assert layers(answer)["mark"] == "unissued"

    def test_a_blank_sheet_is_like_none(self, as_anyone):
        licensed("coffee.png")
        answer = ask(as_anyone, packed(Image.new("RGB", (300, 300), "white")))
        assert answer["verdict"] == "unknown"
        assert layers(answer)["fingerprint"] == "plain"


class TestByTheFile:
    def test_an_untouched_file_is_authentic(self, as_anyone, certified):
        licence, image = licensed("coffee.png")
        answer = ask(as_anyone, signed(packed(image), licence.number, certified))
        assert (answer["verdict"], answer["licence"]["number"]) == ("authentic", licence.number)
        assert layers(answer) == {"signature": "authentic"}
        assert answer["claims"]

    @pytest.mark.parametrize("change", CHANGED)
    def test_a_changed_one_is_altered(self, as_anyone, certified, change):
        licence, image = licensed("coffee.png")
        content = signed(packed(image), licence.number, certified)
        answer = ask(as_anyone, CHANGED[change](content, image))
        assert (answer["verdict"], answer["licence"]["number"]) == ("altered", licence.number)
        assert layers(answer) == {"signature": "altered"}

    def test_a_signature_in_another_picture_licenses_nothing(self, as_anyone, certified):
        """The signature is ours and its pixels are not: nothing says that they are licensed."""
        licence, image = licensed("coffee.png")
        content = signed(packed(image), licence.number, certified)
        answer = ask(as_anyone, moved(content, packed(photographs()["ihc.png"])))
        assert (answer["verdict"], answer["licence"]) == ("unknown", None)
        assert layers(answer)["signature"] == "other_picture"
        assert answer["evidence"][0]["facts"]["number"] == licence.number
        # In one that is licensed itself, that one's licence is the answer.
        other, shown = licensed("rocket.jpg")
        answer = ask(as_anyone, moved(content, packed(shown)))
        assert (answer["verdict"], answer["licence"]["number"]) == ("match", other.number)
        assert layers(answer) == {"signature": "other_picture", "mark": "found"}

    def test_what_cannot_be_compared_is_not_sure(self, as_anyone, certified):
        licence, image = licensed("coffee.png", is_marked=False)
        content = signed(packed(image), licence.number, certified)
        Licence.objects.update(pdq=None, bands=None, features=None)
        storage.delete([licence.generation.preview_path])
        answer = ask(as_anyone, moved(content, packed(photographs()["ihc.png"])))
        assert (answer["verdict"], answer["licence"]["number"]) == ("possible", licence.number)

    def test_one_signed_by_somebody_else_is_never_authentic(self, as_anyone, certified, tmp_path):
        licence, image = licensed("coffee.png")
        certificates.make(tmp_path / "others")
        answer = ask(as_anyone, signed(packed(image), licence.number, tmp_path / "others"))
        assert answer["verdict"] == "match"
        assert layers(answer) == {"signature": "foreign", "mark": "found"}

    @pytest.mark.parametrize("is_altered", [False, True], ids=["whole", "altered"])
    @pytest.mark.parametrize("whose", ["nobody", "another picture"])
    def test_a_signature_that_we_did_not_give_proves_nothing(
        self, as_anyone, certified, whose, is_altered
    ):
        """Our key, and not our log: it was stolen, or the database is not the one of then."""
        licence, image = licensed("coffee.png")
        content = signed(packed(image), licence.number, certified, is_logged=whose != "nobody")
        other, _ = licensed("rocket.jpg")
        Signature.objects.update(generation=other.generation)
        answer = ask(as_anyone, with_text(content) if is_altered else content)
        assert (answer["verdict"], answer["licence"]["number"]) == ("match", licence.number)
        assert layers(answer) == {"signature": "unlogged", "mark": "found"}
        # Its pixels spoke for it. Those of another picture do not.
        content = signed(
            packed(photographs()["ihc.png"]), licence.number, certified, is_logged=False
        )
        answer = ask(as_anyone, with_text(content) if is_altered else content)
        assert (answer["verdict"], answer["licence"]) == ("unknown", None)

    def test_one_that_nobody_paid_for_is_told(self, as_anyone, certified):
        number = numbers.draw()
        answer = ask(as_anyone, signed(packed(photographs()["ihc.png"]), number, certified))
        assert (answer["verdict"], answer["licence"]) == ("unknown", None)
        assert layers(answer)["signature"] == "unissued"


class TestWhatIsAnswered:
    def test_a_number_is_enough(self, as_anyone):
        licence, _ = licensed("coffee.png")
        typed = licence.number.lower().replace("-", "")
        assert (
            as_anyone.post("/api/verify", {"number": typed}).data["licence"]["number"]
            == licence.number
        )

    def test_a_wrong_number_is_explained(self, as_anyone):
        answer = as_anyone.post("/api/verify", {"number": "SL-12"})
        assert answer.refusal == (404, "NOT_FOUND")
        assert "12 characters" in answer.message

    def test_a_licence_that_was_taken_back_is_found_with_its_state(self, as_anyone):
        licence, image = licensed("coffee.png")
        with transaction.atomic():
            states.end(licence.generation, LicenceState.REFUNDED, "The buyer was refunded.")
        found = ask(as_anyone, packed(image))["licence"]
        assert (found["state"], found["state_reason"]) == ("refunded", "The buyer was refunded.")

    def test_a_private_picture_stays_private(self, as_anyone):
        _, image = licensed("coffee.png")
        found = ask(as_anyone, packed(image))["licence"]
        assert (found["prompt"], found["prompt_writer"]) == (None, None)
        assert not found["preview_url"]

    def test_nothing_of_it_is_kept(self, as_anyone, media):
        licensed("coffee.png")
        before = sorted(media.rglob("*"))
        with CaptureQueriesContext(connection) as asked:
            ask(as_anyone, packed(photographs()["ihc.png"]))
        assert sorted(media.rglob("*")) == before
        assert [q for q in asked.captured_queries if "INSERT" in q["sql"]] == []

    @pytest.mark.parametrize(
        "content",
        [b"", b"no picture", b"GIF89a" + bytes(50), b"RIFF\0\0\0\0WEBPVP8 ", b"\x89PNG\r\n\x1a\n"],
    )
    def test_what_is_no_picture_is_refused(self, as_anyone, content):
        file = SimpleUploadedFile("picture.png", content)
        answer = as_anyone.upload("/api/verify", {"file": file})
        assert answer.status == 400
        assert "file" in answer.details

    def test_a_file_that_is_too_large_is_refused(self, as_anyone):
        file = SimpleUploadedFile("large.png", bytes(10 * 2**20 + 1))
        assert as_anyone.upload("/api/verify", {"file": file}).status == 400

    @pytest.mark.parametrize("form", [{}, {"number": "SL-1", "file": b"x"}])
    def test_it_is_a_file_or_a_number(self, as_anyone, form):
        given = {
            name: SimpleUploadedFile("f", v) if name == "file" else v for name, v in form.items()
        }
        assert as_anyone.upload("/api/verify", given).status == 400

    def test_it_may_be_asked_so_often(self, as_anyone, settings):
        settings.RATE_LIMITS = {"verify": "2/60"}
        statuses = [as_anyone.post("/api/verify", {"number": "SL-12"}).status for _ in range(3)]
        assert statuses == [404, 404, 429]


class TestTheSearch:
    @pytest.mark.parametrize(("flipped", "is_found"), [(0, True), (31, True), (32, False)])
    def test_bits_may_differ_until_there_are_too_many(self, flipped, is_found):
        licence, image = licensed("coffee.png", is_marked=False)
        bits = np.unpackbits(np.frombuffer(pdq(image), np.uint8))
        # Spread over all bands, so that of 16 none is whole.
        bits[[16 * (n % 16) + n // 16 for n in range(flipped)]] ^= 1
        asked = np.packbits(bits).tobytes()
        found = finding.by_fingerprint([asked])
        assert found == [finding.Near(licence.pk, flipped)][: int(is_found)]

    def test_bands_are_kept_with_their_places(self):
        licence, image = licensed("coffee.png", is_marked=False)
        assert licence.bands == bands(pdq(image))

    def test_a_mark_finds_the_numbers_that_begin_with_it(self):
        licence, _ = licensed("coffee.png")
        mark = numbers.mark_id(licence.number)
        assert finding.by_mark(mark) == [licence]
        assert finding.by_mark(mark ^ 1) == finding.by_mark(mark ^ 1 << 31) == []

    def test_the_index_is_used_with_any_number_of_bands(self):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(finding.BY_INDEX)
            many = {"bands": list(range(272)), "most": 10}
            cursor.execute("EXPLAIN " + finding.SHARING_BANDS, many)
            plan = "\n".join(row[0] for row in cursor.fetchall())
        assert "licence_bands" in plan
