"""The detector that stands around every request of these tests notices what it is there for."""

from __future__ import annotations

from types import ModuleType

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from zeal import NPlusOneError

from app.models import Style
from app.tests.factories import StyleFactory

pytestmark = pytest.mark.django_db


def one_question_each(request: HttpRequest) -> HttpResponse:
    return HttpResponse("\n".join(style.artist.artist_name for style in Style.objects.all()))


def one_question(request: HttpRequest) -> HttpResponse:
    styles = Style.objects.select_related("artist")
    return HttpResponse("\n".join(style.artist.artist_name for style in styles))


@pytest.fixture(autouse=True)
def addresses(settings) -> None:
    conf = ModuleType("planted")
    conf.urlpatterns = [path("each", one_question_each), path("once", one_question)]  # type: ignore[attr-defined]
    settings.ROOT_URLCONF = conf
    for name in ("One", "Two", "Three"):
        StyleFactory(name=name)


def test_a_question_for_each_row_is_noticed() -> None:
    with pytest.raises(NPlusOneError, match=r"Style\.artist"):
        Client().get("/each")


def test_one_question_for_all_rows_is_fine() -> None:
    assert Client().get("/once").status_code == 200
