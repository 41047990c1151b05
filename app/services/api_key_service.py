"""API keys, with which programs act for a user."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac

from app.exceptions import Conflict, NotFound
from app.models import ApiKey, User, names
from app.models.ownership import MayChange, is_owner
from app.services.token_service import lock_open
from app.utils import clock

PREFIX = "sl_"
MAX_KEYS = 20
# A write at every request would turn every read into a write.
LAST_USED_PRECISION = timedelta(minutes=1)


@dataclass(frozen=True)
class NewKey:
    """A new key. Its ``secret`` is kept nowhere; ``seed`` and SECRET_KEY make it once more."""

    key: ApiKey
    secret: str
    seed: str

    @property
    def pk(self) -> int:
        return self.key.pk


@transaction.atomic
def create_key(*, user: User, name: str, scopes: Iterable[str]) -> NewKey:
    """Create a key. Raises Conflict if the user has too many."""
    name = names.readable(name, field="name", is_required=True)
    lock_open(user.pk)
    if ApiKey.objects.of(user).count() >= MAX_KEYS:
        raise Conflict(f"You have {MAX_KEYS} keys. Revoke one first.")
    seed = secrets.token_urlsafe(16)
    secret = _secret_of(seed, settings.SECRET_KEY)
    key = ApiKey.objects.create(
        user=user,
        name=name,
        prefix=secret[:10],
        digest=_digest(secret),
        scopes=sorted(set(scopes)),
    )
    return NewKey(key, secret, seed)


def made_before(key_id: int, seed: str) -> NewKey:
    """What ``create_key`` returned. Raises NotFound."""
    for signed_with in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        secret = _secret_of(seed, signed_with)
        if key := ApiKey.objects.filter(pk=key_id, digest=_digest(secret)).first():
            return NewKey(key, secret, seed)
    raise NotFound("You have no such key.")


def _secret_of(seed: str, secret_key: str | bytes) -> str:
    digest = salted_hmac("api key", seed, secret=secret_key, algorithm="sha256").digest()
    return PREFIX + base64.urlsafe_b64encode(digest).decode().rstrip("=")


def revoke_key(*, user: User, key_id: int, may_change: MayChange = is_owner) -> None:
    """Revoke a key; it stops working at once. Raises NotFound for another user's key."""
    key = ApiKey.objects.filter(pk=key_id, revoked_at__isnull=True).first()
    if key is None or not may_change(user, key):
        raise NotFound("You have no such key.")
    key.revoked_at = clock.now()
    key.save(update_fields=["revoked_at"])


def find_key(secret: str) -> ApiKey | None:
    """The valid key with this ``secret``, marked as used; None for any other text.

    The key is found by its digest: random 256-bit keys need no slow hash.
    """
    key = (
        ApiKey.objects.select_related("user")
        .filter(digest=_digest(secret), revoked_at__isnull=True, user__is_active=True)
        .first()
    )
    now = clock.now()
    if key is not None and (
        key.last_used_at is None or key.last_used_at < now - LAST_USED_PRECISION
    ):
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
    return key


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
