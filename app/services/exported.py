"""What an export has in it: the rows of a user, table by table, and their files.

Of other people there is nothing: where a row names one, the export has null, and notices of what
they did have neither their names nor their words. A test finds tables of users that are neither
here nor left out for a reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.db.models import BinaryField, Model, Q, QuerySet

from app import models
from app.models import User
from app.models.notification import TargetType
from app.models.rating import Looked
from app.models.upload import PLACES
from app.services import session_service, storage
from app.utils import clock


class Table(NamedTuple):
    """Rows of ``model`` that are the user's by one of the look-ups ``of``."""

    model: type[Model]
    of: tuple[str, ...]


TABLES: dict[str, Table] = {
    "account": Table(User, ("pk",)),
    "sign_in": Table(SocialAccount, ("user",)),
    "email_addresses": Table(EmailAddress, ("user",)),
    "api_keys": Table(models.ApiKey, ("user",)),
    "mail": Table(models.MailPreference, ("user",)),
    "artist": Table(models.Artist, ("user",)),
    "site": Table(models.ArtistSite, ("artist",)),
    "declarations": Table(models.DeclarationAcceptance, ("user",)),
    "styles": Table(models.Style, ("artist",)),
    "style_tags": Table(models.StyleTag, ("style__artist",)),
    "works": Table(models.Artwork, ("style__artist",)),
    "work_tags": Table(models.ArtworkTag, ("artwork__style__artist",)),
    "training": Table(models.TrainingManifest, ("style__artist",)),
    "checks_by_machine": Table(models.PictureCheck, ("user",)),
    "pending_uploads": Table(models.PendingUpload, ("user",)),
    "pictures": Table(models.Generation, ("user",)),
    "licences": Table(models.Licence, ("generation__user",)),
    "orders": Table(models.Order, ("user",)),
    "collections": Table(models.Collection, ("user",)),
    "collected": Table(models.Collected, ("collection__user",)),
    "likes": Table(models.Like, ("user",)),
    "comments": Table(models.Comment, ("user",)),
    "follows": Table(models.Follow, ("follower",)),
    "hidden_people": Table(models.HiddenPerson, ("viewer",)),
    "notifications": Table(models.Notification, ("recipient",)),
    "tokens": Table(models.Transaction, ("sender", "receiver")),
    "purchases": Table(models.Purchase, ("user",)),
    "refunds": Table(models.PurchaseRefund, ("purchase__user",)),
    "disputes": Table(models.Dispute, ("purchase__user",)),
    "payouts": Table(models.Payout, ("artist",)),
    "payments": Table(models.PaymentProfile, ("user",)),
    "reports": Table(models.Report, ("reporter",)),
    "statements": Table(models.Statement, ("recipient",)),
    "appeals": Table(models.Appeal, ("statement__recipient",)),
    "strikes": Table(models.Strike, ("user",)),
    "webhooks": Table(models.WebhookEndpoint, ("user",)),
    "webhook_deliveries": Table(models.WebhookDelivery, ("endpoint__user",)),
    "idempotency_keys": Table(models.IdempotencyKey, ("user",)),
    "turns": Table(models.Turn, ("user",)),
    "exports": Table(models.DataExport, ("user",)),
}
# Other tables that refer to users, and why they are not exported as they are.
LEFT_OUT = {
    models.Session: "without their keys, in sessions.json",
    models.UploadCheck: "how far a check is",
    models.CopyCheck: "how far a check is; the style says what was found",
    models.ModerationCase: "what others say of somebody; statements have what was decided",
    models.Decision: "the staff's log; statements have what was decided, and why",
    models.Proposal: "not decided yet",
}
# Whoever has these could act for the user; and what is made of a text to compare it.
OMITTED = frozenset(
    (
        *("password", "digest", "secrets", "fingerprint", "bands", "lease", "is_blocked"),
        *("username_skeleton", "name_skeleton", "is_superuser", "user_permissions", "groups"),
        "request_digest",
    )
)


def rows_of(table: Table, user: User) -> Iterator[dict[str, Any]]:
    """The user's rows, one by one, as JSON may have them."""
    for row in _found(table, user).iterator(chunk_size=500):
        yield _plain(row, user)


