"""What becomes of a licence after it was issued."""

from __future__ import annotations

from django.db import transaction

from app.exceptions import InvalidTransition, NotAllowed
from app.models import Generation, Licence, LicenceState, Rating, User, Visibility
from app.models.ownership import MayChange, is_owner
from app.services.webhooks.events import tell_of_licence
from app.utils import clock


@transaction.atomic
def name_buyer(
    *, user: User, number: str, buyer_is_named: bool, may_change: MayChange = is_owner
) -> Licence:
    """Say in public who bought the picture, or no longer. Raises NotFound, NotAllowed."""
    licence = Licence.objects.numbered(number)
    if not may_change(user, licence):
        raise NotAllowed("Only the buyer of a licence can change it.")
    licence.buyer_is_named = buyer_is_named
    licence.save(update_fields=["buyer_is_named"])
    return licence


def end(picture: Generation, state: LicenceState, reason: str) -> Licence:
    """Take back the licence of a picture that the caller has locked. The page says ``reason``, and
    nobody but its buyer sees the picture from now on.

    Raises InvalidTransition unless it is valid: each ends once.
    """
    licence = Licence.objects.filter(pk=picture.pk).first()
    if licence is None or not licence.is_valid:
        state_now = licence.state if licence else "missing"
        raise InvalidTransition(f"The licence of this picture is {state_now}, not active.")
    licence.state, licence.state_reason = state, reason
    licence.state_changed_at = clock.now()
    licence.save(update_fields=["state", "state_reason", "state_changed_at"])
    picture.visibility = Visibility.PRIVATE
    picture.hidden_reason = picture.hidden_reason or reason
    picture.save(update_fields=["visibility", "hidden_reason"])
    tell_of_licence(licence, picture)
    return licence


def restore(picture: Generation, *, hidden_reason: str, is_public: bool) -> Licence:
    """Make the licence valid again that was revoked by mistake, of a picture that the caller has
    locked, and show the picture as before. Raises InvalidTransition unless it is revoked."""
    licence = Licence.objects.get(pk=picture.pk)
    if licence.state != LicenceState.REVOKED:
        raise InvalidTransition(f"The licence of this picture is {licence.state}, not revoked.")
    licence.state, licence.state_reason = LicenceState.ACTIVE, ""
    licence.state_changed_at = clock.now()
    licence.save(update_fields=["state", "state_reason", "state_changed_at"])
    picture.hidden_reason = hidden_reason
    is_whole = picture.deleted_at is None and picture.rating != Rating.BLOCKED
    shows = is_public and is_whole and not hidden_reason
    picture.visibility = Visibility.PUBLIC if shows else Visibility.PRIVATE
    picture.save(update_fields=["visibility", "hidden_reason"])
    tell_of_licence(licence, picture)
    return licence
