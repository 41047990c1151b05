from typing import Any

from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request

from app.exceptions import NotFound
from app.http.rendering import Answer
from app.models import Generation
from app.models.generation import GenerationQuerySet
from app.models.reads.hot import PICTURE, SESSION_WITH_STATUS, STATUS, status_beside
from app.permissions import IsOwnerOrReadOnly
from app.serializers.base import fields_asked_for, narrowed
from app.serializers.generation import (
    GenerateSerializer,
    GenerationAcceptedSerializer,
    GenerationReportedSerializer,
    GenerationStatusSerializer,
    OwnPicturesQuerySerializer,
    PictureDetailSerializer,
    PictureUpdateSerializer,
)
from app.services import generation_service
from app.utils.error_bodies import IDEMPOTENCY_CODES
from app.utils.links import linker
from app.views.base import BaseViewSet
from app.views.webhooks import GENERATION_REPORT, REPORT_CODES, GenerationWebhook
from speed.queries import CompiledQuery, Row


class ImageViewSet(GenerationWebhook, BaseViewSet):
    """Pictures: ordered, watched, shown."""

    output = {
        "list": PictureDetailSerializer,
        "generate": GenerationAcceptedSerializer,
        "status": GenerationStatusSerializer,
        "report": GenerationReportedSerializer,
    }
    input = {
        "generate": GenerateSerializer,
        "update": PictureUpdateSerializer,
        "report": GENERATION_REPORT,
    }
    query = {"mine": OwnPicturesQuerySerializer}
    schema_tag = "images"
    paged = ("mine",)
    success = {"generate": 202}
    errors = {
        "generate": (
            *("INSUFFICIENT_TOKENS", "STYLE_NOT_READY", "NOT_FOUND"),
            *IDEMPOTENCY_CODES,
        ),
        "update": ("INVALID_TRANSITION",),
        "cancel": ("INVALID_TRANSITION",),
        "report": REPORT_CODES,
    }
    session_query = {"status": SESSION_WITH_STATUS}
    # Where workers report: a cookie gives no right to do so.
    internal = ("report",)
    permission_classes = (IsOwnerOrReadOnly,)
    action_permissions = {
        "generate": (IsAuthenticated,),
        "mine": (IsAuthenticated,),
        "report": (),
    }

    @property
    def throttle_scope(self) -> str | None:
        return "generate" if self.action == "generate" else None

    def get_queryset(self) -> GenerationQuerySet:
        return Generation.objects.of(self.user, **self.parse_query())

    def generate(self, request: Request) -> Answer:
        """Order a picture: it is paid now and made by a worker; watch its status."""
        order = self.parse()
        return self.run_once(
            prepare=lambda: None,
            act=lambda _: generation_service.request_generation(user=self.user, **order),
            status=202,
        )

    def mine(self, request: Request) -> Answer:
        """The pictures I ordered, in every state."""
        return self.page_of(self.get_queryset())

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """A picture: a public one, or my own."""
        row = self._row(PICTURE, kwargs["pk"])
        picture = PictureDetailSerializer.detail_from_row(row, linker(), viewer_id=request.user.pk)
        return Answer(narrowed([picture], fields_asked_for(request))[0])

    def change(self, given: dict[str, Any]) -> Generation:
        """Show my picture to everybody or hide it, and describe it."""
        picture_id = self.kwargs["pk"]
        generation_service.update_generation(
            user=self.user, generation_id=picture_id, may_change=self.may_change, **given
        )
        return self._detail(picture_id)

    def cancel(self, request: Request, pk: int) -> Answer:
        """Cancel while it is queued; all of it is refunded."""
        generation_service.cancel(user=self.user, generation_id=pk, may_change=self.may_change)
        return self.show(self._detail(pk))

    def status(self, request: Request, pk: int) -> Answer:
        """What has become of a picture. Made to be polled."""
        session = self.session_of_user
        own = status_beside(session) if session else None
        return Answer(GenerationStatusSerializer.from_row(own or self._row(STATUS, pk), linker()))

    def _row(self, query: CompiledQuery, generation_id: int) -> Row:
        """What is read of one picture that the viewer may see. Raises NotFound."""
        viewer_id = self.request.user.pk
        viewer = {} if viewer_id is None else {"viewer_id": viewer_id}
        rows = query.rows(viewer_id is not None, {"generation_id": generation_id, **viewer})
        if not rows:
            raise NotFound("There is no such picture.")
        return rows[0]

    def _detail(self, generation_id: int) -> Generation:
        return Generation.objects.detail(self.request.user, generation_id)
