"""The form of an upload: tags line by line, verdicts before it is sent, a session that ended."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from django.test import Client

from app.models import ArtworkTag, Style, User
from app.tests import uploads
from app.tests.uploads import picture, style_form

PAGE = {"Accept": "text/html,*/*"}


def form(image_tags: str, **changes: object) -> dict[str, object]:
    return style_form(image_tags=image_tags, declared="on", **changes)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("lines", "tagged"),
    [
        (["", "", "boat", "", "horse"], {2: "boat", 4: "horse"}),
        (["  ", "boat", "  ", "", ""], {1: "boat"}),
        (["a"] + 8 * [""] + ["z"], {0: "a", 9: "z"}),
        ([""] * 10, {}),
        (["sea, \x0bboat", "red\x0c", "x\x1cy"], {0: "sea, boat", 1: "red", 2: "x y"}),
        (["sea\u2028boat\u2029", "horse\x85"], {0: "sea boat", 1: "horse"}),
    ],
)
def test_tags_stay_at_their_pictures(
    end: str, lines: list[str], tagged: dict[int, str], artist: User, signed_in, media: Path
) -> None:
    answer = signed_in(artist).post("/studio/upload", form(end.join(lines)))
    assert answer.status_code == 302, answer.content.decode()
    found: dict[int, str] = {}
    for at, tag in ArtworkTag.objects.order_by("pk").values_list("artwork__position", "tag__name"):
        found[at] = ", ".join(filter(None, [found.get(at), tag]))
    assert found == tagged


def test_tags_of_more_pictures_than_there_are_are_refused(
    artist: User, signed_in, media: Path
) -> None:
    answer = signed_in(artist).post("/studio/upload", form("\n" * 10 + "late"))
    assert "There are more lines than pictures." in answer.content.decode()
    assert not Style.objects.exists()


def test_check_says_what_the_upload_will_say(artist: User, signed_in, media: Path) -> None:
    """Of one file; and its digest lets the page see that it has the same file twice."""
    client = signed_in(artist)
    cases = {
        "300 pixels": picture(1, size=(300, 300)),
        "256 pixels": picture(2),
        "255 pixels": picture(3, size=(255, 400)),
        "too long": picture(4, size=(256, 2600)),
        "words": b"words",
        "nothing": b"",
    }
    for name, content in cases.items():
        checked = client.post("/studio/upload/check", {"image": uploads.file(content)})
        said = checked.content.decode()
        images = [uploads.file(content), *uploads.files(9, first=20)]
        sent = client.post("/studio/upload", style_form(name=name, images=images, declared="on"))
        is_good = sent.status_code == 302
        assert ("verdict good" in said) is is_good, name
        digest = f'data-digest="{hashlib.sha256(content).hexdigest()}"'
        assert (digest in said) is is_good
        if not is_good and content:
            why = said.split("✗ ")[1].split("<")[0].strip()
            assert why in sent.content.decode(), name


class TestSignedOut:
    def test_check_and_upload_tell_the_script(self, db, media: Path) -> None:
        visitor = Client()
        for address, sent in (
            ("/studio/upload/check", {"image": uploads.file(picture())}),
            ("/studio/upload", style_form()),
        ):
            accepted = {"Accept": "text/html, */*", "HX-Request": "true"}
            headers = accepted if address.endswith("upload") else {"Accept": "*/*"}
            answer = visitor.post(address, sent, headers=headers)
            assert answer.status_code == 401
            part = answer.content.decode()
            assert 'href="/sign-in?next=/studio" target="_blank"' in part
            assert "<html" not in part
        assert not Style.objects.exists()

    def test_no_poll_leaves_the_page(self, style: Style) -> None:
        visitor = Client(headers={"HX-Request": "true"})
        for address in ("/studio/upload/earnings?price=5", f"/studio/styles/{style.pk}/training"):
            answer = visitor.get(address)
            assert (answer.status_code, answer.content) == (204, b"")
            assert "HX-Redirect" not in answer

    def test_page_without_scripts_keeps_the_words(self, artist: User, media: Path) -> None:
        visitor = Client(headers=PAGE)
        answer = visitor.post("/studio/upload", form("boat\n\nhorse", description="Washes."))
        assert answer["Location"] == "/sign-in?next=%2Fstudio%2Fupload%3Fkept%3D1"
        visitor.force_login(artist)
        page = visitor.get("/studio/upload?kept=1").content.decode()
        assert 'value="Wet Paper"' in page
        assert "Washes." in page
        assert "boat\r\n\r\nhorse" in page or "boat\n\nhorse" in page

    def test_limit_is_told_to_the_script(self, artist: User, signed_in, settings, media) -> None:
        settings.RATE_LIMITS = {"user": "1/60"}
        client = signed_in(artist)
        client.post("/preferences", {"theme": "dark"})
        answer = client.post("/studio/upload", style_form(), headers={"hx-request": "true"})
        assert answer.status_code == 429
        assert answer.content.decode().startswith('<p class="notice bad">Too many requests')


def test_drawn_signature_survives_an_error(buyer: User, signed_in) -> None:
    drawn = (
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
        "YPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
    )
    answer = signed_in(buyer).post("/studio/join", {"artist_name": "", "drawing": drawn})
    assert answer.status_code == 400
    assert f'name="drawing" value="{drawn}"' in answer.content.decode()
    for other in ("javascript:x", '"><script>', "data:image/svg+xml;base64,AAAA"):
        answer = signed_in(buyer).post("/studio/join", {"artist_name": "", "drawing": other})
        assert 'name="drawing" value=""' in answer.content.decode()
