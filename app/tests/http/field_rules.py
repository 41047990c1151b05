"""The fields of every write: what each takes, and what it must not be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

HUGE = 10**30
NUL = "a\0b"


@dataclass(frozen=True)
class Field:
    """What a field takes. ``kind`` is text, int, float, bool, choice, texts, file, object(s)."""

    kind: str
    required: bool = False
    nullable: bool = False
    longest: int = 0
    low: int | None = None
    high: int | None = None
    ascii_only: bool = False
    may_be_empty: bool = False
    may_be_blank: bool = False
    fields: dict[str, Field] = field(default_factory=dict)

    def wrong_values(self) -> Iterator[tuple[str, Any]]:
        """What it must refuse, by name."""
        if not self.nullable:
            yield "null", None
        yield from getattr(self, f"_wrong_{self.kind}")()

    def _wrong_text(self):
        yield from _types(5, 1.5, True, [], ["x"], {})
        yield "too long", "x" * (self.longest + 1)
        yield "huge", "x" * 100_000
        yield "NUL", NUL
        if not self.may_be_empty:
            yield "empty", ""
        if not (self.may_be_empty or self.may_be_blank):
            yield "blank", " \t "
        if self.ascii_only:
            yield "unicode", "바다"

    def _wrong_int(self):
        yield from _types("x", "5", True, 1.5, [], [5], {}, "")
        yield "huge", HUGE
        yield "huge and negative", -HUGE
        yield "beyond 64 bits", 2**64
        if self.low is not None:
            yield "too small", self.low - 1
        if self.high is not None:
            yield "too large", self.high + 1

    def _wrong_float(self):
        yield from _types("x", "5", True, [], {})
        yield "too small", -1
        yield "huge", HUGE

    def _wrong_bool(self):
        yield from _types("true", "", 1, 0, [], {})
        yield "huge", HUGE

    def _wrong_choice(self):
        yield from _types(5, True, [], ["x"], {})
        yield "unknown", "no such thing"
        yield "empty", ""
        yield "unicode", "바다"
        yield "huge", "x" * 100_000
        yield "NUL", NUL

    def _wrong_texts(self):
        yield from _types(5, True, {}, [[]], [["x"]], [{}], [None], [5], [True])
        yield "too many", [f"tag {n}" for n in range(101)]
        yield "huge", ["x" * 100_000]
        yield "NUL", [NUL]
        if self.longest:
            yield "too long", ["x" * (self.longest + 1)]
        if self.ascii_only:
            yield "unicode", ["sea", "바다"]
        if not self.may_be_empty:
            yield "empty", []
            yield "empty one", ["sea", ""]

    def _wrong_objects(self):
        yield from _types("x", 5, True, {}, ["x"], [5], [None])
        yield "empty", []
        yield "too many", [{}] * 21

    def _wrong_file(self):
        yield from _types("x", 5, True, [], {})
        yield "NUL", NUL

    def _wrong_object(self):
        yield from _types("x", 5, True, [], [{}])
        yield "huge", HUGE


def _types(*values: Any) -> Iterator[tuple[str, Any]]:
    for value in values:
        yield f"wrong type {json.dumps(value)}", value


TEXT = {"kind": "text"}
ID = Field("int", required=True, low=1, high=2**63 - 1)
PROGRESS = {
    "progress_percent": Field("float", required=True),
    "estimated_seconds": Field("float", nullable=True),
}
REPORT = {
    "task_id": Field("choice", required=True),
    "attempt": Field("int", required=True, low=1, high=100),
    "failure_reason": Field("text", nullable=True, longest=1000, may_be_blank=True),
    "retryable": Field("bool"),
}


def _steps(*names: str) -> dict[str, Field]:
    return {name: Field("int", required=True, low=0, high=2**31 - 1) for name in names}


@dataclass(frozen=True)
class Write:
    operation: str
    good: dict[str, Any]
    fields: dict[str, Field]
    actor: str = "buyer"
    changes: bool = True

    def cases(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """(name of the case, the field that has to be named, the body)."""
        yield from _cases(self.fields, self.good, "")


def _cases(fields: dict[str, Field], good: dict[str, Any], prefix: str):
    for name, each in fields.items():
        path = f"{prefix}{name}"
        if each.required:
            yield f"{path} missing", path, {k: v for k, v in good.items() if k != name}
        for case, value in each.wrong_values():
            yield f"{path} {case}", path, {**good, name: value}
        for case, inner_path, inner in _cases(each.fields, good.get(name, {}), f"{path}."):
            yield case, inner_path, {**good, name: inner}


WRITES = [
    Write(
        "POST /api/auth/demo",
        {"username": "ada"},
        {"username": Field("text", required=True, longest=40)},
        actor="anonymous",
    ),
    Write(
        "PATCH /api/users/me",
        {"username": "ada", "bio": "New."},
        {
            "username": Field("text", longest=40),
            "bio": Field("text", longest=500, may_be_empty=True),
            "profile_image": Field("file"),
        },
    ),
    Write(
        "POST /api/users/me/artist",
        {"artist_name": "Ada Quill"},
        {
            "artist_name": Field("text", required=True, longest=60),
            "signature_image": Field("file"),
        },
    ),
    Write(
        "PATCH /api/users/me/artist",
        {"artist_name": "Ada Quill"},
        {"artist_name": Field("text", longest=60), "signature_image": Field("file")},
        actor="artist",
    ),
    Write(
        "POST /api/keys",
        {"name": "script", "scopes": ["read"]},
        {
            "name": Field("text", required=True, longest=60),
            "scopes": Field("texts", required=True, longest=10),
        },
    ),
    Write(
        "POST /api/uploads",
        {"content_types": ["image/png"]},
        {"content_types": Field("texts", required=True, longest=10)},
        actor="artist",
    ),
    Write(
        "PATCH /api/models/{style}",
        {"name": "New", "description": "New.", "price": 20, "tags": ["fog"], "is_active": False},
        {
            "name": Field("text", longest=100),
            "cover": Field("int", low=1, high=2**63 - 1),
            "description": Field("text", longest=2000, may_be_empty=True),
            "price": Field("int", low=1, high=10_000),
            "tags": Field("texts", ascii_only=True, longest=50, may_be_empty=True),
            "is_active": Field("bool"),
        },
        actor="artist",
    ),
    Write(
        "POST /api/tokens/purchase",
        {"amount": 300, "payment_method": "card"},
        {
            "amount": Field("int", required=True, low=100, high=1_000_000),
            "payment_method": Field("choice", required=True),
        },
    ),
    Write(
        "POST /api/images/generate",
        {"style_id": "{style}", "prompt_tags": ["sea"], "aspect_ratio": "1:1", "seed": 5},
        {
            "style_id": ID,
            "prompt_tags": Field("texts", required=True, longest=50),
            "aspect_ratio": Field("choice", required=True),
            "seed": Field("int", nullable=True, low=0, high=2**32 - 1),
        },
    ),
    Write(
        "POST /api/quotes",
        {"items": [{"style_id": "{style}", "prompt_tags": ["sea"], "aspect_ratio": "1:1"}]},
        {"items": Field("objects", required=True)},
        changes=False,
    ),
    Write(
        "PATCH /api/images/{picture}",
        {"visibility": "private", "description": "New."},
        {
            "visibility": Field("choice"),
            "description": Field("text", longest=500, may_be_empty=True),
        },
    ),
    Write(
        "POST /api/images/{picture}/comments",
        {"content": "Lovely."},
        {
            "content": Field("text", required=True, longest=500),
            "parent_id": Field("int", nullable=True, low=1, high=2**63 - 1),
        },
    ),
    Write(
        "POST /api/notifications",
        {
            "recipient_id": "{buyer}",
            "type": "follow",
            "message": "Hello.",
            "target": {"type": "image", "id": 7},
        },
        {
            "recipient_id": ID,
            "type": Field("choice", required=True),
            "message": Field("text", required=True, longest=1000),
            "target": Field(
                "object",
                nullable=True,
                fields={"type": Field("choice", required=True), "id": ID},
            ),
        },
        actor="worker",
    ),
    Write(
        "PATCH /api/models/{training}/status",
        {
            "task_id": "{training_task}",
            "attempt": 1,
            "training_status": "failed",
            "failure_reason": "No.",
            "progress": {"current_epoch": 1, "total_epochs": 3, "progress_percent": 33.3},
        },
        {
            **REPORT,
            "training_status": Field("choice", required=True),
            "training_metric": Field("object", nullable=True),
            "progress": Field(
                "object", nullable=True, fields=PROGRESS | _steps("current_epoch", "total_epochs")
            ),
        },
        actor="worker",
    ),
    Write(
        "PATCH /api/images/{queued}/status",
        {
            "task_id": "{queued_task}",
            "attempt": 1,
            "status": "failed",
            "failure_reason": "No.",
            "progress": {"current_step": 1, "total_steps": 3, "progress_percent": 33.3},
        },
        {
            **REPORT,
            "status": Field("choice", required=True),
            "metadata": Field("object", nullable=True),
            "progress": Field(
                "object", nullable=True, fields=PROGRESS | _steps("current_step", "total_steps")
            ),
        },
        actor="worker",
    ),
]
