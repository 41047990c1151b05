"""Every constraint of the database has a row that it refuses, whatever the code above believes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.db.models import Model

from app.models import (
    ArtistSite,
    Artwork,
    ArtworkTag,
    Collected,
    Collection,
    Comment,
    DataExport,
    DeclarationAcceptance,
    Follow,
    Generation,
    GenerationTag,
    HiddenPerson,
    IdempotencyKey,
    Licence,
    LicenceDay,
    LicenceDayBlock,
    Like,
    Notification,
    Order,
    OutboxMessage,
    PictureCheck,
    Purchase,
    Style,
    Tag,
    Terms,
    Transaction,
    Turn,
    User,
    WebhookDelivery,
    WebhookEndpoint,
)
from app.models.token import REVERSED_MEMO
from app.services import payment_service
from app.services.token_service import TokenService
from app.tests.factories import ArtistFactory, GenerationFactory, StyleFactory, UserFactory
from app.tests.money import breaking_rows
from app.tests.safety import breaking_rows as safety_rows
from app.utils import clock

pytestmark = pytest.mark.django_db


def again(row: Model, **changes: Any) -> None:
    """Insert the row a second time, with these changes."""
    kept = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    kept.pop(row._meta.pk.attname)
    type(row)._default_manager.create(**{**kept, **changes})


def every(kind: type[Model], **changes: Any) -> None:
    """Change all rows of a kind."""
    kind._default_manager.update(**changes)


class Scene:
    """One row of everything. ``entry`` finds the ledger's entry of a type."""

    def __init__(self) -> None:
        self.now = clock.now()
        self.buyer: User = UserFactory(username="bo")
        self.style: Style = StyleFactory(tags=("sea",), works=1)
        self.picture = GenerationFactory(user=self.buyer, style=self.style, prompt_tags=("sea",))
        self.reversed = {"memo": REVERSED_MEMO, "generation": self.picture}
        self.artist = self.style.artist
        self.work = Artwork.objects.get()
        ArtworkTag.objects.create(artwork=self.work, tag=Tag.objects.get(), sequence=0)
        self.like = Like.objects.create(user=self.artist.user, generation=self.picture)
        self.follow = Follow.objects.create(follower=self.buyer, following=self.artist)
        self.export = DataExport.objects.create(user=self.buyer, due_at=self.now)
        self.hidden = HiddenPerson.objects.create(
            viewer=self.buyer, person=self.artist.user, mutes=True
        )
        payment = payment_service.take_payment(user=self.buyer, amount=100, payment_method="card")
        payment_service.record_purchase(
            user=self.buyer, amount=100, payment_method="card", payment=payment
        )
        TokenService.grant_welcome_bonus(self.buyer.pk, 100)
        self.key = IdempotencyKey.objects.create(
            user=self.buyer, key="k", fingerprint="f", response_status=202, response_body="{}"
        )

        self.webhook = WebhookEndpoint.objects.create(user=self.buyer, url="", is_for_orders=True)
        WebhookDelivery.objects.create(endpoint=self.webhook, type="webhook.test", body="{}")

        day = LicenceDay.objects.create(day=self.now.date(), count=1)
        self.block = LicenceDayBlock.objects.create(day=day, number=0, leaves=b"", root=b"")

    def entry(self, kind: str, **conditions: Any) -> Transaction:
        return Transaction.objects.get(type=kind, **conditions)

    def note(self, kind: str) -> Notification:
        return Notification.objects.get(type=kind)

    def order(self, **changes: Any) -> Order:
        """The same each time."""
        given = {"user": self.buyer, "item_count": 1, "cost": 1, **changes}
        return Order.objects.get_or_create(**given)[0]

    def book(self, kind: str, **columns: Any) -> None:
        Transaction.objects.create(**{"type": kind, "amount": 1, **columns})


Breaks = Callable[[Scene], object]


def _of_buyer(breaks: Callable[[User], object]) -> Breaks:
    return lambda scene: breaks(scene.buyer)


