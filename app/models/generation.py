"""A generation: what a buyer orders and people call a picture; who may see it (``visible_to``).

Its status changes as ``ALLOWED_MOVES`` in ``app.services.generation_service`` allows.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce, NullIf

from app.exceptions import NotFound
from app.models.formats import FormatField
from app.models.job import Job
from app.models.order import Order
from app.models.rating import Rating
from app.models.style import Style
from app.models.terms import Terms
from app.models.user import HiddenPerson, User
from app.utils import prompt_text
from protocol.engines import DEFAULT_ENGINE, DRAW_KNOWN_WORDS
from words import understand

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

MAX_SEED = 2**32 - 1


def unknown_words(engine: str, prompt: Sequence[str]) -> tuple[str, ...]:
    """The words of ``prompt``, tags, that nobody will see; none if ``engine`` draws any words."""
    return understand(prompt).unknown_words if engine in DRAW_KNOWN_WORDS else ()


def prompt_shown(text: str | None, tags: Sequence[str]) -> str:
    """A prompt as people and engines read it: ``text`` if it was ordered with one, else its
    tags."""
    return text or ", ".join(tags)


def prompt_in_full() -> models.Func:
    """The same in the database."""
    tags = models.Func(
        *(models.F("prompt_tags"), models.Value(", ")),
        function="array_to_string",
        output_field=models.TextField(),
    )
    text = NullIf("prompt", models.Value(""))
    return Coalesce(text, tags, output_field=models.TextField())


class GenerationStatus(models.TextChoices):
    QUEUED = "queued", "Queued"
    PROCESSING = "processing", "Being made"
    COMPLETED = "completed", "Completed"
    FAILED = "failed", "Failed"
    CANCELED = "canceled", "Canceled"


# A worker has it, or will have it.
UNDER_WAY = (GenerationStatus.QUEUED, GenerationStatus.PROCESSING)


class Visibility(models.TextChoices):
    PUBLIC = "public", "Public"
    PRIVATE = "private", "Private"


class Priority(models.TextChoices):
    """``high`` costs more, and goes earlier: see ``app.delivery.turns``."""

    NORMAL = "normal", "Normal"
    HIGH = "high", "High"


class GenerationQuerySet(models.QuerySet["Generation"]):
    def public(self) -> GenerationQuerySet:
        return self.filter(visibility=Visibility.PUBLIC, status=GenerationStatus.COMPLETED)

    def under_way(self) -> GenerationQuerySet:
        return self.filter(status__in=UNDER_WAY)

    def ended(self) -> GenerationQuerySet:
        return self.exclude(status__in=UNDER_WAY)

    def waiting(self) -> GenerationQuerySet:
        """Those that no worker is told of yet: their buyer has enough pictures in work."""
        return self.filter(is_held=True, status=GenerationStatus.QUEUED)

    def at_work(self) -> dict[str, int]:
        """How many workers are making a picture, by engine."""
        leased = self.filter(status=GenerationStatus.PROCESSING, lease_expires_at__isnull=False)
        engines = leased.order_by().values_list("style__engine")
        return dict(engines.annotate(count=models.Count("pk")))

    def visible_to(self, viewer: User | AnonymousUser) -> GenerationQuerySet:
        """Who may see a picture: its buyer in any state; a public one everybody, but where one of
        them blocks the other. Blocks hide nothing from our staff."""
        # What is public is not deleted: ``generation_deleted_is_private``.
        public = Q(visibility=Visibility.PUBLIC, status=GenerationStatus.COMPLETED)
        if viewer.is_authenticated:
            # A reference to an outer query is one query farther in there.
            viewer_id = viewer.pk
            seen_from = models.OuterRef(viewer_id) if isinstance(viewer_id, models.F) else viewer_id
            apart = HiddenPerson.objects.of_others().kept_apart_from(seen_from)
            public &= ~Q(user_id__in=apart)
            return self.filter(public | Q(user_id=viewer_id, deleted_at=None))
        return self.filter(public)

    def shown_to(self, viewer: User | AnonymousUser) -> GenerationQuerySet:
        """Without what is mature, unless ``viewer`` wants to see that. The database asks once for a
        statement whether they do."""
        everybodys = Q(rating=Rating.GENERAL)
        if not viewer.is_authenticated:
            return self.filter(everybodys)
        wanting = User.objects.filter(pk=viewer.pk, shows_mature=True)
        return self.filter(everybodys | models.Exists(wanting))

    def to_rate(self) -> GenerationQuerySet:
        """Those that no check has looked at, newest first."""
        return self.filter(status=GenerationStatus.COMPLETED, rated_at=None).order_by("-pk")

    def with_people(self) -> GenerationQuerySet:
        return self.select_related("user", "style__artist__user")

    def with_liked_by(self, viewer: User | AnonymousUser) -> GenerationQuerySet:
        """Annotate ``is_liked``: whether the viewer likes it."""
        from app.models.community import Like

        if not viewer.is_authenticated:
            return self.annotate(is_liked=models.Value(False, output_field=models.BooleanField()))
        return self.annotate(
            is_liked=models.Exists(
                Like.objects.filter(generation=models.OuterRef("pk"), user_id=viewer.pk)
            )
        )

    def feed(
        self, viewer: User | AnonymousUser, *, following_only: bool = False
    ) -> GenerationQuerySet:
        """Public, completed pictures that ``viewer`` wants to see, newest first: without those of
        people whom the viewer does not see, who ordered them or whose style it is."""
        from app.models.community import Follow

        pictures = self.public().shown_to(viewer).with_people().with_liked_by(viewer)
        if viewer.is_authenticated:
            hidden = HiddenPerson.objects.hidden_from(viewer.pk)
            pictures = pictures.exclude(user_id__in=hidden).exclude(style__artist_id__in=hidden)
        if following_only:
            followed = Follow.objects.filter(follower_id=viewer.pk).values("following_id")
            pictures = pictures.filter(style__artist_id__in=followed)
        return pictures.order_by("-created_at", "-pk")

    def accepted(self, generation_id: int, balance: int | None = None) -> Generation:
        """A generation as it was when it was ordered, with the ``balance`` that was left."""
        generation = self.select_related("user", "style").get(pk=generation_id)
        generation.status = GenerationStatus.QUEUED
        if balance is not None:
            generation.user.token_balance = balance
        return generation

    def in_style(self, style_id: int) -> GenerationQuerySet:
        return self.filter(style_id=style_id)

    def listed(self, keys: Sequence[str], *, is_popular: bool) -> GenerationQuerySet:
        """Those in all of the feed's lists ``keys`` (see FeedEntry), popular or newest first."""
        from app.models.feed import FeedEntry

        first, *others = keys
        pictures: GenerationQuerySet = self.filter(feed_entries__key=first).annotate(
            heat=models.F("feed_entries__heat"), listed_id=models.F("feed_entries__generation_id")
        )
        for key in others:
            entries = FeedEntry.objects.filter(generation_id=models.OuterRef("pk"), key=key)
            pictures = pictures.filter(models.Exists(entries))
        order = ("-heat", "-listed_id") if is_popular else ("-listed_id",)
        return pictures.order_by(*order)

    def lock(self) -> list[int]:
        """Lock these rows for this transaction, in id order. Returns the ids."""
        locked = self.select_for_update(no_key=True, of=("self",)).order_by("pk")
        return list(locked.values_list("pk", flat=True))

    def to_lock(self, *, with_balance: bool = False) -> GenerationQuerySet:
        """With style and artist; the pictures alone are locked when they are read.

        With ``with_balance`` the artist's account is too, and locked after the picture: the server
        locks in the order of FOR UPDATE OF.
        """
        tables = ("self", "style__artist__user") if with_balance else ("self",)
        people = "style__artist__user" if with_balance else "style__artist"
        return self.select_for_update(no_key=True, of=tables).select_related(people).order_by()

    def ordered_by(self, user_id: int) -> GenerationQuerySet:
        """The generations that the user ordered."""
        return self.filter(user_id=user_id)

    def kept_by(self, user_id: int) -> GenerationQuerySet:
        """Those that the user has not deleted."""
        return self.filter(user_id=user_id, deleted_at=None)

    def of(self, user: User, *, status: str = "", visibility: str = "") -> GenerationQuerySet:
        """The generations that ``user`` ordered, newest first. Empty values do not filter."""
        pictures = self.kept_by(user.pk).with_people().with_liked_by(user)
        if status:
            pictures = pictures.filter(status=status)
        if visibility:
            pictures = pictures.filter(visibility=visibility)
        return pictures.order_by("-created_at", "-pk")

    def collected_in(self, collection_id: Any) -> GenerationQuerySet:
        """Those in a collection."""
        from app.models.collection import Collected

        here = Collected.objects.filter(
            collection_id=collection_id, generation_id=models.OuterRef("pk")
        )
        return self.filter(models.Exists(here))

    def of_order(self, user: User, order_id: int) -> GenerationQuerySet:
        """The pictures of an order by ``user``, in the order's order, with all that is shown."""
        pictures = self.kept_by(user.pk).filter(order_id=order_id).with_people()
        return pictures.with_liked_by(user).select_related("licence").order_by("pk")

    def deleted_by(self, user: User, since: datetime) -> GenerationQuerySet:
        """What ``user`` has deleted after ``since``, the latest first, with all that is shown."""
        pictures = self.filter(user_id=user.pk, deleted_at__gt=since).with_people()
        shown = pictures.with_liked_by(user).select_related("licence")
        return shown.order_by("-deleted_at", "-pk")

    def detail(self, viewer: User | AnonymousUser, generation_id: int) -> Generation:
        """One generation with everything that its page shows. Raises NotFound."""
        pictures = self.visible_to(viewer).with_people().with_liked_by(viewer)
        picture = pictures.select_related("licence").filter(pk=generation_id).first()
        if picture is None:
            raise NotFound("There is no such picture.")
        return picture

    def with_queue_position(self) -> GenerationQuerySet:
        """Annotate ``queue_position``: 1 for the next in the queue, null if not queued."""
        return self.annotate(queue_position=queue_position())


