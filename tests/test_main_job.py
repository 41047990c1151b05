"""The whole main job, over HTTP only, on running processes."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import jwt
import numpy as np
import psycopg
import pytest
from PIL import Image

from provenance.metadata import read_provenance
from tests.pictures import real_pictures
from tests.system import PROJECT, Person, System, make_bucket, running, wait_for
from worker.engines.stylenet import StylenetEngine

pytestmark = pytest.mark.slow

# More than two marks differ in any pixel; a pen's line differs by far more.
MARK = 40

FORMATS = {
    "1:1": ((512, 512), 7),
    "3:2": ((768, 512), 8),
    "1:2": ((512, 1024), 9),
    "4:3": ((768, 576), 8),
    "3:4": ((576, 768), 8),
}
PRICE = 7
PROMPT = ["castle", "sunset", "sea"]
# As in the admin.
ALLOW = """
from app.models import CopyCheck, User
from app.services.moderation_service import allow_works
staff = User.objects.create_superuser("moderator")
allow_works(CopyCheck.objects.get(), staff=staff, reason="They made these together.")
"""


# Which adapters there are changes no pixel: what is drawn is looked at where two workers draw, and
# the works and signatures come from S3.
on_servers = pytest.mark.parametrize("system", ["servers"], indirect=True)


@pytest.fixture(scope="module", params=["embedded", "servers"])
def system(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[System]:
    """The system on its embedded defaults, and on RabbitMQ, Redis and S3."""
    environment: dict[str, str] = {}
    sizes = {}
    if request.param == "servers":
        access = request.getfixturevalue("s3_server")
        make_bucket(access, "main-job")
        environment = {
            "AMQP_URL": request.getfixturevalue("amqp_url"),
            "REDIS_URL": request.getfixturevalue("redis_url"),
            **access.environment("main-job"),
        }
        sizes = {"workers": 2, "web_processes": 2}
    with running(System(tmp_path_factory.mktemp(request.param), environment), **sizes) as system:
        yield system


@pytest.fixture(scope="module")
def artist(system: System) -> Person:
    return Person(system, "ada").become_artist("Ada Quill")


@pytest.fixture(scope="module")
def buyer(system: System) -> Person:
    return Person(system, "bo")


def upload(artist: Person, name: str, pictures: list[bytes]) -> int:
    """Upload a style and wait until it is trained. Returns its id."""
    return trained(artist, send(artist, name, pictures))


def send(artist: Person, name: str, pictures: list[bytes]) -> int:
    style = artist.post(
        "/api/models",
        data={
            "name": name,
            "description": "Pen and wash.",
            "price": str(PRICE),
            "tags": "Castle, sea,night",
            "image_tags": json.dumps({"0": ["portrait"], "3": ["cat"], "4": "cup, still life"}),
        },
        files=[("images", (f"{n}.png", data, "image/png")) for n, data in enumerate(pictures)],
        status=201,
    )
    assert style["training_status"] in {"pending", "training"}
    assert [tag["name"] for tag in style["tags"]] == ["castle", "sea", "night"]
    return int(style["id"])


def trained(artist: Person, style_id: int) -> int:
    style = wait_for(
        lambda: _if_ended(artist.get(f"/api/models/{style_id}"), "training_status"),
        seconds=90,
        what="the end of the training",
    )
    assert style["training_status"] == "completed", style
    assert style["is_ready"]
    return style_id


def order(buyer: Person, style_id: int, *, aspect_ratio: str = "1:1", seed: int = 5) -> dict:
    """Order a picture and wait until it has ended."""
    accepted = buyer.post(
        "/api/images/generate",
        json={
            "style_id": style_id,
            "prompt_tags": PROMPT,
            "aspect_ratio": aspect_ratio,
            "seed": seed,
        },
        status=202,
    )
    ended = wait_for(
        lambda: _if_ended(buyer.get(f"/api/images/{accepted['generation_id']}/status"), "status"),
        seconds=60,
        what="the end of the generation",
    )
    return {**accepted, **ended}


def test_from_twelve_artworks_to_paid_signed_pictures(
    system: System, artist: Person, buyer: Person, tmp_path: Path
) -> None:
    assert artist.me["token_balance"] == buyer.me["token_balance"] == 100
    style_id = upload(artist, "Quill", real_pictures(12))
    assert artist.get("/api/notifications")["results"][0]["type"] == "training_complete"
    bought = buyer.post(
        "/api/tokens/purchase", json={"amount": 100, "payment_method": "card"}, status=201
    )
    assert bought["balance"] == 200

    pictures = {}
    for aspect_ratio, (size, cost) in FORMATS.items():
        picture = order(buyer, style_id, aspect_ratio=aspect_ratio)
        assert picture["status"] == "completed", picture
        assert picture["cost"] == cost
        pictures[aspect_ratio] = file = tmp_path / f"{picture['id']}.png"
        file.write_bytes(httpx.get(picture["image_url"]).content)
        with Image.open(file) as image:
            assert image.format == "PNG"
            assert image.size == size
        provenance = read_provenance(file)
        assert provenance.artist == "Ada Quill"
        assert provenance.style == "Quill"
        assert provenance.generation_id == picture["id"]
        assert b"AI generated" in file.read_bytes()
        licence = _verified(system, file)
        assert (licence["state"], licence["price_tokens"]) == ("active", cost)
        last_id = picture["id"]

    spent = sum(cost for _, cost in FORMATS.values())
    assert buyer.get("/api/tokens/balance") == {"balance": 200 - spent}
    assert artist.get("/api/tokens/balance") == {"balance": 100 + spent, "earned": spent}
    kinds = [entry["type"] for entry in buyer.get("/api/tokens/transactions")["results"]]
    assert kinds == [*["consume"] * len(FORMATS), "purchase", "earn"]
    [told] = buyer.get("/api/notifications")["results"]
    assert (told["type"], told["other_count"]) == ("generation_complete", len(FORMATS) - 1)

    _be_social(buyer, artist, last_id)
    assert set(_told_of(system, licence, file)) == {"active"}
    assert _checked_off_line(system, licence, file) == (0, "The licence was valid.")
    _refund(system, licence["number"])
    assert set(_told_of(system, licence, file)) == {"refunded"}
    assert _checked_off_line(system, licence, file) == (1, "The licence is no longer valid.")
    assert artist.http.get(f"/api/images/{last_id}").status_code == 404
    assert buyer.get("/api/tokens/balance") == {"balance": 200 - spent + cost}
    left = {"balance": 100 + spent - cost, "earned": spent - cost}
    assert artist.get("/api/tokens/balance") == left
    for person, kind in ((buyer, "licence_refunded"), (artist, "sale_refunded")):
        assert person.get("/api/notifications")["results"][0]["type"] == kind
    assert "right" in system.manage("audit_ledger").stdout


def _verified(system: System, file: Path) -> dict:
    """The licence that a stranger finds by the file, which is as it was signed."""
    files = {"file": file.read_bytes()}
    found = httpx.post(f"{system.url}/api/verify", files=files, timeout=60).json()["data"]
    assert (found["verdict"], found["evidence"][0]["says"]) == ("authentic", "authentic")
    return found["licence"]


def _told_of(system: System, licence: dict, file: Path) -> Iterator[str]:
    """The licence's state, as each place tells a stranger at this moment."""
    path = f"/licences/{licence['number']}"
    yield _verified(system, file)["state"]
    by_number = {"number": licence["number"]}
    verified = httpx.post(f"{system.url}/api/verify", json=by_number, timeout=60)
    yield verified.json()["data"]["licence"]["state"]
    shown = httpx.get(f"{system.url}/api{path}").json()["data"]
    yield shown["state"]
    page = httpx.get(f"{system.url}{path}").text
    yield "active" if "This licence is valid." in page else "refunded"
    assert ("the picture was refunded" in page) is (shown["state"] == "refunded")
    entry = jwt.decode(shown["certificate"], options={"verify_signature": False})
    status = entry["credentialStatus"]
    listed = jwt.decode(
        httpx.get(status["statusListCredential"]).text, options={"verify_signature": False}
    )
    packed = listed["credentialSubject"]["encodedList"].removeprefix("u")
    bits = gzip.decompress(urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
    byte, bit = divmod(int(status["statusListIndex"]), 8)
    yield "refunded" if bits[byte] & 0x80 >> bit else "active"


def _checked_off_line(system: System, licence: dict, file: Path) -> tuple[int, str]:
    """How the example ends that checks a picture with its certificate, and what it says last."""
    shown = httpx.get(f"{system.url}/api/licences/{licence['number']}").json()["data"]
    entry = jwt.decode(shown["certificate"], options={"verify_signature": False})
    known = {
        "root": f"{system.url}/.well-known/c2pa-root.pem",
        "keys": f"{system.url}/.well-known/jwks.json",
        "status": entry["credentialStatus"]["statusListCredential"],
    }
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "certificate").write_text(shown["certificate"])
        for each, address in known.items():
            (folder / each).write_text(httpx.get(address).text)
        given = [part for each in ("keys", "certificate", "status") for part in (f"--{each}", each)]
        done = subprocess.run(
            [sys.executable, PROJECT / "examples" / "verify_picture.py", file, "root", *given],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    for sentence in (
        "The picture is as it was signed, by a certificate of this root.",
        f"  number: {licence['number']}",
        f"Certificate: {licence['number']}, commercial version 1.",
        "It names this very file.",
    ):
        assert sentence in done.stdout.splitlines(), done.stdout + done.stderr
    return done.returncode, done.stdout.splitlines()[-1]


def _refund(system: System, number: str) -> None:
    """By somebody of the staff, in the admin."""
    keeper = Person(system, "keeper")
    with psycopg.connect(system.environment["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(
            "UPDATE app_user SET is_staff = true, is_superuser = true WHERE id = %s",
            [keeper.me["id"]],
        )
        row = connection.execute(
            "SELECT generation_id FROM app_licence WHERE number = %s", [number]
        ).fetchone()
    assert row is not None
    form = {"action": "refund", "_selected_action": row[0], "reason": "It came out empty."}
    answer = keeper.http.post("/admin/app/licence/", headers=keeper._csrf(), data=form)
    assert answer.status_code == 302, answer.text[:500]


def _be_social(buyer: Person, artist: Person, image_id: int) -> None:
    """Publish, like, comment, answer, follow; and everybody is told."""
    assert artist.http.get(f"/api/images/{image_id}").status_code == 404
    buyer.patch(f"/api/images/{image_id}", json={"visibility": "public", "description": "Mine."})
    feed = httpx.get(f"{artist.http.base_url}/api/community/feed").json()["data"]["results"]
    assert [picture["id"] for picture in feed] == [image_id]
    assert feed[0]["artist"]["artist_name"] == "Ada Quill"
    liked = artist.post(f"/api/images/{image_id}/like")
    assert liked == {"is_liked": True, "like_count": 1}
    comment = artist.post(f"/api/images/{image_id}/comments", json={"content": "Lovely."})
    buyer.post(
        f"/api/images/{image_id}/comments",
        json={"content": "Thank you.", "parent_id": comment["id"]},
        status=201,
    )
    followed = buyer.post(f"/api/artists/{artist.me['id']}/follow")
    assert followed == {"is_following": True, "follower_count": 1}
    assert len(buyer.get("/api/users/following")["results"]) == 1
    told = [n["type"] for n in buyer.get("/api/notifications", unread_only="true")["results"]]
    assert told[:2] == ["comment", "like"]
    assert [n["type"] for n in artist.get("/api/notifications")["results"]][:2] == [
        "follow",
        "comment",
    ]
    # The pictures are one line.
    assert buyer.post("/api/notifications/mark-all-read") == {"updated_count": 3}


@on_servers
def test_same_order_same_picture_and_other_seed_or_style_another(
    system: System, artist: Person, buyer: Person
) -> None:
    photographs = upload(artist, "Photographs", real_pictures(16)[:10])
    textures = upload(artist, "Textures", real_pictures(16)[6:])
    first, again = (_picture(buyer, photographs, seed=1) for _ in range(2))
    other_seed = _picture(buyer, photographs, seed=2)
    in_textures = [_picture(buyer, textures, seed=seed) for seed in (1, 2)]
    # Each has its own licence, whose number is hidden in it.
    assert np.abs(first - again).max() < MARK
    assert np.abs(first - again).mean() < 4
    assert np.abs(first - other_seed).mean() > 8
    embed = StylenetEngine().style_of
    photo_styles = [_embedding(embed, picture) for picture in (first, other_seed)]
    texture_styles = [_embedding(embed, picture) for picture in in_textures]
    same = sum(np.linalg.norm(a - b) for a, b in (photo_styles, texture_styles))
    pairs = zip(photo_styles, texture_styles, strict=True)
    different = sum(np.linalg.norm(a - b) for a, b in pairs)
    # Another seed is another scene, which the embedding sees as well. Were the style not seen, the
    # same seed would give the same picture, and ``different`` be next to nothing.
    assert different > 0.9 * same


@on_servers
def test_the_signature_is_drawn_in_the_lower_right_corner(
    artist: Person, buyer: Person, system: System
) -> None:
    """Two artists upload the same works; only what they signed with differs.

    Whoever comes second is not trained before our staff allows it.
    """
    unsigned = Person(system, "cy")
    unsigned.post("/api/users/me/artist", json={"artist_name": "Cy"}, status=201)
    works = real_pictures(10)
    first = _picture(buyer, upload(artist, "Twin", works), seed=11)
    copied = send(unsigned, "Twin", works)
    review = wait_for(
        lambda: unsigned.get(f"/api/models/{copied}")["review"], seconds=60, what="the review"
    )
    assert (review["state"], len(review["works"])) == ("waiting", 10)
    system.manage("shell", "-c", ALLOW)
    second = _picture(buyer, trained(unsigned, copied), seed=11)
    rows, columns = np.nonzero(np.abs(first - second).max(axis=2) > MARK)
    assert rows.size > 50
    assert rows.min() > 512 * 0.7
    assert columns.min() >= 512 * 0.75


def _picture(buyer: Person, style_id: int, *, seed: int) -> np.ndarray:
    picture = order(buyer, style_id, seed=seed)
    with Image.open(io.BytesIO(httpx.get(picture["image_url"]).content)) as image:
        return np.asarray(image.convert("RGB"), dtype=np.int16)


def _embedding(embed, pixels: np.ndarray) -> np.ndarray:
    return embed(Image.fromarray(pixels.astype(np.uint8)))


def _if_ended(thing: dict, field: str) -> dict | None:
    return thing if thing[field] in {"completed", "failed", "canceled"} else None
