from functools import cached_property, partial
from typing import Any

import orjson
from rest_framework.request import Request

from app.exceptions import NotFound
from app.http.parsing import FormParser, MultiPartParser
from app.http.rendering import Answer, to_json
from app.models import AspectRatio, Style
from app.models.reads.hot import ARTWORKS, STYLE, StylesShape, lists_of_styles, styles_for
from app.models.style import StyleQuerySet
from app.permissions import IsArtist, IsOwnerOrReadOnly
from app.serializers.base import fields_asked_for, narrowed
from app.serializers.style import (
    OwnStyleSerializer,
    StyleCreatedSerializer,
    StyleCreateSerializer,
    StyleDetailSerializer,
    StyleListSerializer,
    StyleQuerySerializer,
    StyleUpdateSerializer,
    TrainingReportedSerializer,
)
from app.services import style_service, training_service
from app.services.pricing import cost_of, quote
from app.utils import caches
from app.utils.error_bodies import IDEMPOTENCY_CODES
from app.utils.links import linker
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
        "retrain": StyleDetailSerializer,
        "report": TrainingReportedSerializer,
    }
    input = {
        "create": StyleCreateSerializer,
        "update": StyleUpdateSerializer,
        "report": TRAINING_REPORT,
    }
    query = {"list": StyleQuerySerializer}
    related = {"mine": ("with_artist", "with_tags", "with_earnings")}
    shared = ("list", "retrieve")
    schema_tag = "models"
    paged = ("list", "mine")
    success = {"create": 201, "destroy": 204}
    errors = {
        "create": (*("ARTIST_ONLY", "DUPLICATE_STYLE_NAME", *UPLOAD_CODES, *IDEMPOTENCY_CODES),),
        "mine": ("ARTIST_ONLY",),
        "update": ("DUPLICATE_STYLE_NAME",),
        "retrain": ("INVALID_TRANSITION",),
        "report": REPORT_CODES,
    }
    permission_classes = (IsOwnerOrReadOnly,)
    action_permissions = {"create": (IsArtist,), "mine": (IsArtist,), "report": ()}
    # Where workers report: a cookie gives no right to do so.
    internal = ("report",)

    def get_parsers(self) -> list[Any]:
        if self.request is not None and self.request.method == "POST" and not self.kwargs:
            return [MultiPartParser(), FormParser()]
        return super().get_parsers()

    def get_serializer_context(self) -> dict[str, Any]:
        costs = {ratio: partial(cost_of, aspect_ratio=ratio) for ratio in AspectRatio.values}
        return {**super().get_serializer_context(), "costs": costs}

    @cached_property
    def wanted(self) -> tuple[StylesShape, dict[str, Any]]:
        """What the request looks for."""
        query = self.parse_query()
        is_artist, values = self._artist_viewer()
        values |= {f"tag_{number}": name for number, name in enumerate(query["tags"])}
        if query["artist_id"] is not None:
            values["artist_id"] = query["artist_id"]
        shape = StylesShape(
            is_artist,
            query["sort"],
            query["q"],
            query["training_status"],
            of_artist="artist_id" in values,
            tags=len(query["tags"]),
        )
        return shape, values

    def get_queryset(self) -> StyleQuerySet:
        """What is looked for among the styles that the viewer may see; ``?tags=a,b`` wants both.

        Lists run it compiled: see ``LISTS``.
        """
        shape, values = self.wanted
        return styles_for(shape.is_artist, values).found_by(
            q=shape.q,
            tags=[values[f"tag_{number}"] for number in range(shape.tags)],
            artist_id=values["artist_id"] if shape.of_artist else None,
            training_status=shape.training_status,
            sort=shape.sort,
        )

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
        """A style with its works, tags and prices."""
        is_artist, viewer = self._artist_viewer()
        values = {"style_id": kwargs["pk"]}
        rows = STYLE.rows(is_artist, values | viewer)
        if not rows:
            raise NotFound("There is no such style.")
        style = StyleDetailSerializer.from_rows(
            rows[0],
            ARTWORKS.rows("any", values),
            quote(rows[0][5]),
            linker(),
            viewer_id=request.user.pk,
        )
        return Answer(narrowed([style], fields_asked_for(request))[0])

    def mine(self, request: Request) -> Answer:
        """My styles in every state, with what each has earned."""
        return self.page_of(Style.objects.of(self.user))

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Upload 10–100 works; they are checked, and a worker learns the style.

        Works that were uploaded by links (`image_keys`) are looked into after the answer. When one
        of them is bad the style's `training_status` becomes `failed`, its `failure_reason` names
        each bad work, counted from 0, and its artist is notified.
        """
        upload = partial(style_service.prepare_upload, user=self.user, **self.parse())
        return self.run_once(
            prepare=upload,
            act=lambda prepared: self._detail(style_service.create_style(prepared).pk),
            discard=lambda prepared: prepared.discard(),
            status=201,
        )

    def change(self, given: dict[str, Any]) -> Style:
        """Change description, price or tags; withdraw the style or bring it back."""
        style_id = self.kwargs["pk"]
        style_service.update_style(
            user=self.user, style_id=style_id, may_change=self.may_change, **given
        )
        return self._detail(style_id)

    def remove(self, pk: Any) -> None:
        """Withdraw my style. What was made with it stays."""
        style_service.delete_style(user=self.user, style_id=pk, may_change=self.may_change)

    def retrain(self, request: Request, pk: int) -> Answer:
        """Train again after a failure."""
        style = training_service.retrain(user=self.user, style_id=pk, may_change=self.may_change)
        return self.show(self._detail(style.pk))

    def _found(self) -> dict[str, Any]:
        """A page of what is looked for."""
        shape, values = self.wanted
        paginator: Any = self.paginator
        rows = paginator.paginate_compiled(
            LISTS[shape.sort], self.request, shape=shape, values=values, keep=not shape.q
        )
        link = linker()
        styles = [StyleListSerializer.from_row(row, link) for row in rows]
        page: dict[str, Any] = paginator.page_with(narrowed(styles, fields_asked_for(self.request)))
        return page

    def _artist_viewer(self) -> tuple[bool, dict[str, Any]]:
        """Whether an artist asks, and then who: artists also see their own that is not offered."""
        user = self.request.user
        is_artist = user.is_authenticated and user.is_artist
        return is_artist, {"viewer_id": user.pk} if is_artist else {}

    def _is_everybodys_list(self) -> bool:
        """Whether this is the first page of popular styles, as all but artists see it.

        Those find their own among them: what became of an upload is to be seen at once.
        """
        given = self.request.query_params
        is_artist, _ = self._artist_viewer()
        return (
            not is_artist
            and given.get("sort") == "popular"
            # Whatever else could be put there would be kept as well, without end.
            and set(given) <= {"sort", "limit"}
        )

    def _detail(self, style_id: int) -> Style:
        return Style.objects.detail(self.request.user, style_id)


def _find(shape: StylesShape, values: dict[str, Any]) -> StyleQuerySet:
    return StyleModelViewSet(wanted=(shape, values)).get_queryset()


# The view's own query set, compiled to SQL once for each shape of what is looked for.
LISTS = lists_of_styles(_find)