def queue_position(path: str = "") -> models.Case:
    """That of the picture at ``path`` (such as ``picture__``) from the model that is asked: behind
    those that the workers were given, in the order of ``app.delivery.turns``."""
    place = _Place(*(f"{path}{name}" for name in _Place.SOURCES))
    return models.Case(
        models.When(**{f"{path}status": GenerationStatus.QUEUED}, then=place),
        output_field=models.IntegerField(),
    )


class _Place(models.Func):
    """Of a picture, by what is named in ``SOURCES``."""

    SOURCES = (
        *("task_id", "attempt", "pk", "lease_expires_at", "user_id", "is_held"),
        "style_id",
    )
    output_field = models.IntegerField()

    def as_sql(
        self, compiler: Any, connection: Any, *_: Any, **__: Any
    ) -> tuple[str, tuple[str | int, ...]]:
        parts = [compiler.compile(each)[0] for each in self.get_source_expressions()]
        sources = dict(zip(self.SOURCES, parts, strict=True))
        sources["engine"] = _ENGINE.format(**sources)
        given = _GIVEN.format(**sources)
        return _PLACE.format(**sources, given=given, default_engine=DEFAULT_ENGINE), ()


# Its engine.
_ENGINE = "(SELECT engine FROM app_style WHERE id = {style_id})"
# What the workers of its engine were given and have not begun: counted once for a statement.
_GIVEN = """COALESCE((
    SELECT jsonb_object_agg(engine, count) FROM (
        SELECT engine, count(*) FROM (
            SELECT (SELECT engine FROM app_style WHERE id = made.style_id) AS engine
            FROM app_generation made
            WHERE made.status = 'queued' AND made.lease_expires_at IS NOT NULL
        ) given GROUP BY engine
    ) counted
) ->> {engine}, '0')::int"""
# What waits for its turn; what was handed over; and what waits for its time, behind all others, or
# until its buyer has fewer in work, behind those of theirs that are held already.
_PLACE = """COALESCE(
    (SELECT {given} + (
        SELECT count(*) FROM app_outboxmessage ahead
        WHERE ahead.sent_at IS NULL AND ahead.turn IS NOT NULL AND ahead.queue = mine.queue
            AND (ahead.turn, ahead.id) <= (mine.turn, mine.id)
     ) FROM app_outboxmessage mine
     WHERE mine.task_id = {task_id} AND mine.attempt = {attempt}
        AND mine.sent_at IS NULL AND mine.turn IS NOT NULL),
    CASE WHEN {lease_expires_at} IS NOT NULL THEN (
            SELECT count(*) FROM app_generation given
            WHERE given.status = 'queued' AND given.lease_expires_at IS NOT NULL
                AND given.id <= {pk}
                AND (SELECT engine FROM app_style WHERE id = given.style_id) = {engine}
        )
        ELSE 1 + {given} + (
            SELECT count(*) FROM app_outboxmessage ahead
            WHERE ahead.sent_at IS NULL AND ahead.turn IS NOT NULL
                AND ahead.queue = 'image_generation' || CASE {engine}
                    WHEN '{default_engine}' THEN '' ELSE '.' || {engine} END
        ) + (
            SELECT count(*) FROM app_generation held
            WHERE {is_held} AND held.user_id = {user_id} AND held.id < {pk}
                AND held.is_held AND held.status = 'queued'
        )
    END
)"""


