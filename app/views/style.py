from functools import partial
from typing import Any

from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from app.authentication import require_internal_token
from app.models import AspectRatio, Style
from app.models.style import StyleQuerySet
from app.permissions import IsArtist
from app.serializers.style import (
    OwnStyleSerializer,
    StyleCreatedSerializer,
    StyleCreateSerializer,
    StyleDetailSerializer,
    StyleListSerializer,
    StyleQuerySerializer,
    StyleUpdateSerializer,
)
from app.services import style_service
from app.services.generation_service import cost_of
from app.views import webhooks
from app.views.base import BaseViewSet, parse_query


class TrainingReportView(APIView):
    """Where workers report about a training."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()

    @require_internal_token
    def patch(self, request: Request, pk: int) -> Response:
        return webhooks.record_training_report(request, pk)


class StyleModelViewSet(BaseViewSet):
    """Styles: found by everybody, made and changed by their artists."""

    output = {
        "list": StyleListSerializer,
        "mine": OwnStyleSerializer,
        "retrieve": StyleDetailSerializer,
        "create": StyleCreatedSerializer,
        "update": StyleDetailSerializer,
        "retrain": StyleDetailSerializer,
    }
    input = {"create": StyleCreateSerializer, "update": StyleUpdateSerializer}
    action_permissions = {
        "create": (IsArtist,),
        "mine": (IsArtist,),
        "update": (IsAuthenticated,),
        "destroy": (IsAuthenticated,),
        "retrain": (IsAuthenticated,),
    }

    def get_parsers(self) -> list[Any]:
        if self.request is not None and self.request.method == "POST" and not self.kwargs:
            return [MultiPartParser(), FormParser()]
        return super().get_parsers()

    def get_queryset(self) -> StyleQuerySet:
        return Style.objects.visible_to(self.request.user).with_artist().with_tags()

    def get_serializer_context(self) -> dict[str, Any]:
        costs = {ratio: partial(cost_of, aspect_ratio=ratio) for ratio in AspectRatio.values}
        return {**super().get_serializer_context(), "costs": costs}

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        wanted = parse_query(request, StyleQuerySerializer)
        return self.page_of(self.get_queryset().found_by(**wanted))

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.show(self._detail(kwargs["pk"]))

    def mine(self, request: Request) -> Response:
        styles = Style.objects.of(self.user).with_artist().with_tags().with_earnings()
        return self.page_of(styles)

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        upload = partial(style_service.prepare_upload, user=self.user, **self.parse())
        return self.run_once(
            prepare=upload,
            act=lambda prepared: self._detail(style_service.create_style(prepared).pk),
            discard=lambda prepared: prepared.discard(),
            status=201,
        )

    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        style = style_service.update_style(user=self.user, style_id=kwargs["pk"], **self.parse())
        return self.show(self._detail(style.pk))

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        style_service.delete_style(user=self.user, style_id=kwargs["pk"])
        return Response(status=204)

    def retrain(self, request: Request, pk: int) -> Response:
        style = style_service.retrain(user=self.user, style_id=pk)
        return self.show(self._detail(style.pk))

    def _detail(self, style_id: int) -> Style:
        return Style.objects.detail(self.request.user, style_id)
