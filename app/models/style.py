from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce, JSONObject, Lower, Upper

from app.exceptions import NotFound
from app.models import names
from app.models.job import Job
from app.models.names import SkeletonField
from app.models.tagging import StyleTag, Tag
from app.models.terms import DEFAULT_TERMS, Declaration, Terms
from app.models.text import contains, contains_lower
from app.models.user import Artist
from app.utils.spellings import spellings_of
from protocol.engines import DEFAULT_ENGINE, DRAW_KNOWN_WORDS

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from app.models.user import User

MIN_PRICE = 1
MAX_PRICE = 10_000
# That an artist excludes from a style.
MAX_SUBJECTS = 20


class TrainingStatus(models.TextChoices):
    PENDING = "pending", "Waiting for the queue"
    TRAINING = "training", "Training"
    COMPLETED = "completed", "Ready"
    FAILED = "failed", "Failed"


class StyleQuerySet(models.QuerySet["Style"]):
    def offered(self) -> StyleQuerySet:
        """Styles that everybody can find and order from: active and trained."""
        return self.filter(is_active=True, training_status=TrainingStatus.COMPLETED)

    def on_hold(self) -> StyleQuerySet:
        """Those that our staff has put on hold."""
        return self.filter(held_at__isnull=False).exclude(withdrawn_reason="")

    def under_way(self) -> StyleQuerySet:
        """Styles that wait for their training, or are being trained."""
        return self.filter(training_status__in=[TrainingStatus.PENDING, TrainingStatus.TRAINING])

    def visible_to(self, viewer: User | AnonymousUser) -> StyleQuerySet:
        """Offered styles, and the viewer's own styles in every state."""
        offered = Q(is_active=True, training_status=TrainingStatus.COMPLETED)
        if viewer.is_authenticated and viewer.is_artist:
            return self.filter(offered | Q(artist_id=viewer.pk))
        return self.filter(offered)

    def of(self, artist: User) -> StyleQuerySet:
        """All styles of an artist, including withdrawn ones, newest first."""
        return self.filter(artist_id=artist.pk).order_by("-created_at", "-pk")

    def detail(self, viewer: User | AnonymousUser, style_id: int) -> Style:
        """One style with everything that its page shows. Raises NotFound."""
        style = (
            self.visible_to(viewer)
            .with_artist()
            .with_tags()
            .with_artworks()
            .filter(pk=style_id)
            .first()
        )
        if style is None:
            raise NotFound("There is no such style.")
        return style

    def found_by(
        self,
        *,
        q: str = "",
        tags: Sequence[str] = (),
        artist_id: int | None = None,
        training_status: str = "",
        sort: str = "created_at",
    ) -> StyleQuerySet:
        """Search active styles. Empty values do not filter."""
        styles: StyleQuerySet = self.filter(is_active=True)
        if q:
            styles = styles.search(q)
        if artist_id is not None:
            styles = styles.filter(artist_id=artist_id)
        if training_status:
            styles = styles.filter(training_status=training_status)
        newest = ("-created_at", "-pk")
        order = ("-usage_count", *newest) if sort == "popular" else newest
        return styles.tagged(tags).order_by(*order)

    def followed_by(self, user: User) -> StyleQuerySet:
        """Styles of the artists whom ``user`` follows."""
        from app.models.community import Follow

        return self.filter(
            artist_id__in=Follow.objects.filter(follower=user).values("following_id")
        )

    def total_uses(self) -> int:
        """The number of pictures made with these styles."""
        return self.aggregate(total=models.Sum("usage_count"))["total"] or 0

    def withdrawn(self, style_id: int) -> Style | None:
        """Styles that were once offered and that their artists withdrew: their pictures still link
        to them. Of what our staff withdrew, and of suspended artists, nothing is shown."""
        styles = self.filter(
            artist__user__suspended_at=None,
            is_active=False,
            is_draft=False,
            withdrawn_reason="",
            training_status=TrainingStatus.COMPLETED,
        )
        return styles.select_related("artist__user").filter(pk=style_id).first()

    def with_earnings(self) -> StyleQuerySet:
        """Annotate ``earned``: the tokens that the style has earned, without what was taken
        back."""
        from app.models.token import Transaction, TransactionType

        signs = {
            TransactionType.EARN: 1,
            TransactionType.REVERSAL: -1,
            TransactionType.REVERSAL_RETURN: 1,
        }
        whens = [
            models.When(type=kind, then=models.F("amount") * sign) for kind, sign in signs.items()
        ]
        earned = (
            Transaction.objects.filter(type__in=signs, generation__style=models.OuterRef("pk"))
            .order_by()
            .values("generation__style")
            .annotate(total=models.Sum(models.Case(*whens)))
            .values("total")
        )
        return self.annotate(earned=Coalesce(models.Subquery(earned), 0))

    def with_artist(self) -> StyleQuerySet:
        return self.select_related("artist__user")

    def with_tags(self) -> StyleQuerySet:
        return self.prefetch_related(
            models.Prefetch(
                "style_tags", StyleTag.objects.select_related("tag").order_by("sequence", "pk")
            )
        )

    def with_tags_json(self) -> StyleQuerySet:
        """Annotate ``tags_json``: the tags as the API shows them, in one statement."""
        shown = JSONObject(id="tag_id", name="tag__name", sequence="sequence")
        tags = StyleTag.objects.filter(style=models.OuterRef("pk")).order_by("sequence", "pk")
        listed = ArraySubquery(tags.values_list(shown))
        to_json = models.Func(listed, function="to_jsonb", output_field=models.JSONField())
        return self.annotate(tags_json=to_json)

    def with_artworks(self) -> StyleQuerySet:
        return self.prefetch_related(
            models.Prefetch("artworks", Artwork.objects.order_by("position", "pk"))
        )

    def tagged(self, names: Sequence[str]) -> StyleQuerySet:
        """Styles that have all of the tags ``names``."""
        styles: StyleQuerySet = self
        for name in names:
            # Look up the tag once, not for each style.
            tag = models.Subquery(Tag.objects.filter(name=name).values("pk")[:1])
            styles = styles.filter(
                models.Exists(StyleTag.objects.filter(style=models.OuterRef("pk"), tag=tag))
            )
        return styles

    def search(self, text: str) -> StyleQuerySet:
        """Styles with each word of ``text``, in any spelling, in their name, in a tag or in their
        description."""
        styles: StyleQuerySet = self
        # Of signs alone: what they are a part of.
        for spelled in spellings_of(text) or [(text,)]:
            named = Style.objects.filter(contains("name", spelled)).order_by().values("pk")
            tagged = StyleTag.objects.filter(contains_lower("tag__name", spelled))
            described = Style.objects.filter(contains("description", spelled)).order_by()
            ids = named.union(
                tagged.order_by().values("style_id"), described.values("pk"), all=True
            )
            styles = styles.filter(pk__in=ids)
        return styles

    def with_words(self, words: Iterable[Sequence[str]]) -> StyleQuerySet:
        """The same, of few styles: each is looked at. ``words`` are lists of spellings."""
        styles: StyleQuerySet = self
        for spelled in words:
            tags = StyleTag.objects.filter(contains_lower("tag__name", spelled))
            is_tagged = Q(models.Exists(tags.filter(style=models.OuterRef("pk"))))
            is_said = contains("name", spelled) | contains("description", spelled)
            styles = styles.filter(is_said | is_tagged)
        return styles

    def in_order_of(self, ids: Sequence[int]) -> StyleQuerySet:
        """The styles ``ids``, in this order."""
        places = (models.When(pk=pk, then=place) for place, pk in enumerate(ids))
        return self.filter(pk__in=ids).order_by(models.Case(*places))


