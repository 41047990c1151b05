"""What others may read: no e-mail address, no token or key, no balance, no path in the storage."""

import re

import pytest
import structlog

from app.models import Artwork, User
from app.tests.api import Api
from app.tests.factories import (
    ArtistFactory,
    GenerationFactory,
    PublicPictureFactory,
    StyleFactory,
    UserFactory,
)
from app.tests.ordering import order

pytestmark = pytest.mark.django_db

# A storage key is shown only inside of a signed link.
LINK = re.compile(rb'http://127\.0\.0\.1:8000/media/[^"?]+\?expires=\d+&signature=[0-9a-f]+')


@pytest.fixture
def world(settings):
    """People with secrets, and everything of theirs that others can see."""
    settings.INTERNAL_API_TOKENS = ["internal-token-of-the-workers"]
    artist = ArtistFactory(
        user__username="mira", user__tokens=31337, signature_image="signatures/secret.png"
    )
    buyer = UserFactory(username="bo", tokens=27182)
    key = Api(buyer).post("/api/keys", {"name": "script", "scopes": ["read"]}).data["secret"]
    style = StyleFactory(artist=artist, tags=("sea",), works=2)
    picture = PublicPictureFactory(user=buyer, style=style)
    GenerationFactory(user=buyer, style=style, status="failed")
    fan = Api(artist.user)
    fan.post(f"/api/images/{picture.pk}/like")
    fan.post(f"/api/images/{picture.pk}/comments", {"content": "Lovely."})
    Api(buyer).post(f"/api/artists/{artist.pk}/follow")
    visitor = Api(UserFactory(username="eve"))
    visitor.post(f"/api/artists/{artist.pk}/follow")
    visitor.post(f"/api/images/{picture.pk}/comments", {"content": "Hm."})
    return {
        "visitor": visitor,
        "artist": artist,
        "buyer": buyer,
        "style": style,
        "picture": picture,
        "key": key,
    }


def secrets_of(world) -> list[bytes]:
    people = User.objects.exclude(username="eve")
    found = [user.email for user in people] + [user.provider_user_id for user in people]
    found += [str(world["buyer"].token_balance), "31347", "31337", "27182"]
    found += [world["key"], world["key"][:10], "internal-token-of-the-workers"]
    found += [world["picture"].image_path, world["style"].model_path, "signatures/secret.png"]
    found += [str(world["picture"].task_id), str(world["style"].task_id)]
    found += list(Artwork.objects.values_list("image_path", flat=True))
    return [text.encode() for text in found]


def test_others_read_no_secrets(world):
    style, picture = world["style"], world["picture"]
    paths = [
        *("/api/models", f"/api/models/{style.pk}", "/api/tags", "/api/community/feed"),
        *(f"/api/images/{picture.pk}", f"/api/images/{picture.pk}/status"),
        *(f"/api/images/{picture.pk}/comments", "/api/users/following", "/api/notifications"),
        *(f"/api/users/{world['buyer'].pk}", f"/api/users/{world['artist'].pk}"),
        *("/api/tokens/transactions", "/api/images/mine", "/api/keys", "/api/health"),
    ]
    for client in (world["visitor"], Api()):
        for path in paths:
            answer = client.get(path)
            # In their links, public pictures and previews have to be named.
            shown = LINK.sub(b"", answer.content)
            assert [secret for secret in secrets_of(world) if secret in shown] == [], path


def test_notifications_name_no_secrets(world):
    for user in (world["buyer"], world["artist"].user):
        shown = LINK.sub(b"", Api(user).get("/api/notifications").content)
        own = {str(user.email).encode()}
        assert [s for s in secrets_of(world) if s in shown and s not in own] == []


def test_previews_are_linked_and_originals_are_not(world):
    shown = world["visitor"].get(f"/api/models/{world['style'].pk}").content
    assert b"/previews/" in shown
    assert b"/originals/" not in shown


def test_logs_hold_no_secrets(world, caplog):
    buyer = Api(world["buyer"])
    with structlog.testing.capture_logs() as events, caplog.at_level("DEBUG"):
        order(buyer, world["style"])
        Api(authorization=f"Api-Key {world['key']}").get("/api/auth/me")
        Api(authorization="Api-Key sl_wrong-secret").get("/api/auth/me")
        Api(authorization="Bearer internal-token-of-the-workers").post("/api/notifications", {})
        Api(authorization="Bearer wrong-secret").post("/api/notifications", {})
        buyer.get("/api/nothing")
        buyer.post("/api/tokens/purchase", "{")
    written = (repr(events) + caplog.text.replace(str(world["picture"].image_path), "")).encode()
    # The database's own log of statements is off outside of tests.
    written = b"\n".join(line for line in written.splitlines() if b"django.db.backends" not in line)
    secrets = [world["key"].encode(), b"internal-token-of-the-workers", b"wrong-secret"]
    secrets += [world["buyer"].email.encode()]
    assert [secret for secret in secrets if secret in written] == []


def test_the_secrets_would_be_found(world):
    """The control: what their owner reads holds some of them."""
    shown = Api(world["buyer"]).get("/api/auth/me").content
    found = {secret for secret in secrets_of(world) if secret in shown}
    assert {world["buyer"].email.encode(), str(world["buyer"].token_balance).encode()} <= found