def sessions_of(user: User) -> list[dict[str, Any]]:
    return [
        {"began_at": seen.began_at, "browser": seen.browser, "expires_at": seen.expires_at}
        for seen in session_service.sessions_of(user, None)
    ]


def files_of(user: User) -> Iterator[tuple[str, str]]:
    """Storage keys of the user's files, and what each is called in the export."""
    yield from _named("profile", [user.profile_image])
    artist = models.Artist.objects.filter(pk=user.pk).first()
    if artist is not None:
        yield from _named("signature", [artist.signature_image])
        works = models.Artwork.objects.filter(style__artist=artist).order_by("style_id", "position")
        for work in works.iterator(chunk_size=500):
            yield from _named(f"works/{work.style_id}/{work.position:03}", [work.image_path])
    # Also those that were deleted, for as long as they can be put back.
    pictures = models.Generation.objects.filter(user=user, files_deleted_at=None)
    for picture in pictures.exclude(image_path="").order_by("pk").iterator(chunk_size=500):
        yield from _named(f"pictures/{picture.pk}", [picture.image_path])
    yield from _kept_besides(user, artist)


def left_out_of(user: User) -> Iterator[dict[str, str]]:
    """Files that are kept, and are in no export."""
    styles = models.Style.objects.filter(artist=user.pk).exclude(model_path="").order_by("pk")
    for style in styles.iterator(chunk_size=500):
        yield {"file": f"styles/{style.pk}: the model", "why": "learned from your works, for us"}
        if style.samples:
            yield {"file": f"styles/{style.pk}: samples", "why": "on the page of the style"}


def _kept_besides(user: User, artist: models.Artist | None) -> Iterator[tuple[str, str]]:
    """What a check took down, and what goes soon: replaced signatures, uploads without a style."""
    shown = [user.profile_image, artist.signature_image if artist else ""]
    taken = models.PictureCheck.objects.filter(user=user).exclude(kind=Looked.RESULT)
    for check in taken.exclude(key__in=["", *shown]).order_by("pk"):
        yield from _named(f"taken_down/{check.pk}", [check.key])
    going = models.PendingUpload.objects.filter(user=user, expires_at__gt=clock.now())
    kinds = Q(key__startswith="signatures/") | Q(key__startswith=f"{PLACES}/")
    for row in going.filter(kinds).exclude(key__in=shown).order_by("pk"):
        if storage.exists(row.key):
            yield from _named(f"uploads/{row.pk}", [row.key])


def _named(name: str, keys: list[str]) -> Iterator[tuple[str, str]]:
    for key in keys:
        if key and not key.startswith(("https://", "http://")):
            ending = key.rpartition(".")[2] if "." in key else "bin"
            yield key, f"files/{name}.{ending}"


def _found(table: Table, user: User) -> QuerySet[Any]:
    found: QuerySet[Any] = table.model._default_manager.none()
    for lookup in table.of:
        found = found | table.model._default_manager.filter(**{lookup: user.pk})
    if table.model is models.HiddenPerson:
        # Who hides from the user is not told.
        found = models.HiddenPerson.objects.chosen_by(user)
    if any(field.name == "tag" for field in table.model._meta.fields):
        found = found.select_related("tag")
    return found.order_by("pk")


def _plain(row: Model, user: User) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for field in row._meta.concrete_fields:
        if field.name in OMITTED or isinstance(field, BinaryField):
            continue
        value = field.value_from_object(row)
        if field.is_relation and field.related_model in (User, models.Artist):
            # Whom the user chose is the user's; others are only there.
            is_told = value == user.pk or isinstance(row, models.HiddenPerson | models.Follow)
            value = value if is_told else None
        elif field.name == "tag":
            value = str(row.tag)  # type: ignore[attr-defined]
        told[field.name] = value
    if isinstance(row, models.Notification) and row.actor_id not in (None, user.pk):
        # It has the name of who did something, and perhaps what they said.
        del told["message"]
        told["parameters"] = _without_words(row.parameters)
        if row.target_type == TargetType.USER:
            told["target_id"] = None
    return told


def _without_words(parameters: Any) -> Any:
    return {key: told for key, told in (parameters or {}).items() if key != "said"}
