"""What has become of a picture. Made to be polled."""

from __future__ import annotations

from typing import Annotated, Any

from app.exceptions import NotFound
from app.models.generation import Generation, GenerationStatus
from app.models.reads.compiled import Read, Values, Viewer, of_viewer
from app.models.reads.row import BLANK_IS_NULL, IS_JSON, Column, FileLink, Row


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
    return found
