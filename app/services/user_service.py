"""Accounts: created at sign-in, edited, turned into artists, closed."""

from __future__ import annotations

import re
import uuid
from io import BytesIO
from itertools import chain, count
from typing import IO

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import Q, QuerySet, Sum
from django.utils.crypto import salted_hmac

from app.exceptions import (
    Conflict,
    DomainError,
    EarningsLeft,
    InvalidInput,
    LeftSuspended,
    NotFound,
)
from app.models import (
    ApiKey,
    Artist,
    ArtistSite,
    Generation,
    IdempotencyKey,
    Payout,
    Role,
    Session,
    User,
    WebhookEndpoint,
    names,
)
from app.models.payment import UNDER_WAY
from app.models.rating import Looked, PictureCheck
from app.services import (
    collection_service,
    community_service,
    export_service,
    notification_service,
    people_service,
    pots,
    storage,
    style_service,
)
from app.services.licences import declaration
from app.services.payments import buying, payouts
from app.services.safety import keeping
from app.services.token_service import TokenService, lock_open
from app.services.uploads import checkers, image_service, upload_service
from app.utils import caches, clock
from app.utils.names import clean, is_reserved, public_skeletons

DEMO_PROVIDER = "demo"
# After an account is closed, only a keyed hash of its identity remains, under this provider.
CLOSED_PROVIDER = "closed"
# The advisory lock for choosing user names.
USER_NAMES_LOCK = (0x57A1, 0x4E)
USERNAME_PATTERN = r"^[\w.-]{2,40}$"


@transaction.atomic(savepoint=False)
def welcome(user: User, *, provider: str, provider_user_id: str) -> User:
    """Complete a sign-in: store the provider's identity, and give the welcome bonus once.

    If a user closed their account and returns, they get a new account, but no second bonus.
    Raises LeftSuspended: closing an account does not end its suspension.
    """
    if (user.provider, user.provider_user_id) != (provider, provider_user_id):
        user.provider, user.provider_user_id = provider, provider_user_id
        user.save(update_fields=["provider", "provider_user_id"])
    left = _left_by(provider, provider_user_id).first()
    if left is None:
        TokenService.grant_welcome_bonus(user.pk, settings.WELCOME_BONUS_TOKENS)
    elif left.suspended_at and not (left.suspended_until and left.suspended_until <= clock.now()):
        raise LeftSuspended(until=left.suspended_until)
    user.refresh_from_db(fields=["token_balance"])
    return user


def _left_by(provider: str, provider_user_id: str) -> QuerySet[User]:
    """The account that somebody with this identity has closed."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    traces = [_trace_of(provider, provider_user_id, key) for key in keys]
    left: QuerySet[User] = User.objects.filter(
        provider=CLOSED_PROVIDER, provider_user_id__in=traces
    )
    return left


def _trace_of(provider: str, provider_user_id: str, key: str | bytes | None = None) -> str:
    """A keyed hash that recognises an identity, and reveals nothing without the secret key."""
    identity = f"{provider}:{provider_user_id}"
    return salted_hmac("closed account", identity, secret=key, algorithm="sha256").hexdigest()


def has_left(user: User) -> bool:
    """Whether ``user`` has closed the account by now; the object may be older than that."""
    return bool(User.objects.filter(pk=user.pk, closed_at__isnull=False).exists())


def require_demo() -> None:
    """Raise NotFound if this server has no demo accounts."""
    if not settings.DEMO_SIGN_IN:
        raise NotFound


def sign_in_demo(username: str) -> User:
    """The demo account of this name, created if new. Raises NotFound, InvalidInput."""
    require_demo()
    name = names.cleaned(username, field="username", max_length=40).lower()
    require_user_name(name)
    user, _ = User.objects.get_or_create(
        provider=DEMO_PROVIDER,
        provider_user_id=name,
        # Called in the transaction that creates the account.
        defaults={"username": lambda: unique_username(name)},
    )
    return welcome(user, provider=DEMO_PROVIDER, provider_user_id=name)


def has_left_demo(username: str) -> bool:
    """Whether somebody has closed the demo account of this name."""
    return _left_by(DEMO_PROVIDER, username).exists()


def require_user_name(name: str) -> None:
    """Raises InvalidInput."""
    if not re.match(USERNAME_PATTERN, name):
        raise InvalidInput.field("username", "Use 2–40 letters, digits, dots, dashes, underscores.")


def unique_username(wanted: str) -> str:
    """``wanted`` as a valid user name, with a number appended if it, or one that looks like it, is
    taken.

    Until the caller's transaction ends, nobody else gets a name here, so the name stays free.
    An e-mail address is private, and some names are ours, so these give "user".
    """
    lock_user_names()
    try:
        known_as = "" if "@" in wanted else clean(wanted).lower()
    except ValueError:
        known_as = ""
    known_as = "" if is_reserved(known_as) else known_as
    base = re.sub(r"[^\w.-]+", "-", known_as).strip("-.")[:32].rstrip("-.") or "user"
    if len(base) < 2:
        base = f"user-{base}"
    alike = Q(username__iexact=base) | Q(username__istartswith=f"{base}-")
    for look in public_skeletons(base):
        alike |= Q(username_skeleton__startswith=look)
    rows = User.objects.filter(alike).values_list("username", "username_skeleton")
    # Those that looked like an older one before names were compared so have a line break.
    taken = {(kept or public_skeletons(name)[0]).split("\n")[0] for name, kept in rows}
    candidates = chain([base], (f"{base}-{number}" for number in count(2)))
    return next(name for name in candidates if taken.isdisjoint(public_skeletons(name)))


def lock_user_names() -> None:
    """Take the lock for choosing user names. It locks no rows and blocks nothing else."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", USER_NAMES_LOCK)


