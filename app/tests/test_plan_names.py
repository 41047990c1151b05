"""The plan's names carry the work: where one of them breaks, the requests it is for break."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache
from django.http import QueryDict
from rest_framework.mixins import CreateModelMixin, DestroyModelMixin, UpdateModelMixin
from rest_framework.viewsets import GenericViewSet, ModelViewSet, ReadOnlyModelViewSet

from app.http.pagination import CustomCursorPagination, NotificationPagination
from app.models import Notification
from app.models.token import TransactionQuerySet
from app.permissions import IsArtist
from app.serializers.base import BaseSerializer
from app.serializers.generation import (
    GenerateSerializer,
    GenerationAcceptedSerializer,
    GenerationStatusSerializer,
    PictureDetailSerializer,
    PictureSerializer,
)
from app.serializers.notification import NotificationSerializer
from app.serializers.style import (
    StyleCreatedSerializer,
    StyleCreateSerializer,
    StyleDetailSerializer,
    StyleListSerializer,
)
from app.serializers.tag import TagSerializer
from app.serializers.token import (
    TokenBalanceSerializer,
    TokenPurchaseSerializer,
    TokenTransactionSerializer,
)
from app.tests.api import Answer, Api
from app.tests.factories import (
    ArtistFactory,
    GenerationFactory,
    PublicPictureFactory,
    StyleFactory,
)
from app.tests.ordering import order_of, report, report_training
from app.tests.uploads import style_form
from app.views.auth import AuthViewSet
from app.views.base import BaseViewSet
from app.views.health import HealthCheckView
from app.views.style import LISTS, StyleModelViewSet
from app.views.tag import TagViewSet
from app.views.token import TokenViewSet
from app.views.webhooks import GenerationWebhook, TrainingWebhook
from speed.queries import CompiledQuery

pytestmark = pytest.mark.django_db


class World:
    """An artist with a style, pictures and money, and a worker."""

    def __init__(self) -> None:
        self.me = ArtistFactory(user__tokens=500).user
        self.client = Api(self.me)
        self.worker = Api(authorization="Bearer development-internal-token")
        self.style = StyleFactory(artist=self.me.artist, tags=("sea", "ink"), works=1)
        self.picture = PublicPictureFactory(user=self.me, style=StyleFactory())
        self.queued = GenerationFactory(user=self.me, status="queued")
        self.note = Notification.objects.create(recipient=self.me, type="follow", message=".")
        self.training = StyleFactory(training_status="training")

    def get(self, path: str) -> Answer:
        return self.client.get(path)


Ask = Callable[[World], Answer]


@dataclass(frozen=True)
class Named:
    """A name of the plan, and a request that it is for."""

    owner: type
    attribute: str
    ask: Ask

    def __str__(self) -> str:
        return f"{self.owner.__name__}.{self.attribute}"


def get(path: str) -> Ask:
    return lambda world: world.get(path)


PURCHASE = {"amount": 100, "payment_method": "card"}
NAMED = [
    Named(HealthCheckView, "health", get("/api/health")),
    Named(AuthViewSet, "me", get("/api/auth/me")),
    # Styles
    Named(StyleModelViewSet, "get_queryset", get("/api/models?tags=sea,ink")),
    Named(StyleModelViewSet, "list", get("/api/models")),
    Named(StyleModelViewSet, "retrieve", lambda w: w.get(f"/api/models/{w.style.pk}")),
    Named(StyleModelViewSet, "create", lambda w: w.client.upload("/api/models", style_form())),
    Named(BaseViewSet, "destroy", lambda w: w.client.delete(f"/api/models/{w.style.pk}")),
    Named(StyleListSerializer, "shown", get("/api/models")),
    Named(StyleDetailSerializer, "shown", lambda w: w.get(f"/api/models/{w.style.pk}")),
    Named(
        StyleCreateSerializer,
        "validate",
        lambda w: w.client.upload("/api/models", style_form()),
    ),
    Named(
        StyleCreatedSerializer,
        "shown",
        lambda w: w.client.upload("/api/models", style_form()),
    ),
    Named(IsArtist, "has_permission", lambda w: w.client.upload("/api/models", style_form())),
    # Tokens
    Named(TokenViewSet, "balance", get("/api/tokens/balance")),
    Named(TokenViewSet, "transactions", get("/api/tokens/transactions")),
    Named(TokenViewSet, "purchase", lambda w: w.client.post("/api/tokens/purchase", PURCHASE)),
    Named(TokenBalanceSerializer, "plain", get("/api/tokens/balance")),
    Named(TokenTransactionSerializer, "get_direction", get("/api/tokens/transactions")),
    Named(TransactionQuerySet, "of", get("/api/tokens/transactions")),
    Named(
        TokenPurchaseSerializer,
        "validate_amount",
        lambda w: w.client.post("/api/tokens/purchase", PURCHASE),
    ),
    # Tags
    Named(TagViewSet, "get_queryset", get("/api/tags?search=sea")),
    Named(TagSerializer, "to_representation", get("/api/tags")),
    # Pictures
    Named(GenerateSerializer, "run_validation", lambda w: generate(w)),
    Named(GenerationAcceptedSerializer, "plain", lambda w: generate(w)),
    Named(PictureSerializer, "shown", get("/api/community/feed")),
    Named(PictureDetailSerializer, "shown", lambda w: w.get(f"/api/images/{w.picture.pk}")),
    Named(
        GenerationStatusSerializer,
        "shown",
        lambda w: w.get(f"/api/images/{w.queued.pk}/status"),
    ),
    # Reports
    Named(TrainingWebhook, "report", lambda w: report_training(w.worker, w.training, "training")),
    Named(GenerationWebhook, "report", lambda w: report(w.worker, w.queued, "processing")),
    # Notifications, pages, everything
    Named(NotificationSerializer, "shown", get("/api/notifications")),
    Named(NotificationPagination, "get_paginated_response", get("/api/notifications")),
    *(
        Named(CustomCursorPagination, "page_with", get(path))
        for path in (
            *("/api/models", "/api/models?sort=popular", "/api/models/mine"),
            *("/api/community/feed", "/api/images/mine", "/api/tokens/transactions"),
            *("/api/users/following", "/api/keys"),
        )
    ),
    Named(BaseSerializer, "to_representation", get("/api/auth/me")),
    Named(BaseViewSet, "with_related", lambda w: w.get(f"/api/images/{w.picture.pk}/comments")),
    Named(TokenViewSet, "with_related", get("/api/tokens/transactions")),
]


def generate(world: World) -> Answer:
    return world.client.post("/api/images/generate", order_of(world.picture.style))


@pytest.fixture
def world() -> World:
    return World()


def queries() -> list[CompiledQuery]:
    return [styles.read._query for styles in LISTS.values()]


@pytest.fixture
def _compiled_again() -> Any:
    """Statements are compiled once: what they were compiled from is asked again here."""
    kept = [(query, dict(query._statements)) for query in queries()]
    for query, _ in kept:
        query._statements.clear()
    yield
    for query, statements in kept:
        query._statements.clear()
        query._statements.update(statements)


@pytest.mark.usefixtures("_compiled_again")
@pytest.mark.parametrize("named", NAMED, ids=str)
def test_what_the_plan_names_does_the_work(world, named: Named, monkeypatch) -> None:
    assert named.ask(World()).status < 300

    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError

    cache.clear()
    for query in queries():
        query._statements.clear()
    is_static = isinstance(vars(named.owner).get(named.attribute), staticmethod)
    monkeypatch.setattr(named.owner, named.attribute, staticmethod(broken) if is_static else broken)
    assert named.ask(world).status == 500


def test_the_views_are_of_the_kinds_that_the_plan_names() -> None:
    assert issubclass(BaseViewSet, ModelViewSet)
    assert issubclass(StyleModelViewSet, BaseViewSet)
    writing = (CreateModelMixin, UpdateModelMixin, DestroyModelMixin)
    assert issubclass(TagViewSet, ReadOnlyModelViewSet)
    assert not issubclass(TagViewSet, writing)
    assert issubclass(TokenViewSet, GenericViewSet)
    assert not issubclass(TokenViewSet, (*writing, ReadOnlyModelViewSet))
    assert BaseViewSet.pagination_class is CustomCursorPagination
    assert CustomCursorPagination.page_size == 20
    assert CustomCursorPagination.ordering[0] == "-created_at"


def test_tags_are_all_wanted_in_the_views_own_query_set(world) -> None:
    StyleFactory(tags=("sea",))
    user, query = world.me, QueryDict("tags=sea,ink")
    view = StyleModelViewSet(action="list", request=SimpleNamespace(user=user, query_params=query))
    assert list(view.get_queryset()) == [world.style]
