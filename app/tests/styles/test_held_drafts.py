"""Drafts whose works wait for our staff, when their artist uploads others under the name."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.exceptions import InvalidTransition
from app.models import CopyCheck, User
from app.services.draft_service import REPLACED
from app.services.uploads import check_service, copy_service
from app.tests.api import Api
from app.tests.styles.copying import painting, style_of
from app.tests.uploads import style_form

pytestmark = pytest.mark.django_db


def test_a_draft_whose_name_gets_other_works_waits_no_more(artist: User) -> None:
    a_draft = {"is_draft": True, "is_active": False, "training_status": "pending"}
    draft = style_of(painting(1), artist=artist.artist, name="Ｓea", **a_draft)
    others = style_of(painting(5), artist=artist.artist, training_status="pending")
    CopyCheck.objects.update(held_at=datetime.now(UTC), due_at=None)
    assert check_service.held()[0] == 2
    form = style_form(name="sea", is_draft="true")
    assert Api(artist).upload("/api/models", form).status == 201
    draft.refresh_from_db()
    assert (draft.training_status, draft.failure_reason) == ("failed", REPLACED)
    assert [check.style_id for check in CopyCheck.objects.held()] == [others.pk]
    with pytest.raises(InvalidTransition):
        copy_service.allow(draft, "You sent us the sketches.")
