"""Rows to test with. Whatever moves money goes through the services, so the ledger stays true."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import factory
from django.db import transaction
from factory.django import DjangoModelFactory

from app.models import (
    Artist,
    Artwork,
    Generation,
    GenerationStatus,
    Role,
    Style,
    TrainingStatus,
    User,
    Visibility,
)
from app.services import generation_service, pricing, storage, tag_service
from app.services.generation_service import GENERATIONS
from app.services.jobs.attempts import output_folder
from app.services.licences import declaration
from app.services.token_service import TokenService
from protocol import GenerationReport


class UserFactory(DjangoModelFactory):
    """``tokens`` is the balance to begin with."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"person-{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@secret-mail.example")
    provider = "google"
    provider_user_id = factory.Sequence(lambda n: f"google-{n}")

    @factory.post_generation
    def tokens(user: User, create: bool, amount: int | None, **_: Any) -> None:
        if amount:
            give_tokens(user, amount)


class ArtistFactory(DjangoModelFactory):
    """Who has accepted the declaration of the day."""

    class Meta:
        model = Artist
        skip_postgeneration_save = True

    user = factory.SubFactory(UserFactory, role=Role.ARTIST)
    artist_name = factory.Sequence(lambda n: f"Artist {n}")

    @factory.post_generation
    def declared(artist: Artist, create: bool, is_declared: bool | None, **_: Any) -> None:
        if create and is_declared is not False:
            declaration.accept(artist.user)


class StyleFactory(DjangoModelFactory):
    """A trained style. ``tags`` are names, ``works`` is the number of artworks."""

    class Meta:
        model = Style
        skip_postgeneration_save = True

    artist = factory.SubFactory(ArtistFactory)
    name = factory.Sequence(lambda n: f"Style {n}")
    price = 10
    training_status = TrainingStatus.COMPLETED

    @factory.lazy_attribute
    def model_path(self) -> str:
        is_trained = self.training_status == TrainingStatus.COMPLETED
        return storage.uri("models/trained/style.json") if is_trained else ""

    @factory.post_generation
    def tags(style: Style, create: bool, names: tuple[str, ...] | None, **_: Any) -> None:
        with transaction.atomic():
            tag_service.tag_style(style, names or ())
            tag_service.move_counts([], tag_service.counted_in(style))

    @factory.post_generation
    def works(style: Style, create: bool, count: int | None, **_: Any) -> None:
        if count is None:
            # What failed can be trained again, and needs something to learn from.
            count = 1 if style.training_status == TrainingStatus.FAILED else 0
        Artwork.objects.bulk_create(
            Artwork(
                style=style,
                position=position,
                image_path=f"styles/{style.pk}/originals/{position:03}.png",
                preview_path=f"styles/{style.pk}/previews/{position:03}.webp",
                width=300,
                height=400,
                sha256=f"{style.pk:032}{position:032}",
            )
            for position in range(count)
        )


class GenerationFactory(DjangoModelFactory):
    """A picture that went the whole way to ``status``: ordered, paid, reported, settled."""

    class Meta:
        model = Generation

    user = factory.SubFactory(UserFactory)
    style = factory.SubFactory(StyleFactory)
    status = GenerationStatus.COMPLETED
    visibility = Visibility.PRIVATE
    prompt_tags = ("castle", "sea")
    aspect_ratio = "1:1"
    seed = 5

    @classmethod
    def _create(cls, model: type[Generation], *args: Any, **order: Any) -> Generation:
        user, style, status = order.pop("user"), order.pop("style"), order.pop("status")
        visibility, description = order.pop("visibility"), order.pop("description", None)
        user.refresh_from_db(fields=["token_balance"])
        cost = pricing.cost_of(style.price, order["aspect_ratio"])
        if user.token_balance < cost:
            give_tokens(user, cost)
        generation = generation_service.request_generation(user=user, style_id=style.pk, **order)
        bring_to(generation, GenerationStatus(status))
        if visibility == Visibility.PUBLIC or description is not None:
            generation_service.update_generation(
                user=user,
                generation_id=generation.pk,
                visibility=visibility,
                description=description,
            )
        user.refresh_from_db(fields=["token_balance"])
        return Generation.objects.select_related("user", "style__artist").get(pk=generation.pk)


class PublicPictureFactory(GenerationFactory):
    """A completed picture that its owner shows to everybody."""

    visibility = Visibility.PUBLIC


def give_tokens(user: User, amount: int) -> None:
    """Tokens from the platform, for nothing."""
    TokenService.add_tokens(user.pk, amount, "gift")
    user.refresh_from_db(fields=["token_balance"])


def finished_file(generation: Generation, name: str = "image.png") -> str:
    """Write a file where a worker writes for this attempt. Returns its URI."""
    key = f"{output_folder('generations', generation)}/{name}"
    if not storage.exists(key):
        storage.save(key, BytesIO(b"a picture"))
    return storage.uri(key)


def bring_to(generation: Generation, status: GenerationStatus) -> None:
    """As its buyer, or its worker, does."""
    if status == GenerationStatus.CANCELED:
        generation_service.cancel(user=generation.user, generation_id=generation.pk)
    elif status != GenerationStatus.QUEUED:
        report = GenerationReport(
            task_id=generation.task_id,
            attempt=1,
            status=status.value,
            image_path=finished_file(generation) if status == GenerationStatus.COMPLETED else None,
            failure_reason="The paint ran out." if status == GenerationStatus.FAILED else None,
        )
        GENERATIONS.record_report(generation.pk, report)
