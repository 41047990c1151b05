from typing import Any

from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from app.authentication import require_internal_token
from app.exceptions import NotFound
from app.models import Generation
from app.models.generation import GenerationQuerySet
from app.serializers.generation import (
    GenerateSerializer,
    GenerationAcceptedSerializer,
    GenerationStatusSerializer,
    OwnPicturesQuerySerializer,
    PictureDetailSerializer,
    PictureUpdateSerializer,
)
from app.services import generation_service
from app.views import webhooks
from app.views.base import BaseViewSet, parse_query


class ImageViewSet(BaseViewSet):
    """Pictures: ordered, watched, shown."""

    output = {
        "list": PictureDetailSerializer,
        "generate": GenerationAcceptedSerializer,
        "status": GenerationStatusSerializer,
    }
    input = {"generate": GenerateSerializer, "update": PictureUpdateSerializer}
    action_permissions = {
        "generate": (IsAuthenticated,),
        "mine": (IsAuthenticated,),
        "update": (IsAuthenticated,),
        "cancel": (IsAuthenticated,),
    }

    def get_authenticators(self) -> list[Any]:
        # Reports come from workers: a cookie gives no right to send one.
        if self.request is not None and self.action_map.get("patch") == "report":
            return [] if self.request.method == "PATCH" else super().get_authenticators()
        return super().get_authenticators()

    @property
    def throttle_scope(self) -> str | None:
        return "generate" if self.action == "generate" else None

    def get_throttles(self) -> list[Any]:
        return [] if self.action == "report" else super().get_throttles()

    def get_queryset(self) -> GenerationQuerySet:
        return Generation.objects.visible_to(self.request.user)

    def generate(self, request: Request) -> Response:
        order = self.parse()
        return self.run_once(
            prepare=lambda: None,
            act=lambda _: generation_service.request_generation(user=self.user, **order),
            status=202,
        )

    def mine(self, request: Request) -> Response:
        wanted = parse_query(request, OwnPicturesQuerySerializer)
        return self.page_of(Generation.objects.of(self.user, **wanted))

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.show(self._detail(kwargs["pk"]))

    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        generation_service.update_generation(
            user=self.user, generation_id=kwargs["pk"], **self.parse()
        )
        return self.show(self._detail(kwargs["pk"]))

    def cancel(self, request: Request, pk: int) -> Response:
        generation_service.cancel(user=self.user, generation_id=pk)
        return self.show(self._detail(pk))

    def status(self, request: Request, pk: int) -> Response:
        generation = self.get_queryset().with_queue_position().filter(pk=pk).first()
        if generation is None:
            raise NotFound("There is no such picture.")
        return self.show(generation)

    @require_internal_token
    def report(self, request: Request, pk: int) -> Response:
        return webhooks.record_generation_report(request, pk)

    def _detail(self, generation_id: int) -> Generation:
        return Generation.objects.detail(self.request.user, generation_id)
