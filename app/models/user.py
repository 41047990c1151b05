from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce, Lower, Upper

from app.models import names
from app.models.names import SkeletonField
from app.models.text import contains
from app.utils.names import public_skeletons

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from app.models.artist_site import ArtistSite


class Role(models.TextChoices):
    USER = "user", "User"
    ARTIST = "artist", "Artist"


class UserQuerySet(models.QuerySet["User"]):
    def open(self) -> UserQuerySet:
        """Accounts that are not closed."""
        return self.filter(closed_at__isnull=True)

    def shown(self) -> UserQuerySet:
        """Accounts that others see: neither closed nor suspended."""
        return self.open().filter(suspended_at__isnull=True)

    def profiles(self, viewer: User | AnonymousUser) -> UserQuerySet:
        """Open accounts with their public data, as seen by ``viewer``."""
        from app.models.community import Follow
        from app.models.generation import Generation
        from app.models.style import Style

        def count(rows: models.QuerySet[Any], column: str) -> Coalesce:
            counted = rows.order_by().values(column).annotate(n=models.Count("pk")).values("n")
            return Coalesce(models.Subquery(counted), 0)

        me, viewer_id = models.OuterRef("pk"), viewer.pk or 0
        follows = Follow.objects.filter(follower_id=viewer_id, following_id=me)
        unseen = HiddenPerson.objects.filter(viewer_id=viewer_id, person_id=me)
        # Who is suspended still sees their own.
        mine_or_shown = Q(suspended_at__isnull=True) | Q(pk=viewer_id)
        return (
            self.open()
            .filter(mine_or_shown)
            .exclude(pk__in=HiddenPerson.objects.of_others().who_block(viewer_id))
            .select_related("artist__site")
            .annotate(
                image_count=count(Generation.objects.public().filter(user=me), "user"),
                following_count=count(Follow.objects.filter(follower=me), "follower"),
                style_count=count(Style.objects.offered().filter(artist=me), "artist"),
                is_following=models.Exists(follows),
                is_blocked=models.Exists(unseen.filter(blocks=True)),
                is_muted=models.Exists(unseen.filter(mutes=True)),
            )
        )

    def balance_of(self, user_id: int) -> tuple[int, str]:
        """The balance, and a version that every transaction changes."""
        version = models.Func(template="xmin::text", output_field=models.CharField())
        balance: tuple[int, str] = self.values_list("token_balance", version).get(pk=user_id)
        return balance

    def to_lock(self, user_ids: Sequence[int]) -> UserQuerySet:
        """The rows of ``user_ids``, which reading locks for this transaction, in id order."""
        locked = self.select_for_update(no_key=True, of=("self",))
        return locked.filter(pk__in=user_ids).order_by("pk")


class AccountManager(UserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    pass


class User(AbstractUser):
    """An account. Only ``token_service`` changes the balance."""

    username_skeleton = SkeletonField(of="username", looks=public_skeletons)
    email = models.EmailField(blank=True)
    provider = models.CharField(max_length=30, blank=True, help_text="Who vouches for the sign-in.")
    provider_user_id = models.CharField(max_length=200, blank=True)
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.USER)
    token_balance = models.BigIntegerField(default=0, editable=False)
    # Parts of the balance that stand for money. What is left of it is free.
    bought_balance = models.BigIntegerField(default=0, db_default=0, editable=False)
    earned_balance = models.BigIntegerField(default=0, db_default=0, editable=False)
    spending_frozen_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="A payment of theirs is disputed."
    )
    suspended_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Our staff suspended the account."
    )
    suspended_until = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Empty: for good."
    )
    profile_image = models.CharField(
        max_length=300, blank=True, help_text="Storage key of a square picture, or an https URL."
    )
    bio = models.CharField(max_length=500, blank=True)
    shows_mature = models.BooleanField(
        default=False, db_default=False, help_text="Whether they want to see nudity."
    )
    closed_at = models.DateTimeField(null=True, blank=True, help_text="When the user left.")

    objects: ClassVar[Any] = AccountManager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="user_balance_not_negative", condition=Q(token_balance__gte=0)
            ),
            models.UniqueConstraint(
                name="user_provider_identity_unique",
                fields=["provider", "provider_user_id"],
                condition=~Q(provider_user_id=""),
            ),
            models.UniqueConstraint(Lower("username"), name="user_username_unique_any_case"),
            models.UniqueConstraint(
                name="user_username_looks_unique",
                fields=["username_skeleton"],
                condition=Q(username_skeleton__isnull=False),
            ),
        ]
        indexes = [
            GinIndex(
                OpClass(Upper("username"), name="gin_trgm_ops"),
                name="artist_username_trigram",
                condition=Q(role="artist"),
            ),
            models.Index(
                name="user_suspended",
                fields=["suspended_until"],
                condition=Q(suspended_at__isnull=False),
            ),
        ]

    def clean(self) -> None:
        super().clean()
        names.check(self, "username")

    @property
    def is_artist(self) -> bool:
        return self.role == Role.ARTIST

    @property
    def is_suspended(self) -> bool:
        """Whatever ``suspended_until`` says: ``safety.suspension`` gives all of it back then."""
        return self.suspended_at is not None

    @property
    def is_closed(self) -> bool:
        return self.closed_at is not None