def update_profile(
    *,
    user: User,
    username: str | None = None,
    bio: str | None = None,
    profile_image: IO[bytes] | None = None,
    shows_mature: bool | None = None,
) -> User:
    """Change the given fields. Raises InvalidInput."""
    old_image = user.profile_image
    new_image = ""
    if profile_image is not None:
        content = image_service.check_profile_image(profile_image)
        new_image = f"profiles/{uuid.uuid4()}.webp"
        storage.save(new_image, BytesIO(content))
    try:
        with transaction.atomic():
            if username is not None:
                lock_user_names()
            locked = lock_open(user.pk)
            # Names that exist may look alike.
            if username is not None and username != locked.username:
                names.choose(locked, "username", username)
                require_user_name(locked.username)
            if bio is not None:
                locked.bio = names.readable(bio, field="bio")
            if shows_mature is not None:
                locked.shows_mature = shows_mature
            if new_image:
                locked.profile_image = new_image
                checkers.look_at(locked, Looked.PROFILE, new_image)
                if old_image.startswith("profiles/"):
                    upload_service.delete_files(user_id=user.pk, keys=[old_image])
            locked.save(
                update_fields=[
                    *("username", "username_skeleton"),
                    *("bio", "profile_image", "shows_mature"),
                ]
            )
    except (IntegrityError, DomainError) as error:
        storage.delete([new_image] if new_image else [])
        if isinstance(error, DomainError) or "username" not in str(error):
            raise
        raise InvalidInput.field("username", names.TAKEN["username"]) from error
    return locked


def become_artist(
    *, user: User, artist_name: str, signature_image: IO[bytes] | None = None
) -> Artist:
    """Make ``user`` an artist, who accepts the declaration of the day by that.

    Raises Conflict if they already are, or InvalidInput.
    """
    if user.is_artist:
        raise Conflict("You are already an artist.")
    signature = ""
    if signature_image is not None:
        content = image_service.check_signature(signature_image)
        signature = f"signatures/{uuid.uuid4()}.png"
        storage.save(signature, BytesIO(content))
    try:
        with transaction.atomic():
            locked = lock_open(user.pk)
            if locked.is_artist:
                raise Conflict("You are already an artist.")
            locked.role = Role.ARTIST
            locked.save(update_fields=["role"])
            artist = Artist(user=locked, signature_image=signature)
            names.choose(artist, "artist_name", artist_name)
            artist.save(force_insert=True)
            if signature:
                checkers.look_at(locked, Looked.SIGNATURE, signature)
            declaration.accept(locked)
    except (IntegrityError, DomainError) as error:
        storage.delete([signature] if signature else [])
        if isinstance(error, DomainError) or "artist_name" not in str(error):
            raise
        raise InvalidInput.field("artist_name", names.TAKEN["artist_name"]) from error
    return artist


