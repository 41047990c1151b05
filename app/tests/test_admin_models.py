"""Staff can look at all that the plan has models of."""

from __future__ import annotations

import pytest
from django.test import Client

from app.tests.factories import PublicPictureFactory, StyleFactory

pytestmark = pytest.mark.django_db

PLANNED = (
    *("user", "artist", "style", "artwork", "generation", "transaction", "purchase"),
    *("tag", "styletag", "artworktag", "generationtag", "follow", "like", "comment"),
    "notification",
)


@pytest.mark.parametrize("model", PLANNED)
def test_every_model_is_in_the_admin(admin_client: Client, model: str) -> None:
    PublicPictureFactory(style=StyleFactory(tags=("sea",), works=1))
    assert admin_client.get(f"/admin/app/{model}/").status_code == 200
