from functools import cached_property, partial
from typing import Any, cast

import orjson
from rest_framework.request import Request

from app.http.bodies import Answer, FormParser, MultiPartParser, to_json
from app.models.notification import TargetType
from app.models.reads.compiled import Read, Values
from app.models.reads.session import SESSION_WITH_NEWS
from app.models.reads.style import STYLE, STYLE_CREATED, StyleDetail, style
from app.models.reads.styles import (
    StylesShape,
    Wanted,
    lists_of_styles,
    own_styles,
    styles_found,
    wanted,
)
from app.models.style import StyleQuerySet
from app.permissions import IsArtist, IsOwnerOrReadOnly
from app.serializers.style import (
    OwnStyleSerializer,
    RetrainSerializer,
    StyleCreatedSerializer,
    StyleCreateSerializer,
    StyleDetailSerializer,
    StyleListSerializer,
    StyleQuerySerializer,
    StyleUpdateSerializer,
    TrainingReportedSerializer,
    WorksSerializer,
)
from app.services import style_service, training_service
from app.services.pricing import quote
from app.utils import caches
from app.utils.error_bodies import IDEMPOTENCY_CODES
from app.views.base import BaseViewSet
from app.views.webhooks import REPORT_CODES, TRAINING_REPORT, TrainingWebhook

UPLOAD_CODES = (
    *("INSUFFICIENT_IMAGES", "TOO_MANY_IMAGES", "INVALID_IMAGE_FORMAT"),
    *("IMAGE_TOO_LARGE", "IMAGE_TOO_SMALL", "IMAGE_TOO_NARROW", "DUPLICATE_IMAGE"),
)


