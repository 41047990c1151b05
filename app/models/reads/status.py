"""What has become of a picture. Made to be polled."""

from __future__ import annotations

import math
from typing import Annotated, Any

import msgspec

from app.exceptions import NotFound
from app.models.generation import Generation, GenerationStatus
from app.models.reads.compiled import Read, Values, Viewer, of_viewer
from app.models.reads.row import BLANK_IS_NULL, IS_JSON, Column, FileLink, Row

# Of a Retry-After, in seconds.
SOONEST, LATEST = 1, 30
# What a place in the queue takes at least.
SECONDS_A_PLACE = 0.1


class GenerationProgress(Row):
    """How far the worker is with a picture."""

    current_step: int
    total_steps: int
    progress_percent: float
    estimated_seconds: float | None


class Status(Row):
    """What a client polls for."""

    id: Annotated[int, Column("pk")]
    status: GenerationStatus
    progress: Annotated[GenerationProgress | None, IS_JSON]
    queue_position: int | None
    image_url: Annotated[FileLink, Column("image_path")]
    preview_url: Annotated[FileLink, Column("preview_path")]
    failure_reason: Annotated[str | None, BLANK_IS_NULL]

    @property
    def retry_after(self) -> int | None:
        """After how many seconds it is worth asking again; None when all is said.

        What is being made takes as long as its worker expects; what is queued, a tenth of a second
        for each place. It is rather too short: who asks too often loses a request, not time.
        """
        if self.status == GenerationStatus.QUEUED:
            return within_bounds((self.queue_position or 0) * SECONDS_A_PLACE)
        if self.status == GenerationStatus.PROCESSING:
            return within_bounds(_expected(self.progress))
        return None


def within_bounds(seconds: float) -> int:
    """``seconds`` as a Retry-After says them."""
    return max(SOONEST, min(math.ceil(seconds), LATEST))


def _expected(progress: Any) -> float:
    """What a worker expects, in seconds: 0 as long as it does not know."""
    said = msgspec.json.decode(progress) if progress is not None else None
    return float((said or {}).get("estimated_seconds") or 0)


def _build(is_signed_in: bool, values: Values) -> Any:
    viewer: Any = Viewer(values.get("viewer_id"), is_signed_in)
    visible = Generation.objects.visible_to(viewer).with_queue_position()
    return visible.filter(pk=values["generation_id"]).order_by()


STATUS = Read(Status, _build)


def status(viewer_id: int | None, generation_id: int) -> Status:
    """That of a picture which ``viewer_id`` may see. Raises NotFound."""
    values = {"generation_id": generation_id, **of_viewer(viewer_id)}
    found = STATUS.first(viewer_id is not None, values)
    if found is None:
        raise NotFound("There is no such picture.")
    if (found.image_url or found.preview_url) and not _is_shown(viewer_id, generation_id):
        found.image_url = found.preview_url = None
    return found


def _is_shown(viewer_id: int | None, generation_id: int) -> bool:
    """Whether ``viewer_id`` may have its files: the owner, and whoever finds it in lists. Only
    pictures that are done are asked about, and nobody polls for those."""
    viewer: Any = Viewer(viewer_id, viewer_id is not None)
    picture = Generation.objects.filter(pk=generation_id)
    shown = picture.shown_to(viewer)
    if viewer_id is not None:
        shown |= picture.filter(user_id=viewer_id)
    return shown.exists()