def update_artist(
    *, user: User, artist_name: str | None = None, signature_image: IO[bytes] | None = None
) -> Artist:
    """Change what is given: the name, and the signature of pictures that are ordered from now on.

    Raises ArtistOnly or InvalidInput.
    """
    new = ""
    if signature_image is not None:
        new = f"signatures/{uuid.uuid4()}.png"
        storage.save(new, BytesIO(image_service.check_signature(signature_image)))
    try:
        with transaction.atomic():
            lock_open(user.pk)
            artist = style_service.artist_of(user, Artist.objects.select_for_update(no_key=True))
            if artist_name is not None and artist_name != artist.artist_name:
                names.choose(artist, "artist_name", artist_name)
            if new:
                if artist.signature_image:
                    # Pictures that are ordered by now are still signed with it.
                    upload_service.delete_later(user=user, key=artist.signature_image)
                artist.signature_image = new
                checkers.look_at(user, Looked.SIGNATURE, new)
            artist.save(update_fields=["artist_name", "name_skeleton", "signature_image"])
    except (IntegrityError, DomainError) as error:
        storage.delete([new] if new else [])
        if isinstance(error, DomainError) or "artist_name" not in str(error):
            raise
        raise InvalidInput.field("artist_name", names.TAKEN["artist_name"]) from error
    caches.forget(caches.POPULAR_STYLES)
    return artist


def close_account(user: User, *, forfeits: bool = False) -> None:
    """Close the account: erase personal data; keep the ledger, and the styles of pictures that
    others paid for, under a neutral name.

    ``forfeits`` says that the user gives up what was earned and not paid out yet; also what comes
    back of a payout that is under way.

    Raises StyleInUse while pictures in the user's styles are being made, and EarningsLeft.
    """
    files: list[str] = []
    with transaction.atomic():
        # Pictures before balances, as refunds, likes and comments lock them.
        community_service.pictures_of(user).lock()
        locked = lock_open(user.pk, even_suspended=True)
        _end_earnings(locked, forfeits=forfeits)
        buying.leave(locked)
        upload_service.expire_all(locked)
        style_service.withdraw_all(user.pk)
        community_service.forget_user(locked)
        # Reports before settings of mails, as by who tells of decisions.
        keeping.forget_user(locked)
        notification_service.forget_user(locked)
        people_service.forget_user(locked)
        files += export_service.forget_user(locked)
        collection_service.forget_user(locked)
        IdempotencyKey.objects.filter(user=locked).delete()
        ApiKey.objects.filter(user=locked).delete()
        # Locked before their messages, as by who sends them.
        endpoints = WebhookEndpoint.objects.filter(user=locked).order_by("pk")
        list(endpoints.select_for_update())
        endpoints.delete()
        Generation.objects.filter(user=locked).update(description="", visibility="private")
        artist = Artist.objects.filter(pk=locked.pk).first()
        if artist is not None:
            files.append(artist.signature_image)
            artist.artist_name, artist.signature_image = "Closed account", ""
            artist.name_skeleton = None
            artist.save(update_fields=["artist_name", "signature_image", "name_skeleton"])
            ArtistSite.objects.filter(artist=artist).delete()
        files.append(locked.profile_image)
        # Those that were taken away are nobody's but ours.
        checks = PictureCheck.objects.filter(user=locked)
        files += checks.exclude(kind=Looked.RESULT).exclude(key="").values_list("key", flat=True)
        checks.delete()
        locked.username = unique_username(f"closed-{locked.pk}")
        locked.username_skeleton = public_skeletons(locked.username)[0]
        locked.email = locked.first_name = locked.last_name = locked.bio = ""
        locked.profile_image = ""
        # Kept, so that nobody closes an account to get another bonus, or to end its suspension.
        # One trace is enough: that of the last.
        trace = ""
        if locked.provider_user_id:
            _left_by(locked.provider, locked.provider_user_id).update(provider_user_id="")
            trace = _trace_of(locked.provider, locked.provider_user_id)
        locked.provider, locked.provider_user_id = CLOSED_PROVIDER, trace
        locked.is_active = False
        locked.closed_at = clock.now()
        locked.set_unusable_password()
        locked.save()
        SocialAccount.objects.filter(user=locked).delete()
        EmailAddress.objects.filter(user=locked).delete()
        noted = upload_service.note(user_id=locked.pk, keys=files)
    upload_service.forget(noted)


def _end_earnings(locked: User, *, forfeits: bool) -> None:
    """Raises EarningsLeft where a word is missing."""
    earned = pots.of(locked).earned
    under_way = Payout.objects.filter(artist=locked, status__in=UNDER_WAY)
    if not forfeits and (earned or under_way.exists()):
        on_its_way = under_way.aggregate(sum=Sum("amount"))["sum"] or 0
        raise EarningsLeft(earned=earned, under_way=on_its_way)
    payouts.forfeit(locked)


def forget_ended_sessions() -> int:
    """Delete expired sessions. Returns how many there were."""
    count, _ = Session.objects.filter(expire_date__lte=clock.now()).delete()
    return count
