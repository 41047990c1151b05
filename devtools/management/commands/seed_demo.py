"""``manage.py seed_demo``: the demo artists, through the same pipeline as everybody's works."""

from __future__ import annotations

import time
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import ProgrammingError

from app.exceptions import DomainError
from app.models import Generation, GenerationStatus, ReviewState, Style, TrainingStatus, User
from app.services import (
    community_service,
    generation_service,
    payment_service,
    pricing,
    style_service,
    user_service,
)
from app.services.token_service import TokenService
from devtools.demo import DEMO_ARTISTS, DemoArtist

BUYER = "buyer"
PURCHASE = 1000
FORMATS = ("1:1", "1:2", "1:1")
PATIENCE_SECONDS = 300
# Of a training that waits for people, not for the worker.
HELD = "held"


class Command(BaseCommand):
    help = "Upload, train and sell the works of the demo artists. Goes on where it stopped."

    def handle(self, *args: Any, **options: Any) -> None:
        self._started_at = time.monotonic()
        if not settings.DEMO_SIGN_IN:
            raise CommandError("The demo artists sign in by name alone: set DEMO_SIGN_IN=1.")
        try:
            self._prepare()
        except DomainError as error:
            raise CommandError(f"These data do not take the demo artists. {error}") from error
        except ProgrammingError as error:
            raise CommandError(
                "The database has no tables: manage.py migrate makes them."
            ) from error

    def _prepare(self) -> None:
        # Who has closed their account is not made to come back: their works are known here, and
        # would be held as a copy.
        missing = [
            artist
            for artist in DEMO_ARTISTS
            if _style_of(artist) is None and not user_service.has_left_demo(artist.username)
        ]
        for number, artist in enumerate(missing, start=1):
            self._say(
                f"{artist.artist_name} uploads {len(artist.works)} works"
                f" ({number} of {len(missing)})"
            )
            _upload(artist)
        self._wait_for_trainings()
        self._order_pictures()

    def _wait_for_trainings(self) -> None:
        for artist in DEMO_ARTISTS:
            style = _style_of(artist)
            if style is None or style.training_status == TrainingStatus.COMPLETED:
                continue
            self._say(f"The worker learns “{artist.style_name}”")
            status = self._wait(lambda style=style: _training_outcome(style.pk))
            if status == HELD:
                self._say(f"Our staff looks at the works of “{artist.style_name}” first")
            elif status != TrainingStatus.COMPLETED:
                reason = Style.objects.get(pk=style.pk).failure_reason
                raise CommandError(f"The training of {artist.style_name} failed. {reason}")

    def _order_pictures(self) -> None:
        buyer = user_service.sign_in_demo(BUYER)
        for artist in DEMO_ARTISTS:
            style = _style_of(artist)
            if style is None or not style.is_ready:
                # Held by a check, or withdrawn since.
                continue
            if style.generations.filter(user=buyer).exists():
                continue
            self._say(
                f"A buyer orders {len(artist.sample_prompts)} pictures by {artist.artist_name}"
            )
            for number, prompt in enumerate(artist.sample_prompts):
                self._order(buyer, style, prompt, FORMATS[number % len(FORMATS)], seed=number + 1)

    def _order(
        self, buyer: User, style: Style, prompt: tuple[str, ...], aspect_ratio: str, seed: int
    ) -> None:
        cost = pricing.cost_of(style.price, aspect_ratio)
        if User.objects.get(pk=buyer.pk).token_balance < cost:
            self._give_tokens(buyer)
        generation = generation_service.request_generation(
            user=buyer,
            style_id=style.pk,
            prompt_tags=prompt,
            aspect_ratio=aspect_ratio,
            seed=seed,
        )
        status = self._wait(lambda: _generation_outcome(generation.pk))
        if status != GenerationStatus.COMPLETED:
            raise CommandError(f"Picture {generation.pk} could not be made.")
        generation_service.update_generation(
            user=buyer,
            generation_id=generation.pk,
            visibility="public",
            description=", ".join(prompt).capitalize() + ".",
        )
        artist = User.objects.get(pk=style.artist_id)
        community_service.toggle_like(user=artist, generation_id=generation.pk)

    def _give_tokens(self, buyer: User) -> None:
        order: dict[str, Any] = {"user": buyer, "amount": PURCHASE, "payment_method": "card"}
        if payment_service.takes_no_money():
            payment = payment_service.take_payment(**order)
            payment_service.record_purchase(payment=payment, **order)
        else:
            # Nobody presses on the provider's page for it.
            TokenService.add_tokens(buyer.pk, PURCHASE, "Demo")

    def _wait(self, outcome: Any) -> str:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            status: str | None = outcome()
            if status is not None:
                return status
            time.sleep(0.1)
        raise CommandError(f"The worker did not finish within {PATIENCE_SECONDS} s. Does it run?")

    def _say(self, text: str) -> None:
        self.stdout.write(f"{text} … ({time.monotonic() - self._started_at:.0f} s)")


def _style_of(artist: DemoArtist) -> Style | None:
    return Style.objects.filter(
        artist__user__provider=user_service.DEMO_PROVIDER,
        artist__user__provider_user_id=artist.username,
        name=artist.style_name,
    ).first()


def _upload(artist: DemoArtist) -> None:
    user = user_service.sign_in_demo(artist.username)
    if not user.is_artist:
        user_service.update_profile(user=user, bio=artist.bio)
        user_service.become_artist(
            user=user,
            artist_name=artist.artist_name,
            signature_image=BytesIO(artist.signature_path.read_bytes()),
        )
        user.refresh_from_db()
    upload = style_service.prepare_upload(
        user=user,
        name=artist.style_name,
        description=artist.style_description,
        price=artist.price,
        tags=artist.tags,
        images=[BytesIO(work.path.read_bytes()) for work in artist.works],
        image_tags=[work.tags for work in artist.works],
    )
    style_service.create_style(upload)


def _training_outcome(style_id: int) -> str | None:
    style = Style.objects.get(pk=style_id)
    if style.review_state in {ReviewState.WAITING, ReviewState.REFUSED}:
        return HELD
    status = style.training_status
    return status if status in {TrainingStatus.COMPLETED, TrainingStatus.FAILED} else None


def _generation_outcome(generation_id: int) -> str | None:
    status = Generation.objects.values_list("status", flat=True).get(pk=generation_id)
    under_way = {GenerationStatus.QUEUED, GenerationStatus.PROCESSING}
    return None if status in under_way else status
