from typing import Any

from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request

from app.http.bodies import Answer
from app.http.throttling import check
from app.models import Generation
from app.models.notification import TargetType
from app.models.reads.picture import DeletedPicture, PictureDetail, own_pictures, picture
from app.models.reads.session import SESSION_WITH_NEWS, SESSION_WITH_STATUS, status_in
from app.models.reads.status import status
from app.permissions import IsOwnerOrReadOnly
from app.serializers.generation import (
    DeletedPictureSerializer,
    GenerateSerializer,
    GenerationAcceptedSerializer,
    GenerationReportedSerializer,
    GenerationStatusSerializer,
    OwnPicturesQuerySerializer,
    PictureDetailSerializer,
    PictureUpdateSerializer,
)
from app.services import (
    collection_service,
    deletion_service,
    generation_service,
    rate_limit_service,
)
from app.utils.error_bodies import IDEMPOTENCY_CODES
from app.views.base import BaseViewSet
from app.views.webhooks import GENERATION_REPORT, REPORT_CODES, GenerationWebhook


class ImageViewSet(GenerationWebhook, BaseViewSet):
    """Pictures: ordered, watched, shown."""

    output = {
        "list": PictureDetailSerializer,
        "deleted": DeletedPictureSerializer,
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
    paged = ("mine", "deleted")
    polled = ("status",)
    success = {"generate": 202, "destroy": 204}
    errors = {
        "generate": (
            *("INSUFFICIENT_TOKENS", "PRICE_CHANGED", "TERMS_CHANGED", "STYLE_NOT_READY"),
            *("NOT_FOUND", "PAYMENT_DISPUTED", "WORDS_REFUSED", "STYLE_ON_HOLD"),
            "QUOTA_EXCEEDED",
            *IDEMPOTENCY_CODES,
        ),
        "update": ("INVALID_TRANSITION",),
        "cancel": ("INVALID_TRANSITION",),
        "destroy": ("INVALID_TRANSITION",),
        "mine": ("NOT_FOUND",),
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
        "deleted": (IsAuthenticated,),
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
        """The pictures I ordered, in every state, without those I deleted."""
        wanted = self.parse_query()
        if "collection" in wanted:
            collection_service.find(self.user, wanted["collection"])
        return self.page_of(own_pictures(self.user.pk, **wanted))

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

    def remove(self, pk: Any) -> None:
        """Delete my picture, once it has ended. Nobody sees it any more; for seven days it can be
        put back, then its files go. Its licence stays valid, and no tokens are given back."""
        deletion_service.delete(user=self.user, generation_id=pk, may_change=self.may_change)

    def restore(self, request: Request, pk: int) -> Answer:
        """Put back a picture that I deleted less than seven days ago. It is private then."""
        deletion_service.restore(user=self.user, generation_id=pk, may_change=self.may_change)
        return self.show(picture(self.user.pk, pk))

    def deleted(self, request: Request) -> Answer:
        """The pictures that I deleted and can still put back, the latest first."""
        found = self.paginate_queryset(deletion_service.restorable(self.user)) or []
        rows = [DeletedPicture.of(picture) for picture in found]
        answer: Answer = self.get_paginated_response(self._render(rows, many=True))  # type: ignore[assignment]
        return answer

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
