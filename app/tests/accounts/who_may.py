"""The table of who may do what: one row for every operation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

# The columns of the table: nobody, a user, the owner of the thing, another artist, staff, a worker
# with an internal token, and a program with the owner's key of the scope "read".
COLUMNS = ("anonymous", "user", "owner", "artist", "staff", "worker", "program")


@dataclass(frozen=True)
class Row:
    """``statuses`` in the order of COLUMNS; ``thing`` names what the address is filled with."""

    operation: str
    statuses: tuple[int, ...]
    thing: str = ""
    body: Any = None

    @property
    def method(self) -> str:
        return self.operation.partition(" ")[0]

    @property
    def path(self) -> str:
        return self.operation.partition(" ")[2]


HOOK = "https://hooks.example.com/"
# What each may read; all read the same unless it is somebody's own.
OPEN = (200, 200, 200, 200, 200, 200, 200)
SIGNED_IN = (401, 200, 200, 200, 200, 401, 200)
WORKER_ONLY = (403, 403, 403, 403, 403, 400, 403)

# Of our staff, by right: what each may do at the desk, with the body that is sent, and which thing.
DECISION = {"action": "dismiss", "ground": "none", "words": "Fine."}
DESK: list[tuple[str, str, Any]] = [
    ("GET /api/moderation/cases", "", None),
    ("GET /api/moderation/cases/{id}", "case", None),
    ("GET /api/moderation/cases/{id}/decisions", "case", None),
    ("POST /api/moderation/cases/{id}/decisions", "case", DECISION),
    (
        "POST /api/moderation/cases/{id}/proposals",
        *("case", {"ground": "copyright", "words": "Copied."}),
    ),
    ("DELETE /api/moderation/proposals/{id}", "proposal", None),
    ("POST /api/moderation/proposals/{id}/confirm", "proposal", {}),
    ("GET /api/moderation/appeals", "", None),
    (
        "POST /api/moderation/appeals/{id}/judge",
        *("appeal", {"is_granted": False, "words": "No."}),
    ),
]

TABLE = [
    Row("GET /api/health", OPEN),
    # Without a broker's or cache's address only the database has to answer.
    Row("GET /api/ready", OPEN),
    Row("GET /api/schema", OPEN),
    Row("GET /api/docs", OPEN),
    # Google is not set up here.
    Row("GET /api/auth/google/login", (503,) * 7),
    Row("GET /api/auth/google/callback", (503,) * 7),
    # Nor are the others.
    *(
        Row(f"GET /api/auth/{provider}/{step}", (503,) * 7)
        for provider in ("github", "apple")
        for step in ("login", "callback")
    ),
    Row("POST /api/auth/apple/callback", (503,) * 7),
    Row("POST /api/auth/demo", (404, 404, 404, 404, 404, 404, 403), body={"username": "ada"}),
    Row("POST /api/auth/logout", (401, 200, 200, 200, 200, 401, 403)),
    Row("GET /api/auth/me", SIGNED_IN),
    # Whose keys are known knows not where else their owner is.
    Row("GET /api/auth/sessions", (401, 200, 200, 200, 200, 401, 403)),
    Row("DELETE /api/auth/sessions", (401, 204, 204, 204, 204, 401, 403)),
    Row("DELETE /api/auth/sessions/{id}", (401, 404, 404, 404, 404, 401, 403), "owner"),
    # What is looked for is missing.
    Row("GET /api/search", (400,) * 7),
    Row("GET /api/users/{id}", OPEN, "owner"),
    Row("PATCH /api/users/me", (401, 200, 200, 200, 200, 401, 403), body={"bio": "New."}),
    Row("DELETE /api/users/me", (401, 204, 204, 204, 204, 401, 403)),
    Row(
        "POST /api/users/me/artist",
        (401, 201, 409, 409, 201, 401, 403),
        body={"artist_name": "Somebody"},
    ),
    Row("GET /api/users/me/declaration", SIGNED_IN),
    Row(
        "POST /api/users/me/declaration",
        (401, 200, 200, 200, 200, 401, 403),
        body={"version": 1},
    ),
    Row(
        "PATCH /api/users/me/artist",
        (401, 403, 200, 200, 403, 401, 403),
        body={"artist_name": "Somebody"},
    ),
    # Nobody has named one yet.
    Row("GET /api/users/me/site", (401, 403, 404, 404, 403, 401, 404)),
    Row(
        "PUT /api/users/me/site",
        (401, 403, 200, 200, 403, 401, 403),
        body={"url": "https://mira.example.com/"},
    ),
    Row("DELETE /api/users/me/site", (401, 403, 204, 204, 403, 401, 403)),
    Row("GET /api/users/me/export", (401, 200, 200, 200, 200, 401, 403)),
    Row("POST /api/users/me/export", (401, 202, 202, 202, 202, 401, 403)),
    Row("GET /api/users/me/mail", SIGNED_IN),
    Row(
        "PATCH /api/users/me/mail", (401, 200, 200, 200, 200, 401, 403), body={"kinds": ["people"]}
    ),
    Row("GET /api/users/following", SIGNED_IN),
    Row("GET /api/users/hidden", SIGNED_IN),
    *(
        Row(f"{method} /api/users/{{id}}/{act}", (401, 200, 409, 200, 200, 401, 403), "owner")
        for act in ("block", "mute")
        for method in ("PUT", "DELETE")
    ),
    Row("POST /api/artists/{id}/follow", (401, 200, 409, 200, 200, 401, 403), "owner"),
    Row("PUT /api/artists/{id}/follow", (401, 200, 409, 200, 200, 401, 403), "owner"),
    Row("DELETE /api/artists/{id}/follow", (401, 200, 409, 200, 200, 401, 403), "owner"),
    Row("GET /api/keys", (401, 200, 200, 200, 200, 401, 403)),
    Row(
        "POST /api/keys",
        (401, 201, 201, 201, 201, 401, 403),
        body={"name": "script", "scopes": ["read"]},
    ),
    Row("DELETE /api/keys/{id}", (401, 404, 204, 404, 404, 401, 403), "key"),
    Row("GET /api/models", OPEN),
    Row("POST /api/models", (401, 403, 400, 400, 403, 401, 403), body="a form"),
    Row(
        "POST /api/uploads",
        (401, 403, 201, 201, 403, 401, 403),
        body={"content_types": ["image/png"]},
    ),
    Row("GET /api/models/mine", (401, 403, 200, 200, 403, 401, 200)),
    Row("GET /api/models/{id}", OPEN, "style"),
    Row("GET /api/models/{id} (failed)", (404, 404, 200, 404, 404, 404, 200), "failed_style"),
    Row("PATCH /api/models/{id}", (401, 403, 200, 403, 403, 401, 403), "style", body={"price": 20}),
    Row(
        "PATCH /api/models/{id} (failed)",
        (401, 404, 200, 404, 404, 401, 403),
        "failed_style",
        body={"price": 20},
    ),
    Row("DELETE /api/models/{id}", (401, 403, 204, 403, 403, 401, 403), "style"),
    Row("DELETE /api/models/{id} (failed)", (401, 404, 204, 404, 404, 401, 403), "failed_style"),
    # Nobody but its artist knows of a draft.
    Row("GET /api/models/{id} (draft)", (404, 404, 200, 404, 404, 404, 200), "draft"),
    Row(
        "PATCH /api/models/{id} (draft)",
        (401, 404, 200, 404, 404, 401, 403),
        "draft",
        body={"price": 20},
    ),
    Row("DELETE /api/models/{id} (draft)", (401, 404, 204, 404, 404, 401, 403), "draft"),
    Row("POST /api/models/{id}/offer", (401, 403, 200, 403, 403, 401, 403), "style"),
    Row("POST /api/models/{id}/offer (draft)", (401, 404, 200, 404, 404, 401, 403), "draft"),
    Row("POST /api/models/{id}/retrain (draft)", (401, 404, 200, 404, 404, 401, 403), "draft"),
    Row("POST /api/images/generate (draft)", (401, 404, 422, 404, 404, 401, 403), body="a draft"),
    Row("POST /api/quotes (draft)", (401, 400, 400, 400, 400, 401, 400), body="a quote of a draft"),
    Row("POST /api/models/{id}/retrain", (401, 404, 200, 404, 404, 401, 403), "failed_style"),
    Row(
        "PUT /api/models/{id}/works",
        (401, 404, 400, 404, 404, 401, 403),
        "failed_style",
        body="a form",
    ),
    Row("PATCH /api/models/{id}/status", WORKER_ONLY, "style"),
    Row("GET /api/tags", OPEN),
    Row("GET /api/tags/{id}", OPEN, "tag"),
    Row("GET /api/tokens/balance", SIGNED_IN),
    Row(
        "POST /api/tokens/purchase",
        (401, 201, 201, 201, 201, 401, 403),
        body={"amount": 100, "payment_method": "card"},
    ),
    Row("GET /api/tokens/packs", OPEN),
    Row("GET /api/tokens/purchases", SIGNED_IN),
    Row("GET /api/tokens/purchases/{id}", (401, 404, 200, 404, 404, 401, 200), "purchase"),
    # With the test gateway no money was taken that could be given back.
    Row("POST /api/tokens/purchases/{id}/refund", (401, 404, 409, 404, 404, 401, 403), "purchase"),
    # Where no Stripe is used, there is no such address.
    Row("POST /api/payments/stripe/webhook", (404,) * 7),
    Row("GET /api/tokens/transactions", SIGNED_IN),
    # Nobody has earned anything, or has an account at a bank, here.
    Row("GET /api/payouts", (401, 403, 200, 200, 403, 401, 200)),
    Row("POST /api/payouts", (401, 403, 409, 409, 403, 401, 403)),
    Row("GET /api/payouts/{id}", (401, 403, 200, 404, 403, 401, 200), "payout"),
    Row("GET /api/payouts/account", (401, 403, 200, 200, 403, 401, 200)),
    Row("POST /api/payouts/account", (401, 403, 200, 200, 403, 401, 403)),
    Row(
        "PATCH /api/payouts/account",
        (401, 403, 200, 200, 403, 401, 403),
        body={"pays_monthly": True},
    ),
    Row("GET /api/statements/{month}", (401, 403, 200, 200, 403, 401, 200), "month"),
    Row("GET /api/statements/{month}.csv", (401, 403, 200, 200, 403, 401, 200), "month"),
    Row("POST /api/images/generate", (401, 202, 202, 202, 202, 401, 403), body="an order"),
    Row("POST /api/quotes", (401, 200, 200, 200, 200, 401, 200), body="a quote"),
    Row("GET /api/orders", SIGNED_IN),
    Row("POST /api/orders", (401, 202, 202, 202, 202, 401, 403), body="a quote"),
    Row("GET /api/orders/{id}", (401, 404, 200, 404, 404, 401, 200), "order"),
    Row("POST /api/orders/{id}/cancel", (401, 404, 200, 404, 404, 401, 403), "order"),
    Row("GET /api/images/mine", SIGNED_IN),
    Row("GET /api/images/{id}", OPEN, "public_picture"),
    Row("GET /api/images/{id} (private)", (404, 404, 200, 404, 404, 404, 200), "private_picture"),
    Row(
        "PATCH /api/images/{id}",
        (401, 403, 200, 403, 403, 401, 403),
        "public_picture",
        body={"description": "New."},
    ),
    Row(
        "PATCH /api/images/{id} (private)",
        (401, 404, 200, 404, 404, 401, 403),
        "private_picture",
        body={"description": "New."},
    ),
    Row("DELETE /api/images/{id}", (401, 403, 204, 403, 403, 401, 403), "public_picture"),
    Row(
        "DELETE /api/images/{id} (private)", (401, 404, 204, 404, 404, 401, 403), "private_picture"
    ),
    Row("GET /api/images/deleted", SIGNED_IN),
    Row("POST /api/images/{id}/restore", (401, 403, 200, 403, 403, 401, 403), "public_picture"),
    Row(
        "POST /api/images/{id}/restore (private)",
        (401, 404, 200, 404, 404, 401, 403),
        "private_picture",
    ),
    Row("GET /api/collections", SIGNED_IN),
    Row("POST /api/collections", (401, 201, 201, 201, 201, 401, 403), body={"name": "Posters"}),
    Row("GET /api/collections/{id}", (401, 404, 200, 404, 404, 401, 200), "collection"),
    Row(
        "PATCH /api/collections/{id}",
        (401, 404, 200, 404, 404, 401, 403),
        "collection",
        body={"name": "Cards"},
    ),
    Row("DELETE /api/collections/{id}", (401, 404, 204, 404, 404, 401, 403), "collection"),
    Row(
        "POST /api/collections/{id}/images",
        (401, 404, 400, 404, 404, 401, 403),
        "collection",
        # There is no such picture.
        body={"image_ids": [2**62]},
    ),
    # No list of pictures is sent.
    Row("DELETE /api/collections/{id}/images", (401, 400, 400, 400, 400, 401, 403), "collection"),
    Row("POST /api/images/{id}/cancel", (401, 404, 200, 404, 404, 401, 403), "queued_picture"),
    Row("GET /api/images/{id}/status", OPEN, "public_picture"),
    Row(
        "GET /api/images/{id}/status (private)",
        (404, 404, 200, 404, 404, 404, 200),
        "queued_picture",
    ),
    Row("PATCH /api/images/{id}/status", WORKER_ONLY, "queued_picture"),
    Row("POST /api/internal/signatures", WORKER_ONLY),
    Row("POST /api/internal/workers", WORKER_ONLY),
    Row("POST /api/images/{id}/like", (401, 200, 200, 200, 200, 401, 403), "public_picture"),
    Row("PUT /api/images/{id}/like", (401, 200, 200, 200, 200, 401, 403), "public_picture"),
    Row("DELETE /api/images/{id}/like", (401, 200, 200, 200, 200, 401, 403), "public_picture"),
    Row(
        "POST /api/images/{id}/like (private)",
        (401, 404, 404, 404, 404, 401, 403),
        "private_picture",
    ),
    Row("GET /api/images/{id}/comments", OPEN, "public_picture"),
    Row("GET /api/images/{id}/comments (private)", (404,) * 7, "private_picture"),
    Row(
        "POST /api/images/{id}/comments",
        (401, 201, 201, 201, 201, 401, 403),
        "public_picture",
        body={"content": "Lovely."},
    ),
    Row(
        "POST /api/images/{id}/comments (private)",
        (401, 404, 404, 404, 404, 401, 403),
        "private_picture",
        body={"content": "Lovely."},
    ),
    # Staff need the right to moderate: see DESK.
    Row("DELETE /api/comments/{id}", (401, 403, 204, 403, 403, 401, 403), "comment"),
    Row("GET /api/community/feed", OPEN),
    Row(
        "POST /api/reports",
        (201, 201, 400, 201, 201, 201, 403),
        body="a report",
    ),
    Row("GET /api/reports/{token}", OPEN, "report"),
    Row("GET /api/moderation/statements", SIGNED_IN),
    Row("GET /api/moderation/statements/{id}", (401, 404, 200, 404, 404, 401, 200), "statement"),
    Row(
        "POST /api/moderation/statements/{id}/appeal",
        (401, 404, 201, 404, 404, 401, 403),
        "statement",
        body={"words": "It was not I."},
    ),
    *(
        Row(operation, (401, 403, 403, 403, 403, 401, 403), thing, body=body)
        for operation, thing, body in DESK
    ),
    Row("GET /api/licences", SIGNED_IN),
    Row("GET /api/licences/{number}", OPEN, "number"),
    # Of a day that has not ended.
    Row("GET /api/licences/{number}/proof", (404,) * 7, "number"),
    Row("GET /api/books", OPEN),
    Row("GET /api/books/days", OPEN),
    # Neither a file nor a number is sent.
    Row("POST /api/verify", (400, 400, 400, 400, 400, 400, 400)),
    Row(
        "PATCH /api/licences/{number}",
        (401, 403, 200, 403, 403, 401, 403),
        "number",
        body={"buyer_is_named": True},
    ),
    Row("GET /api/terms", OPEN),
    Row("GET /api/notifications", SIGNED_IN),
    Row("POST /api/notifications", WORKER_ONLY),
    Row("POST /api/notifications/mark-all-read", (401, 200, 200, 200, 200, 401, 403)),
    Row("PATCH /api/notifications/{id}/read", (401, 404, 200, 404, 404, 401, 403), "notification"),
    Row("GET /api/webhooks", SIGNED_IN),
    Row("POST /api/webhooks", (401, 201, 201, 201, 201, 401, 403), body={"url": HOOK}),
    Row("GET /api/webhooks/{id}", (401, 404, 200, 404, 404, 401, 200), "webhook"),
    Row("PATCH /api/webhooks/{id}", (401, 404, 200, 404, 404, 401, 403), "webhook"),
    Row("DELETE /api/webhooks/{id}", (401, 404, 204, 404, 404, 401, 403), "webhook"),
    Row("GET /api/webhooks/{id}/secret", (401, 404, 200, 404, 404, 401, 403), "webhook"),
    Row("POST /api/webhooks/{id}/rotate", (401, 404, 200, 404, 404, 401, 403), "webhook"),
    Row("POST /api/webhooks/{id}/test", (401, 404, 202, 404, 404, 401, 403), "webhook"),
    Row("GET /api/webhooks/{id}/deliveries", (401, 404, 200, 404, 404, 401, 200), "webhook"),
    Row(
        "POST /api/webhooks/{id}/send-again",
        (401, 404, 200, 404, 404, 401, 403),
        "webhook",
        body={"since": "2026-01-01T00:00:00Z"},
    ),
    Row(
        "POST /api/webhooks/deliveries/{id}/send-again",
        (401, 404, 202, 404, 404, 401, 403),
        "delivery",
    ),
]