BREAKS: dict[str, tuple[Breaks, ...]] = {
    "user_balance_not_negative": (lambda s: every(User, token_balance=-1),),
    "user_provider_identity_unique": (lambda s: again(s.buyer, username="other"),),
    "user_username_unique_any_case": (
        lambda s: again(s.buyer, username="BO", provider_user_id="other"),
    ),
    "follow_unique": (lambda s: again(s.follow),),
    "follow_not_oneself": (lambda s: again(s.follow, follower_id=s.artist.pk),),
    "hidden_person_once": (lambda s: again(s.hidden),),
    "hidden_person_not_oneself": (lambda s: again(s.hidden, viewer_id=s.artist.pk),),
    "hidden_person_for_a_reason": (lambda s: every(HiddenPerson, mutes=False),),
    "data_export_one_under_way": (lambda s: again(s.export),),
    "data_export_ready_has_file": (lambda s: every(DataExport, ready_at=s.now),),
    "artist_site_proven_is_looked_at": (
        lambda s: ArtistSite.objects.create(
            artist=s.artist, url="https://mira.example.com/", proven_at=s.now
        ),
    ),
    "like_unique": (lambda s: again(s.like),),
    "comment_not_empty": (
        lambda s: Comment.objects.create(user=s.buyer, generation=s.picture, content=""),
    ),
    "turn_of_user": (lambda s: again(Turn.objects.filter(user=s.buyer).first()),),
    "turn_has_weight": (lambda s: Turn.objects.create(user=s.buyer, queue="", finish=0, weight=0),),
    "outbox_attempt_once": (lambda s: again(OutboxMessage.objects.get()),),
    "tag_name_lower_printable_ascii": (lambda s: Tag.objects.create(name="Sea"),),
    "idempotency_key_unique": (lambda s: again(s.key),),
    "notification_not_for_own_acts": (
        lambda s: again(s.note("like"), actor_id=s.buyer.pk, type="comment"),
    ),
    "notification_folded_is_read": (lambda s: every(Notification, is_folded=True),),
    "notification_like_once": (lambda s: again(s.note("like")),),
    "notification_follow_once": (lambda s: again(s.note("follow")),),
    "notification_outcome_once": (
        lambda s: again(s.note("generation_complete")),
        lambda s: again(s.note("generation_complete"), type="generation_failed"),
    ),
    "purchase_amount_in_range": (
        lambda s: every(Purchase, amount=99),
        lambda s: every(Purchase, amount=1_000_001),
    ),
    "purchase_reference_unique": (lambda s: again(Purchase.objects.get()),),
    "generation_status_known": (lambda s: every(Generation, status="lost"),),
    "generation_visibility_known": (lambda s: every(Generation, visibility="friends"),),
    "generation_seed_in_range": (
        lambda s: every(Generation, seed=-1),
        lambda s: every(Generation, seed=2**32),
    ),
    "generation_cost_positive": (lambda s: every(Generation, cost=0),),
    "generation_hidden_is_private": (
        lambda s: every(Generation, hidden_reason="Rude.", visibility="public"),
    ),
    "generation_completed_has_image": (lambda s: every(Generation, image_path=""),),
    "generation_licence_number_unique": (
        lambda s: GenerationFactory() and every(Generation, licence_number="SL-1"),
    ),
    "licence_state_known": (lambda s: every(Licence, state="lent", state_changed_at=s.now),),
    "licence_day_block_unique": (lambda s: again(s.block),),
    "licence_change_has_time": (lambda s: every(Licence, state="revoked"),),
    "terms_version_unique": (lambda s: again(Terms.objects.first(), id="commercial/one"),),
    "declaration_once": (lambda s: again(DeclarationAcceptance.objects.first()),),
    "artwork_position_unique": (lambda s: again(s.work, sha256="other"),),
    "artwork_image_unique": (lambda s: again(s.work, position=1),),
    "style_tag_unique": (lambda s: again(s.style.style_tags.get(), sequence=1),),
    "generation_tag_unique": (lambda s: again(GenerationTag.objects.get(), sequence=1),),
    "artwork_tag_unique": (lambda s: again(ArtworkTag.objects.get(), sequence=1),),
    "transaction_amount_positive": (lambda s: s.book("earn", receiver=s.buyer, amount=0),),
    "transaction_parties_fit_type": (
        lambda s: s.book("consume"),
        lambda s: s.book("consume", receiver=s.buyer),
        lambda s: s.book("consume", sender=s.buyer, receiver=s.artist.user),
        *(
            lambda s, kind=kind: s.book(kind, sender=s.buyer)
            for kind in ("earn", "refund", "purchase")
        ),
        lambda s: s.book("gift", receiver=s.buyer),
        lambda s: s.book("reversal", receiver=s.buyer, **s.reversed),
        lambda s: s.book("rev_ret", sender=s.buyer, **s.reversed),
    ),
    "transaction_reversal_fits_type": (
        lambda s: s.book("reversal", sender=s.buyer, generation=s.picture),
        lambda s: s.book("reversal", sender=s.buyer, memo=REVERSED_MEMO),
        lambda s: s.book("rev_ret", receiver=s.buyer, generation=s.picture),
        lambda s: s.book("rev_ret", receiver=s.buyer, memo=REVERSED_MEMO),
        lambda s: s.book("earn", receiver=s.buyer, **s.reversed),
    ),
    "transaction_reverse_once": (
        lambda s: [s.book("reversal", sender=s.buyer, **s.reversed) for _ in range(2)],
        lambda s: [s.book("refund", receiver=s.buyer, **s.reversed) for _ in range(2)],
        lambda s: [s.book("rev_ret", receiver=s.buyer, **s.reversed) for _ in range(2)],
    ),
    "transaction_purchase_fits_type": (
        lambda s: s.book("earn", receiver=s.buyer, purchase=_unbooked_purchase(s)),
    ),
    "transaction_charge_once": (lambda s: again(s.entry("consume")),),
    "transaction_charge_order_once": (
        lambda s: [s.book("consume", sender=s.buyer, order=s.order()) for _ in range(2)],
    ),
    "transaction_order_fits_type": (
        lambda s: s.book("refund", receiver=s.buyer, order=s.order()),
        lambda s: s.book("consume", sender=s.buyer, order=s.order(), generation=s.picture),
    ),
    "order_has_pictures": (lambda s: s.order(cost=0), lambda s: s.order(item_count=0)),
    "transaction_settle_once": (
        lambda s: again(s.entry("earn", generation=s.picture)),
        lambda s: s.book("refund", receiver=s.buyer, generation=s.picture),
    ),
    "transaction_welcome_bonus_once": (lambda s: again(s.entry("earn", memo="welcome_bonus")),),
    "style_price_in_range": (lambda s: every(Style, price=0), lambda s: every(Style, price=10_001)),
    "style_training_status_known": (lambda s: every(Style, training_status="lost"),),
    "style_completed_has_model": (lambda s: every(Style, model_path=""),),
    "style_withdrawn_is_inactive": (lambda s: every(Style, withdrawn_reason="Stolen."),),
    "style_name_unique_per_artist": (
        lambda s: StyleFactory(artist=s.artist, name=s.style.name.upper()),
    ),
    "style_name_looks_unique_per_artist": (
        lambda s: StyleFactory(artist=s.artist, name="Other", name_skeleton=s.style.name_skeleton),
    ),
    "artist_name_looks_unique": (
        lambda s: ArtistFactory(artist_name=s.artist.artist_name.upper()),
    ),
    "webhook_delivery_state_known": (lambda s: every(WebhookDelivery, state="lost"),),
    "webhook_endpoint_disabled_has_reason": (
        lambda s: every(WebhookEndpoint, is_enabled=False),
        lambda s: every(WebhookEndpoint, disabled_reason="gone"),
    ),
    "webhook_endpoint_of_orders_once": (lambda s: again(s.webhook),),
    "collection_name_looks_unique": (
        lambda s: [Collection.objects.create(user=s.buyer, name=name) for name in ("Sea", "sea")],
    ),
    "collected_once": (lambda s: again(_collected(s)),),
    "generation_deleted_is_private": (
        lambda s: every(Generation, deleted_at=s.now, visibility="public"),
    ),
    "generation_deleted_has_ended": (
        lambda s: every(Generation, deleted_at=s.now, status="queued", visibility="private"),
    ),
    "generation_blocked_is_private": (
        lambda s: every(Generation, rating="blocked", visibility="public"),
    ),
    "picture_check_found_is_explained": (
        lambda s: PictureCheck.objects.create(
            kind="profile", user=s.buyer, key="a.webp", outcome="found", rating="mature"
        ),
    ),
    "user_username_looks_unique": (lambda s: every(User, username_skeleton="rnira"),),
    **{
        name: tuple(_of_buyer(each) for each in rows)
        for name, rows in {**breaking_rows.BREAKS, **safety_rows.BREAKS}.items()
    },
}
BREAKS["transaction_parties_fit_type"] += tuple(map(_of_buyer, breaking_rows.PARTIES))


def _collected(scene: Scene) -> Collected:
    collection = Collection.objects.create(user=scene.buyer, name="Sea")
    return Collected.objects.create(collection=collection, generation=scene.picture)


def _unbooked_purchase(scene: Scene) -> Purchase:
    return Purchase.objects.create(
        user=scene.buyer, amount=100, payment_method="card", gateway="test", gateway_reference="2"
    )


@pytest.mark.parametrize(
    ("name", "number"), [(name, number) for name in BREAKS for number in range(len(BREAKS[name]))]
)
def test_a_row_that_breaks_it_is_refused(name: str, number: int) -> None:
    scene = Scene()
    with pytest.raises(IntegrityError, match=f'"{name}"'), transaction.atomic():
        BREAKS[name][number](scene)


def test_every_constraint_has_such_a_row() -> None:
    models = apps.get_app_config("app").get_models()
    assert set(BREAKS) == {c.name for model in models for c in model._meta.constraints}


def test_what_the_models_say_is_what_was_migrated() -> None:
    """Else the rows above would try another database than the models describe."""
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