class StyleModelViewSet(TrainingWebhook, BaseViewSet):
    """Styles: found by everybody, made and changed by their artists."""

    output = {
        "list": StyleListSerializer,
        "mine": OwnStyleSerializer,
        "retrieve": StyleDetailSerializer,
        "create": StyleCreatedSerializer,
        "update": StyleDetailSerializer,
        "offer": StyleDetailSerializer,
        "retrain": StyleDetailSerializer,
        "replace_works": StyleCreatedSerializer,
        "report": TrainingReportedSerializer,
    }
    input = {
        "create": StyleCreateSerializer,
        "update": StyleUpdateSerializer,
        "retrain": RetrainSerializer,
        "replace_works": WorksSerializer,
        "report": TRAINING_REPORT,
    }
    query = {"list": StyleQuerySerializer}
    shared = ("list", "retrieve")
    session_query = {"retrieve": SESSION_WITH_NEWS[TargetType.STYLE]}
    schema_tag = "models"
    paged = ("list", "mine")
    success = {"create": 201, "destroy": 204}
    errors = {
        "create": (
            *("ARTIST_ONLY", "DECLARATION_REQUIRED", "DUPLICATE_STYLE_NAME", *UPLOAD_CODES),
            "WORDS_REFUSED",
            *IDEMPOTENCY_CODES,
        ),
        "mine": ("ARTIST_ONLY",),
        "update": ("DUPLICATE_STYLE_NAME", "INVALID_TRANSITION"),
        "destroy": ("INVALID_TRANSITION",),
        "offer": ("DUPLICATE_STYLE_NAME", "INVALID_TRANSITION"),
        "retrain": ("INVALID_TRANSITION",),
        "replace_works": (
            *("DECLARATION_REQUIRED", "INVALID_TRANSITION", *UPLOAD_CODES),
            *IDEMPOTENCY_CODES,
        ),
        "report": REPORT_CODES,
    }
    permission_classes = (IsOwnerOrReadOnly,)
    action_permissions = {"create": (IsArtist,), "mine": (IsArtist,), "report": ()}
    # Where workers report: a cookie gives no right to do so.
    internal = ("report",)

    def get_parsers(self) -> list[Any]:
        method = self.request.method if self.request is not None else None
        if method == "PUT" or (method == "POST" and not self.kwargs):
            return [MultiPartParser(), FormParser()]
        return super().get_parsers()

    @cached_property
    def wanted(self) -> Wanted:
        """What the request looks for."""
        return wanted(self.request.user, **self.parse_query())

    def get_queryset(self) -> StyleQuerySet:
        """What is looked for among the styles that the viewer may see; ``?tags=a,b`` wants both.

        Lists run it compiled: see ``LISTS``.
        """
        return styles_found(*self.wanted)

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Find styles. Artists also find their own that are not ready yet."""
        if not self._is_everybodys_list():
            return Answer(self._found())
        body = caches.remembered(
            caches.POPULAR_STYLES,
            request.build_absolute_uri(),
            lambda: to_json(self._found()),
            seconds=caches.with_links(caches.POPULAR_STYLES_SECONDS),
        )
        return Answer(orjson.Fragment(body))

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """A style with its works, tags and prices. Notifications about it are read then."""
        found = self._style(kwargs["pk"])
        self.mark_seen(TargetType.STYLE, found.id)
        return self.show(found)

    def mine(self, request: Request) -> Answer:
        """My styles in every state, with what each has earned."""
        return self.page_of(own_styles(self.user.pk))

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Upload 10–100 works; they are checked, and a worker learns the style. By uploading them I
        repeat the declaration that I have accepted (`GET /api/users/me/declaration`). Pictures in
        the style are licensed under its `terms` (`GET /api/terms`). With `offer=by_hand` it is a
        draft until I offer it.

        Works that were uploaded by links (`image_keys`) are looked into after the answer. When one
        of them is bad the style's `training_status` becomes `failed`, its `failure_reason` names
        each bad work, counted from 0, and its artist is notified.
        """
        upload = partial(style_service.prepare_upload, user=self.user, **self.parse())
        return self.run_once(
            prepare=upload,
            act=lambda ready: style_service.create_style(ready).pk,
            find=lambda pk: self._style(pk, STYLE_CREATED),
            discard=lambda prepared: prepared.discard(),
            status=201,
        )

    def change(self, given: dict[str, Any]) -> StyleDetail:
        """Change name, cover (a work or a sample), description, price, terms or tags; withdraw the
        style or bring it back.

        Pictures that are made keep the name of the style that is written into their files. A new
        price and new terms are for pictures that are ordered from now on.
        """
        style_id = self.kwargs["pk"]
        style_service.update_style(
            user=self.user, style_id=style_id, may_change=self.may_change, **given
        )
        return self._style(style_id)

    def remove(self, pk: Any) -> None:
        """Withdraw my style. What was made with it stays. A draft is deleted, with its works."""
        style_service.delete_style(user=self.user, style_id=pk, may_change=self.may_change)

    def offer(self, request: Request, pk: int) -> Answer:
        """Offer my draft, or a style that I have withdrawn: everybody finds it and can order from
        it. It has to be trained. What is offered already stays so."""
        style_service.offer_style(user=self.user, style_id=pk, may_change=self.may_change)
        return self.show(self._style(pk))

    def retrain(self, request: Request, pk: int) -> Answer:
        """Train again: after a failure, or a draft. The engine stays unless another is named."""
        trained = training_service.retrain(
            user=self.user, style_id=pk, may_change=self.may_change, **self.parse()
        )
        return self.show(self._style(trained.pk))

    def replace_works(self, request: Request, pk: int) -> Answer:
        """Upload other works for a style whose training failed, and train it on them.

        They take the place of its works, and the first of them becomes its cover. Name,
        description, price, tags and id stay. `image_keys` are looked into after the answer, as
        those of a new style are.
        """
        mine: Any = {"user": self.user, "style_id": pk, "may_change": self.may_change}
        return self.run_once(
            prepare=partial(style_service.prepare_works, **mine, **self.parse()),
            act=lambda works: style_service.replace_works(**mine, works=works).pk,
            find=lambda pk: self._style(pk, STYLE_CREATED),
            discard=lambda prepared: prepared.discard(),
            status=200,
        )

    def _found(self) -> dict[str, Any]:
        """A page of what is looked for."""
        shape, values = self.wanted
        found: Any = LISTS[shape.sort].listing(shape, values, keep=not shape.q)
        rows, paginator = self.paginate_queryset(found), cast(Any, self.paginator)
        page: dict[str, Any] = paginator.page_with(self._render(rows, many=True))
        return page

    def _is_everybodys_list(self) -> bool:
        """Whether this is the first page of popular styles, as all but artists see it.

        Those find their own among them: what became of an upload is to be seen at once.
        """
        given = self.request.query_params
        shape, _ = self.wanted
        return (
            not shape.is_artist
            and given.get("sort") == "popular"
            # Whatever else could be put there would be kept as well, without end.
            and set(given) <= {"sort", "limit"}
        )

    def _style(self, style_id: int, read: Read[StyleDetail] = STYLE) -> StyleDetail:
        found = style(self.request.user, style_id, prices_of=quote, read=read)
        if not found.is_ready and found.artist.id == self.request.user.pk:
            known = style_service.uploaded_before(self.user, style_id)
            said = [f"Image {at} is also a work of your style “{name}”." for at, name in known]
            self.warnings = [*self.warnings, *said]
        return found


def _find(shape: StylesShape, values: Values) -> StyleQuerySet:
    return StyleModelViewSet(wanted=(shape, values)).get_queryset()


# The view's own query set, compiled to SQL once for each shape of what is looked for.
LISTS = lists_of_styles(_find)
