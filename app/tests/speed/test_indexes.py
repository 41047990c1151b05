"""The indexes that the plan asks for, as the database has them."""

from __future__ import annotations

import pytest
from django.db import connection

pytestmark = pytest.mark.django_db

# StyleModel(created_at, training_status), GeneratedImage(user_id, created_at); and for a user's
# transactions the one who sent or got the tokens, since either may be the user.
WANTED = {
    "style_created_status": "app_style USING btree (created_at, training_status)",
    "generation_by_user": "app_generation USING btree (user_id, created_at DESC, id DESC)",
    "transaction_party": (
        "app_transaction USING btree (COALESCE(sender_id, receiver_id), created_at DESC, id DESC)"
    ),
}


def test_they_are_there_and_whole() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, pg_get_indexdef(oid) FROM pg_class JOIN pg_index ON indexrelid = oid"
            " WHERE relname = ANY(%s) AND indisvalid",
            [list(WANTED)],
        )
        found = {name: text.partition("ON public.")[2] for name, text in cursor.fetchall()}
    assert found == WANTED
