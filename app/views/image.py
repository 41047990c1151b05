from typing import Any

from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request

from app.http.bodies import Answer
from app.http.throttling import check
from app.models import Generation
from app.models.notification import TargetType
from app.models.reads.picture import PictureDetail, own_pictures, picture
from app.models.reads.session import SESSION_WITH_NEWS, SESSION_WITH_STATUS, status_in
from app.models.reads.status import status
from app.permissions import IsOwnerOrReadOnly
from app.serializers.generation import (
    GenerateSerializer,
    GenerationAcceptedSerializer,
    GenerationReportedSerializer,
    GenerationStatusSerializer,
    OwnPicturesQuerySerializer,
    PictureDetailSerializer,
    PictureUpdateSerializer,
)
from app.services import generation_service, rate_limit_service
from app.utils.error_bodies import IDEMPOTENCY_CODES
from app.views.base import BaseViewSet
from app.views.webhooks import GENERATION_REPORT, REPORT_CODES, GenerationWebhook


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
    polled = ("status",)
    success = {"generate": 202}
    errors = {
        "generate": (
            *("INSUFFICIENT_TOKENS", "PRICE_CHANGED", "TERMS_CHANGED", "STYLE_NOT_READY"),
            *("NOT_FOUND", "PAYMENT_DISPUTED"),
            *IDEMPOTENCY_CODES,
        ),
        "update": ("INVALID_TRANSITION",),
        "cancel": ("INVALID_TRANSITION",),
        "report": REPORT_CODES,
    }
    session_query = {
        "status": SESSION_WITH_STATUS,
        "retrieve": SESSION_WITH_NEWS[TargetType.IMAGE],
    }
    # Where workers report: a cookie gives no right to do so.
    internal = ("report",)
    permission_classes = (IsOwnerOrReadOnly,)
    action_permissions = {
        "generate": (IsAuthenticated,),
        "mine": (IsAuthenticated,),
        "report": (),
    }

    def generate(self, request: Request) -> Answer:
        """Order a picture: it is paid now and made by a worker; watch its status."""
        order, limited = self.parse(), ("generate", f"user-{self.user.pk}")
        return self.run_once(
            prepare=lambda: rate_limit_service.require(check(request._request, *limited)),
            act=lambda _: generation_service.request_generation(user=self.user, **order),
            facts=lambda placed: {"balance": placed.user.token_balance},
            find=Generation.objects.accepted,
            discard=lambda _: rate_limit_service.give_back(*limited),
            status=202,
        )

    def mine(self, request: Request) -> Answer:
        """The pictures I ordered, in every state."""
        return self.page_of(own_pictures(self.user.pk, **self.parse_query()))

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """A picture: a public one, or my own. Notifications about it are read then."""
        found = picture(request.user.pk, kwargs["pk"])
        self.mark_seen(TargetType.IMAGE, found.id)
        return self.show(found)

    def change(self, given: dict[str, Any]) -> PictureDetail:
        """Show my picture to everybody or hide it, and describe it."""
        picture_id = self.kwargs["pk"]
        generation_service.update_generation(
            user=self.user, generation_id=picture_id, may_change=self.may_change, **given
        )
        return picture(self.user.pk, picture_id)

    def cancel(self, request: Request, pk: int) -> Answer:
        """Cancel while it is queued; all of it is refunded."""
        generation_service.cancel(user=self.user, generation_id=pk, may_change=self.may_change)
        return self.show(picture(self.user.pk, pk))

    def status(self, request: Request, pk: int) -> Answer:
        """What has become of a picture. Made to be polled: as long as it is queued or being made,
        `Retry-After` says when to ask again."""
        own = status_in(self.session_of_user)
        found = own or status(request.user.pk, pk)
        answer = self.show(found)
        if (seconds := found.retry_after) is not None:
            answer.headers["Retry-After"] = str(seconds)
        return answer