class Generation(Job):
    """One picture that a buyer ordered. ``cost`` is what was charged, whatever the price is now."""

    user = models.ForeignKey(User, models.PROTECT, related_name="generations")
    style = models.ForeignKey(Style, models.PROTECT, related_name="generations")
    # That of a picture which was ordered together with others; its charge is the order's.
    order = models.ForeignKey(
        Order, models.PROTECT, null=True, blank=True, related_name="items", db_index=False
    )
    prompt_tags = ArrayField(models.CharField(max_length=50), size=20)
    prompt = models.CharField(
        max_length=prompt_text.MAX_LENGTH,
        blank=True,
        default="",
        db_default="",
        help_text="If it was ordered with a text; the tags have it in pieces then.",
    )
    aspect_ratio = FormatField()
    width = models.PositiveSmallIntegerField()
    height = models.PositiveSmallIntegerField()
    seed = models.BigIntegerField()
    cost = models.PositiveIntegerField(help_text="Tokens charged.")
    # What of the cost stands for money; null, from the versions before, is nothing.
    paid_bought = models.PositiveIntegerField(null=True, blank=True)
    paid_earned = models.PositiveIntegerField(null=True, blank=True)
    priority = models.CharField(
        max_length=6,
        choices=Priority.choices,
        default=Priority.NORMAL,
        db_default=Priority.NORMAL,
        help_text="As it was paid for.",
    )
    # Drawn with the order, so that the worker can write it into the picture; the licence itself
    # is issued when the artist is paid. Null on orders from before there were licences.
    licence_number = models.CharField(max_length=17, null=True, blank=True)
    terms = models.ForeignKey(
        Terms, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    status = models.CharField(
        max_length=10, choices=GenerationStatus.choices, default=GenerationStatus.QUEUED
    )
    is_held = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="Waits until its buyer has fewer pictures in work. No worker is told of it.",
    )
    image_path = models.CharField(max_length=300, blank=True, help_text="Storage key.")
    preview_path = models.CharField(max_length=300, blank=True, help_text="Storage key.")
    placeholder = models.CharField(
        max_length=1000, blank=True, help_text="Data URI of a tiny preview."
    )
    metadata = models.JSONField(null=True, blank=True)
    # What its engine is told; once it is completed, all that it was made with.
    settings = models.JSONField(null=True, blank=True, editable=False)
    visibility = models.CharField(
        max_length=10, choices=Visibility.choices, default=Visibility.PRIVATE
    )
    # Those that the version before this one takes are looked at later.
    rating = models.CharField(
        max_length=10,
        choices=Rating.choices,
        default=Rating.GENERAL,
        db_default=Rating.GENERAL,
        editable=False,
    )
    rated_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When a check has looked at it."
    )
    description = models.CharField(max_length=500, blank=True)
    like_count = models.PositiveIntegerField(default=0, editable=False)
    comment_count = models.PositiveIntegerField(default=0, editable=False)
    hidden_reason = models.CharField(
        max_length=500,
        blank=True,
        default="",
        db_default="",
        help_text="Why our staff hid it. It cannot be published until they show it again.",
    )
    allows_comments = models.BooleanField(
        default=True,
        db_default=True,
        help_text="If not, nobody comments, and what was said is not shown.",
    )
    deleted_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When its buyer deleted it. Ledger and licence stay as they are.",
    )
    files_deleted_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When the files of a deleted one went. It cannot be put back then.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = GenerationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="generation_status_known", condition=Q(status__in=GenerationStatus.values)
            ),
            models.CheckConstraint(
                name="generation_visibility_known",
                condition=Q(visibility__in=Visibility.values),
            ),
            models.CheckConstraint(
                name="generation_seed_in_range", condition=Q(seed__gte=0, seed__lte=MAX_SEED)
            ),
            models.CheckConstraint(name="generation_cost_positive", condition=Q(cost__gt=0)),
            models.CheckConstraint(
                name="generation_completed_has_image",
                condition=~Q(status=GenerationStatus.COMPLETED) | ~Q(image_path=""),
            ),
            models.CheckConstraint(
                name="generation_hidden_is_private",
                condition=Q(hidden_reason="") | Q(visibility=Visibility.PRIVATE),
            ),
            models.CheckConstraint(
                name="generation_deleted_is_private",
                condition=Q(deleted_at=None) | Q(visibility=Visibility.PRIVATE),
            ),
            models.CheckConstraint(
                name="generation_deleted_has_ended",
                condition=Q(deleted_at=None)
                | ~Q(status__in=[GenerationStatus.QUEUED, GenerationStatus.PROCESSING]),
            ),
            models.CheckConstraint(
                name="generation_blocked_is_private",
                condition=~Q(rating=Rating.BLOCKED) | Q(visibility=Visibility.PRIVATE),
            ),
            models.UniqueConstraint(
                name="generation_licence_number_unique",
                fields=["licence_number"],
                condition=Q(licence_number__isnull=False),
            ),
        ]
        indexes = [
            models.Index(name="generation_by_user", fields=["user", "-created_at", "-id"]),
            models.Index(
                name="generation_feed",
                fields=["-created_at", "-id"],
                condition=Q(visibility="public", status="completed"),
            ),
            models.Index(
                name="generation_feed_by_style",
                fields=["style", "-created_at", "-id"],
                condition=Q(visibility="public", status="completed"),
            ),
            models.Index(
                name="generation_public_by_user",
                fields=["user", "-created_at", "-id"],
                condition=Q(visibility="public", status="completed"),
            ),
            # What a check has still to look at.
            models.Index(
                name="generation_to_rate",
                fields=["id"],
                condition=Q(status="completed", rated_at=None),
            ),
            models.Index(name="generation_queue", fields=["id"], condition=Q(status="queued")),
            models.Index(
                name="generation_of_order",
                fields=["order", "id"],
                condition=Q(order__isnull=False),
            ),
            # How much of a buyer is in work and what waits.
            models.Index(
                name="generation_under_way",
                fields=["user", "is_held"],
                condition=Q(status__in=["queued", "processing"]),
            ),
            models.Index(
                name="generation_held",
                fields=["user", "id"],
                condition=Q(is_held=True, status="queued"),
            ),
            models.Index(
                name="generation_lease",
                fields=["lease_expires_at"],
                condition=Q(lease_expires_at__isnull=False),
            ),
            # Those that may be put back, and whose files go next.
            models.Index(
                name="generation_deleted",
                fields=["user", "-deleted_at", "-id"],
                condition=Q(deleted_at__isnull=False),
            ),
            models.Index(
                name="generation_files_to_delete",
                fields=["deleted_at", "id"],
                condition=Q(deleted_at__isnull=False, files_deleted_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"picture {self.pk}"

    @property
    def prompt_shown(self) -> str:
        return prompt_shown(self.prompt, self.prompt_tags)

    @property
    def words(self) -> list[str]:
        """What of its prompt may be tags, in lower case, each once."""
        if self.prompt:
            return prompt_text.words(self.prompt)
        return list(dict.fromkeys(tag.lower() for tag in self.prompt_tags))

    @property
    def is_under_way(self) -> bool:
        return self.status in UNDER_WAY

    def is_veiled_for(self, viewer: User | AnonymousUser) -> bool:
        """Whether ``viewer`` is shown no more than the blurred preview."""
        if self.rating == Rating.GENERAL or self.user_id == viewer.pk:
            return False
        return not (viewer.is_authenticated and viewer.shows_mature)

    @property
    def is_public(self) -> bool:
        return self.visibility == Visibility.PUBLIC and self.status == GenerationStatus.COMPLETED