class Style(Job):
    """A style that an artist licenses, and its training."""

    artist = models.ForeignKey(Artist, models.PROTECT, related_name="styles")
    name = models.CharField(max_length=100)
    name_skeleton = SkeletonField(of="name")
    description = models.TextField(max_length=2000, blank=True)
    price = models.PositiveIntegerField(
        validators=[MinValueValidator(MIN_PRICE), MaxValueValidator(MAX_PRICE)],
        help_text="Tokens for one 1:1 picture.",
    )
    # Those of pictures that are ordered from now on.
    terms = models.ForeignKey(
        Terms,
        models.PROTECT,
        default=DEFAULT_TERMS,
        db_default=DEFAULT_TERMS,
        related_name="+",
        db_index=False,
    )
    declaration = models.ForeignKey(
        Declaration,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text="What its artist declared at the upload.",
    )
    training_status = models.CharField(
        max_length=10, choices=TrainingStatus.choices, default=TrainingStatus.PENDING
    )
    engine = models.CharField(
        max_length=30,
        default=DEFAULT_ENGINE,
        db_default=DEFAULT_ENGINE,
        help_text="What learns it and draws with it.",
    )
    engine_version = models.CharField(
        max_length=50, blank=True, default="", db_default="", help_text="That which learned it."
    )
    review = models.JSONField(
        null=True, blank=True, help_text="Of works that are like those of others: docs/rights.md."
    )
    training_metric = models.JSONField(null=True, blank=True)
    memorisation = models.JSONField(
        null=True, blank=True, help_text="How near pictures of it are to its works: docs/rights.md."
    )
    nearest_path = models.CharField(
        max_length=500,
        blank=True,
        default="",
        db_default="",
        help_text="Storage key of the nearest of those pictures.",
    )
    samples = models.JSONField(
        null=True, blank=True, help_text="Pictures that were drawn after the training."
    )
    style_score = models.JSONField(
        null=True, blank=True, help_text="How like the artist's works they look: docs/rights.md."
    )
    sample_prompts = models.JSONField(
        null=True, blank=True, help_text="What else its artist wants to see after the training."
    )
    training_settings = models.JSONField(
        null=True, blank=True, help_text="What its artist told the engine."
    )
    model_path = models.CharField(max_length=500, blank=True)
    thumbnail = models.CharField(max_length=300, blank=True, help_text="Storage key of a preview.")
    is_active = models.BooleanField(
        default=True, help_text="Off: withdrawn by its artist, or a draft."
    )
    is_draft = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="Not offered yet, so it is not active. Its artist offers it.",
    )
    withdrawn_reason = models.CharField(
        max_length=500,
        blank=True,
        default="",
        db_default="",
        help_text="Why our staff withdrew it. Its artist cannot offer it until they restore it.",
    )
    held_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="Of what our staff withdrew: on hold until they decide, and its earnings too.",
    )
    was_offered = models.BooleanField(
        default=True,
        db_default=True,
        editable=False,
        help_text="Of what our staff withdrew: whether it is offered again once they restore it.",
    )
    allows_mature = models.BooleanField(
        default=False, db_default=False, help_text="Whether pictures with nudity may be ordered."
    )
    excluded_subjects = ArrayField(
        models.CharField(max_length=50),
        size=MAX_SUBJECTS,
        default=list,
        db_default=[],
        blank=True,
        help_text="What the artist does not want to see in this style.",
    )
    usage_count = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    trained_at = models.DateTimeField(null=True, blank=True)

    objects = StyleQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="style_price_in_range",
                condition=Q(price__gte=MIN_PRICE, price__lte=MAX_PRICE),
            ),
            models.CheckConstraint(
                name="style_training_status_known",
                condition=Q(training_status__in=TrainingStatus.values),
            ),
            models.CheckConstraint(
                name="style_completed_has_model",
                condition=~Q(training_status=TrainingStatus.COMPLETED) | ~Q(model_path=""),
            ),
            models.CheckConstraint(
                name="style_withdrawn_is_inactive",
                condition=Q(withdrawn_reason="") | Q(is_active=False),
            ),
            models.UniqueConstraint(
                "artist",
                Lower("name"),
                name="style_name_unique_per_artist",
                condition=Q(is_active=True),
            ),
            models.UniqueConstraint(
                name="style_name_looks_unique_per_artist",
                fields=["artist", "name_skeleton"],
                condition=Q(is_active=True, name_skeleton__isnull=False),
            ),
        ]
        indexes = [
            models.Index(name="style_created_status", fields=["created_at", "training_status"]),
            models.Index(
                name="style_offered_newest",
                fields=["-created_at", "-id"],
                condition=Q(is_active=True, training_status="completed"),
            ),
            models.Index(
                name="style_offered_by_artist",
                fields=["artist", "-created_at", "-id"],
                condition=Q(is_active=True, training_status="completed"),
            ),
            # Not only of those on offer: artists see their own others among them. What is not
            # trained has not been used, and comes last.
            models.Index(
                name="style_popular",
                fields=["-usage_count", "-created_at", "-id"],
                condition=Q(is_active=True),
            ),
            models.Index(name="style_by_artist", fields=["artist", "-created_at", "-id"]),
            models.Index(
                name="style_lease",
                fields=["lease_expires_at"],
                condition=Q(lease_expires_at__isnull=False),
            ),
            GinIndex(OpClass(Upper("name"), name="gin_trgm_ops"), name="style_name_trigram"),
            GinIndex(
                OpClass(Upper("description"), name="gin_trgm_ops"),
                name="style_description_trigram",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """In the admin; services do so themselves."""
        names.check_text(self, "description")

    @property
    def draws_known_words(self) -> bool:
        """Whether there are words that its engine cannot draw."""
        return self.engine in DRAW_KNOWN_WORDS

    @property
    def is_on_hold(self) -> bool:
        """The version before this one ends a hold as it ends a withdrawal: by the reason alone."""
        return self.held_at is not None and bool(self.withdrawn_reason)

    @property
    def is_under_way(self) -> bool:
        return self.training_status in {TrainingStatus.PENDING, TrainingStatus.TRAINING}

    @property
    def review_state(self) -> str | None:
        return self.review["state"] if self.review else None

    @property
    def is_unoffered(self) -> bool:
        """A draft. The version before this one may have made one active without more."""
        return self.is_draft and not self.is_active

    @property
    def could_be_ordered(self) -> bool:
        """Whether it is on offer, or was: what was trained as no draft is offered at once."""
        return self.training_status == TrainingStatus.COMPLETED and not self.is_unoffered

    @property
    def may_be_trained_again(self) -> bool:
        """What somebody may have bought from stays as it is."""
        is_trained_draft = self.is_unoffered and self.training_status == TrainingStatus.COMPLETED
        return self.training_status == TrainingStatus.FAILED or is_trained_draft

    @property
    def is_ready(self) -> bool:
        return self.is_active and self.training_status == TrainingStatus.COMPLETED


class Artwork(models.Model):
    """One training image. The original is private, the preview is public."""

    style = models.ForeignKey(Style, models.CASCADE, related_name="artworks")
    position = models.PositiveSmallIntegerField()
    image_path = models.CharField(max_length=300, help_text="Storage key of the original.")
    preview_path = models.CharField(max_length=300, help_text="Storage key of the preview.")
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    # Null until it has been looked at; empty where there is too little to see for one.
    pdq = models.BinaryField(max_length=32, null=True, help_text="A fingerprint of 256 bits.")
    bands = ArrayField(
        models.IntegerField(), size=16, null=True, help_text="The fingerprint in 16 parts."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(name="artwork_position_unique", fields=["style", "position"]),
            models.UniqueConstraint(name="artwork_image_unique", fields=["style", "sha256"]),
        ]
        indexes = [
            GinIndex(fields=["bands"], name="artwork_bands"),
            models.Index(name="artwork_unknown", fields=["id"], condition=Q(pdq__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.style_id}/{self.position}"
