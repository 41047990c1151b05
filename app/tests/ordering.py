"""Ordering pictures and reporting on them, as buyers and workers do."""

from __future__ import annotations

from typing import Any

from app.models import Generation, Style
from app.tests.api import Answer, Api
from app.tests.factories import finished_file

GENERATE = "/api/images/generate"


def order_of(style: Style, **changes: Any) -> dict[str, Any]:
    """The body of an order."""
    return {
        "style_id": style.pk,
        "prompt_tags": ["castle", "sea"],
        "aspect_ratio": "1:1",
        "seed": 5,
        **changes,
    }


def order(client: Api, style: Style, *, key: str = "", **changes: Any) -> Answer:
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(GENERATE, order_of(style, **changes), headers=headers)


def report(worker: Api, generation: Generation, status: str, **changes: Any) -> Answer:
    """A report of the generation's attempt; a completed one comes with its file."""
    body: dict[str, Any] = {
        "task_id": str(generation.task_id),
        "attempt": generation.attempt,
        "status": status,
    }
    if status == "completed" and "image_path" not in changes:
        body["image_path"] = finished_file(generation)
    if status == "failed":
        body["failure_reason"] = "The paint ran out."
    return worker.patch(f"/api/images/{generation.pk}/status", {**body, **changes})


def report_training(worker: Api, style: Style, status: str, **changes: Any) -> Answer:
    body: dict[str, Any] = {
        "task_id": str(style.task_id),
        "attempt": style.attempt,
        "training_status": status,
    }
    if status == "failed":
        body["failure_reason"] = "The paint ran out."
    return worker.patch(f"/api/models/{style.pk}/status", {**body, **changes})
