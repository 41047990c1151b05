"""What is said of a licence: the facts, and the certificate that proves them.

The certificate is a Verifiable Credential of the W3C (data model 2.0), secured as a JWS (Securing
Verifiable Credentials using JOSE and COSE). Anybody can check it off-line with the keys of
/.well-known/jwks.json; examples/verify_certificate.py does.
"""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser

from app.models import Generation, Licence, TrainingManifest, User
from app.services.licences import keys, terms
from app.utils import clock
from app.utils.links import page_url
from provenance.facts import Facts

CONTEXT = "https://www.w3.org/ns/credentials/v2"
MEDIA_TYPE = "vc+jwt"
# Of a status list, whose length hides which licence somebody asks about.
LIST_BITS = 131_072


def facts_of(licence: Licence) -> Facts:
    """What everybody may know. The words of a private picture are its buyer's."""
    picture = licence.generation
    return Facts(
        number=licence.number,
        verify_url=page_url("licences", licence.number),
        terms=terms.of_order(picture.terms_id).fact,
        artist=picture.style.artist.artist_name,
        style=picture.style.name,
        prompt=picture.prompt_shown if picture.is_public else None,
        # A closed account has a name that tells nobody anything.
        prompt_writer=picture.user.username
        if licence.buyer_is_named and not picture.user.is_closed
        else None,
    )


def is_shown(picture: Generation, viewer: User | AnonymousUser) -> bool:
    """Whether ``viewer`` is shown the picture beside the facts of its licence, which are
    everybody's."""
    if picture.user_id == viewer.pk:
        return picture.deleted_at is None
    return picture.is_public and not picture.is_veiled_for(viewer)


def public(licence: Licence, viewer: User | AnonymousUser | None = None) -> dict[str, Any]:
    """What everybody is told of a licence, as the API says it; with a preview, if ``viewer`` is
    shown the picture."""
    picture = licence.generation
    preview = picture.preview_path or picture.image_path
    return {
        **facts_of(licence).claims(),
        "url": page_url("licences", licence.number),
        "state": licence.state,
        "state_reason": licence.state_reason or None,
        "state_changed_at": licence.state_changed_at,
        "issued_at": licence.issued_at,
        "picture_id": picture.pk,
        "preview_url": preview if is_shown(picture, viewer or AnonymousUser()) else "",
        "picture_is_deleted": picture.deleted_at is not None,
        "width": picture.width,
        "height": picture.height,
        "artist_id": picture.style.artist_id,
        "style_id": picture.style_id,
        "price_tokens": picture.cost,
        "file_sha256": licence.file_sha256,
        "preview_sha256": licence.preview_sha256,
    }


def certified(licence: Licence, viewer: User | AnonymousUser | None = None) -> dict[str, Any]:
    """The same, with the certificate and what the style was trained on."""
    manifest = _manifest_sha256(licence)
    return {
        **public(licence, viewer),
        "training_manifest_sha256": manifest,
        "certificate": keys.sign(credential(licence, manifest), kind=MEDIA_TYPE),
    }


def credential(licence: Licence, manifest_sha256: str | None) -> dict[str, Any]:
    """The certificate before it is signed."""
    said, picture = public(licence), licence.generation
    kept = ("width", "height", "price_tokens", "file_sha256", "preview_sha256")
    known = {name: said[name] for name in kept}
    known["training_manifest_sha256"] = manifest_sha256
    return {
        "@context": [CONTEXT],
        "type": ["VerifiableCredential", "PictureLicenceCredential"],
        "id": said["url"],
        "issuer": _issuer(),
        "validFrom": _written(licence.issued_at),
        "credentialSubject": {
            "id": page_url("pictures", str(picture.pk)),
            **facts_of(licence).claims(),
            "style_url": page_url("styles", str(picture.style_id)),
            "artist_url": page_url("artists", str(picture.style.artist_id)),
            **{name: value for name, value in known.items() if value},
            "policy": terms.of_order(picture.terms_id).odrl,
        },
        "credentialStatus": _status_entry(picture.pk),
    }


def signed_status_list(number: int) -> str:
    """A Bitstring Status List of the W3C: which of LIST_BITS licences are no longer valid."""
    first = number * LIST_BITS
    within = Licence.objects.ended().filter(pk__gte=first, pk__lt=first + LIST_BITS)
    bits = bytearray(LIST_BITS // 8)
    for pk in within.values_list("pk", flat=True):
        byte, bit = divmod(pk - first, 8)
        bits[byte] |= 0x80 >> bit
    packed = keys.base64url(gzip.compress(bytes(bits), mtime=0))
    page = page_url("credentials/status", str(number))
    listed = {
        "@context": [CONTEXT],
        "id": page,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": _issuer(),
        "validFrom": _written(clock.now()),
        "credentialSubject": {
            "id": f"{page}#list",
            "type": "BitstringStatusList",
            "statusPurpose": "revocation",
            "encodedList": f"u{packed}",
        },
    }
    return keys.sign(listed, kind=MEDIA_TYPE)


def _manifest_sha256(licence: Licence) -> str | None:
    made = TrainingManifest.objects.filter(pk=licence.generation.style_id)
    return made.values_list("sha256", flat=True).first()


def _issuer() -> dict[str, str]:
    return {"id": settings.SITE_URL, "name": "Style License"}


def _status_entry(picture_id: int) -> dict[str, str]:
    number, index = divmod(picture_id, LIST_BITS)
    page = page_url("credentials/status", str(number))
    return {
        "id": f"{page}#{index}",
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": str(index),
        "statusListCredential": page,
    }


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")
