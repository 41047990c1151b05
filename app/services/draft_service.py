"""Drafts: styles that their artist looks at before anybody can order from them. They are not
active, so all that is said of withdrawn styles holds for them, and nobody else sees them."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from app.exceptions import InvalidInput, InvalidTransition
from app.models import Notification, ReviewState, Style, TrainingStatus
from app.models.notification import TargetType
from app.services import training_service
from app.services.training_service import TRAININGS
from app.services.uploads import artwork_service, upload_service
from app.utils.names import skeleton

REPLACED = "You have uploaded other works under this name."

# Those whose name no other style of the artist can get.
NAMED = (
    Q(is_draft=True)
    & ~Q(training_status=TrainingStatus.FAILED)
    # Other works may be uploaded in place of those that wait for our staff.
    & Q(copy_check__held_at__isnull=True)
)


def require_trained(style: Style) -> None:
    """Raises InvalidTransition for a draft that cannot be offered yet."""
    if style.training_status != TrainingStatus.COMPLETED:
        raise InvalidTransition("A style can be offered once its training is complete.")


def alike(name: str) -> Q:
    """The styles with this name, or with one that looks the same."""
    return Q(name__iexact=name) | Q(name_skeleton=skeleton(name))


def end_replaced(namesakes: QuerySet[Style]) -> None:
    """End the training of the drafts among ``namesakes`` whose works wait for our staff: their
    artist uploads others under the name, so nobody has to look at these any more."""
    held = namesakes.filter(is_draft=True, is_active=False, copy_check__held_at__isnull=False)
    for draft in held.order_by("pk"):
        TRAININGS.end(draft, REPLACED, retryable=False)


def discard(draft: Style) -> None:
    """Delete a locked draft with its works, its model and its samples: nobody has bought from it.
    Its files go once the caller's transaction has ended.

    Raises InvalidTransition while it is being trained, but not while its works are held for staff.
    """
    if draft.is_under_way and draft.review_state != ReviewState.WAITING:
        raise InvalidTransition(
            "This style is still being trained. You can discard it once that has ended."
        )
    erase(draft)


def erase(draft: Style) -> None:
    """Delete a locked style that nobody could buy from, whatever is under way with it: a worker
    hears with its next report that there is no such style, and stops."""
    files = [key for work in draft.artworks.all() for key in artwork_service.files_of(work)]
    files += training_service.made_files(draft)
    files += training_service.checkpoints_of(draft)
    if draft.is_under_way:
        TRAININGS.forget_attempts(draft, draft.attempt)
    Notification.objects.filter(target_type=TargetType.STYLE, target_id=draft.pk).delete()
    draft.delete()
    upload_service.delete_files(user_id=draft.artist_id, keys=files)


def sample_of(style: Style, place: int) -> str:
    """The storage key of a sample. Raises InvalidInput."""
    samples = style.samples or []
    if place >= len(samples):
        raise InvalidInput.field("cover_sample", "There is no such sample.")
    return str(samples[place]["path"])
