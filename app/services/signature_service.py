"""Signatures for pictures: workers ask for them, and the key stays here.

A signature is given to the attempt that is under way, over a claim of C2PA that names its
picture's licence, and each is written down. Who does not know the ``task_id``, which only its
worker is told, gets none.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from django.conf import settings
from django.db import transaction

from app.exceptions import InvalidInput, InvalidTransition, ServiceUnavailable, StaleAttempt
from app.models import Generation, OutboxMessage, Signature
from app.services.licences import numbers, terms
from app.utils import clock
from app.utils.links import page_url
from protocol import GenerationTask, LicenceData, SignatureRequest, TermsData, decode_task
from provenance import claims
from provenance.facts import Facts, Terms

if TYPE_CHECKING:
    from provenance.certificates import Signer

log = structlog.get_logger(__name__)

# For each attempt: a picture and three previews, each of them asked for four times.
MOST_SIGNATURES = 16


def licence_of(generation: Generation) -> LicenceData | None:
    """What a worker is told of the licence; None for an order of before there were licences.

    ``generation`` has its style and artist with it.
    """
    if not generation.licence_number:
        return None
    facts = _facts_of(generation)
    return LicenceData(
        number=facts.number,
        terms=TermsData(facts.terms.key, facts.terms.version, facts.terms.url, facts.terms.sha256),
        artist=facts.artist,
        style=facts.style,
        mark_id=numbers.mark_id(facts.number),
        verify_url=facts.verify_url,
        chain=list(_signers()[-1].chain),
        signatures_url=f"{settings.SITE_URL}/api/internal/signatures",
        prompt_writer=facts.prompt_writer,
    )


def sign(request: SignatureRequest) -> bytes:
    """The signature that a worker asks for: r and s, 32 bytes each.

    Raises StaleAttempt, InvalidTransition, InvalidInput, ServiceUnavailable.
    """
    signer = _signer_for(request)
    with transaction.atomic():
        generation = _lock_current(request)
        _require_own(request, generation)
        given = Signature.objects.filter(generation=generation, attempt=request.attempt)
        if given.count() >= MOST_SIGNATURES:
            raise InvalidInput.field("attempt", f"It has had its {MOST_SIGNATURES} signatures.")
        digest = hashlib.sha256(request.to_sign).digest()
        Signature.objects.create(
            generation=generation, attempt=request.attempt, signer=signer.name, digest=digest
        )
        signature = signer.sign(request.to_sign)
    log.info(
        "picture_signed",
        generation_id=generation.pk,
        attempt=request.attempt,
        signer=signer.name,
        digest=digest.hex(),
    )
    return signature


def days_left() -> dict[str, float]:
    """Until the certificates that sign now expire, by what they are. Empty while there are none."""
    from provenance import certificates

    try:
        chain = _signers()[-1].certificates
    except ServiceUnavailable:
        return {}
    days = [certificates.days_left(each, clock.now()) for each in chain]
    return dict(zip(("signer", "intermediate"), days, strict=True))


def _facts_of(generation: Generation) -> Facts:
    """What is known while the picture is made. Its words are its buyer's until it is public."""
    return Facts(
        number=str(generation.licence_number),
        verify_url=page_url("licences", str(generation.licence_number)),
        terms=terms.of_order(generation.terms_id).fact,
        artist=generation.style.artist.artist_name,
        style=generation.style.name,
    )


def _facts_told(generation: Generation) -> Facts:
    """What its worker was told. Artist and style may have other names by now, and pictures that
    are under way keep theirs; so the messages of attempts are asked, as long as they are kept."""
    sent = OutboxMessage.objects.filter(task_id=generation.task_id, attempt=generation.attempt)
    body = sent.values_list("body", flat=True).first()
    task = decode_task(bytes(body)) if body is not None else None
    if not isinstance(task, GenerationTask) or task.data.licence is None:
        return _facts_of(generation)
    told = task.data.licence
    return Facts(
        number=told.number,
        verify_url=told.verify_url,
        terms=Terms(told.terms.key, told.terms.version, told.terms.url, told.terms.sha256),
        artist=told.artist,
        style=told.style,
        prompt_writer=told.prompt_writer,
    )


def _lock_current(request: SignatureRequest) -> Generation:
    """Lock the picture whose attempt asks. Raises StaleAttempt and InvalidTransition.

    An unknown task is a stale one: 404 is what a version answers that does not sign.
    """
    locked = Generation.objects.to_lock().filter(task_id=request.task_id).first()
    if locked is None or locked.attempt != request.attempt:
        raise StaleAttempt
    if not locked.is_under_way:
        raise InvalidTransition(f"A picture that is {locked.status} is not signed.")
    return locked


def _require_own(request: SignatureRequest, generation: Generation) -> None:
    """Raises InvalidInput unless the claim is about this picture's licence."""
    if not generation.licence_number:
        raise InvalidInput.field("licence", "This picture was ordered without a licence.")
    try:
        claims.require_claim(request.to_sign, request.licence, _facts_told(generation))
    except claims.NotOurClaim as error:
        raise InvalidInput.field("to_sign", str(error)) from error


def _signer_for(request: SignatureRequest) -> Signer:
    """The key of the certificate that the claim names: a task may be older than the latest.

    Raises InvalidInput, and ServiceUnavailable for a certificate that this process has not.
    """
    try:
        leaf = claims.leaf_of(request.to_sign)
    except claims.NotOurClaim as error:
        raise InvalidInput.field("to_sign", str(error)) from error
    for signer in reversed(_signers()):
        if signer.leaf == leaf:
            return signer
    raise ServiceUnavailable("The key of this certificate is not here.")


def certificates_folder() -> Path:
    """Where keys, certificates and anchors are. Development makes its own."""
    # What reads certificates takes a tenth of a second to load: not at every start.
    from provenance import certificates

    folder = Path(settings.CERTIFICATES_DIR) / certificates.FOLDER
    if settings.DEVELOPMENT:
        certificates.make_if_missing(folder)
    return folder


def _signers() -> tuple[Signer, ...]:
    """Those of CERTIFICATES_DIR. Raises ServiceUnavailable if there is none."""
    return _read(certificates_folder())


@lru_cache(maxsize=4)
def _read(folder: Path) -> tuple[Signer, ...]:
    """Once for each process: who adds a signer restarts them."""
    from provenance import certificates

    try:
        found = tuple(certificates.signers(folder))
    except (OSError, ValueError, TypeError) as error:
        # The text may hold what it could not read.
        log.error("certificates_unreadable", error=type(error).__name__)
        found = ()
    if not found:
        raise ServiceUnavailable("There is no certificate to sign with.")
    return found