class HiddenPersonQuerySet(models.QuerySet["HiddenPerson"]):
    """The ids are for ``exclude(…__in=…)``: the server reads them once for each statement."""

    def hidden_from(self, viewer_id: Any) -> models.QuerySet[Any, Any]:
        """The ids of all whom this viewer does not see."""
        return self.filter(viewer_id=viewer_id).order_by().values("person_id")

    def of_others(self) -> HiddenPersonQuerySet:
        """Without our staff: no block hides a page from those who may have to judge it. It lets
        them do no more than others: who is blocked likes, follows and answers nobody."""
        return self.filter(viewer__is_staff=False)

    def kept_apart_from(self, viewer_id: Any) -> models.QuerySet[Any, Any]:
        """The ids of those whom the viewer blocks, or who block the viewer."""
        apart = self.filter(Q(blocks=True) | Q(is_blocked=True))
        return apart.hidden_from(viewer_id)

    def who_block(self, viewer_id: Any) -> models.QuerySet[Any, Any]:
        return self.filter(is_blocked=True).hidden_from(viewer_id)

    def chosen_by(self, user: User) -> HiddenPersonQuerySet:
        """Those whom ``user`` blocks or mutes, the latest first; not those who block ``user``."""
        chosen = self.filter(Q(blocks=True) | Q(mutes=True), viewer=user)
        return chosen.order_by("-created_at", "-pk")

    def with_person(self) -> HiddenPersonQuerySet:
        return self.select_related("person")


class HiddenPerson(models.Model):
    """``viewer`` does not see ``person``, nor is told of what they do: because one of them blocks
    the other, or the viewer mutes the person.

    A block is two rows, one for each of them, so that each read looks for its viewer alone. Only
    ``people_service`` writes them.
    """

    viewer = models.ForeignKey(User, models.CASCADE, related_name="hidden_people", db_index=False)
    person = models.ForeignKey(User, models.CASCADE, related_name="hidden_from")
    blocks = models.BooleanField(default=False, help_text="The viewer blocks the person.")
    is_blocked = models.BooleanField(default=False, help_text="The person blocks the viewer.")
    mutes = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = HiddenPersonQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(name="hidden_person_once", fields=["viewer", "person"]),
            models.CheckConstraint(
                name="hidden_person_not_oneself", condition=~Q(viewer=models.F("person"))
            ),
            models.CheckConstraint(
                name="hidden_person_for_a_reason",
                condition=Q(blocks=True) | Q(is_blocked=True) | Q(mutes=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.viewer_id} does not see {self.person_id}"


class ArtistQuerySet(models.QuerySet["Artist"]):
    def with_words(self, words: Iterable[Sequence[str]]) -> ArtistQuerySet:
        """Those with each of ``words``, lists of spellings, in one of their two names."""
        artists: ArtistQuerySet = self
        for spelled in words:
            called = contains("artist_name", spelled) | contains("user__username", spelled)
            artists = artists.filter(called)
        return artists

    def best_for(self, text: str) -> ArtistQuerySet:
        """But for those who left or are suspended; whose name begins with ``text``, then the most
        followed."""
        begins = models.Case(models.When(artist_name__istartswith=text, then=0), default=1)
        open_ones = self.filter(user__closed_at=None, user__suspended_at=None)
        return open_ones.order_by(begins, "-follower_count", "-pk")


class Artist(models.Model):
    """The profile of a user who licenses styles. Its id is the user's id."""

    user = models.OneToOneField(User, models.PROTECT, primary_key=True, related_name="artist")
    artist_name = models.CharField(max_length=60)
    name_skeleton = SkeletonField(of="artist_name", looks=public_skeletons)
    signature_image = models.CharField(
        max_length=300, blank=True, help_text="Storage key of a PNG with alpha."
    )
    follower_count = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ArtistQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                name="artist_name_looks_unique",
                fields=["name_skeleton"],
                condition=Q(name_skeleton__isnull=False),
            ),
        ]
        indexes = [
            GinIndex(
                OpClass(Upper("artist_name"), name="gin_trgm_ops"), name="artist_name_trigram"
            ),
        ]

    def __str__(self) -> str:
        return self.artist_name

    @property
    def proven_site(self) -> ArtistSite | None:
        """The site that proves who they are, while it does."""
        site: ArtistSite | None = getattr(self, "site", None)
        return site if site is not None and site.proven_at is not None else None

    def clean(self) -> None:
        names.check(self, "artist_name")
