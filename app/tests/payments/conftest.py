"""The fake provider, as buyers see it (``stripe``), and artists (``provider``)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from app.services.payments import disputes, payouts, sweeping
from app.tests.payments import buyers
from app.tests.payments.paying_artists import Provider
from devtools.fake_stripe.tests.conftest import Door


@pytest.fixture
def _uses_stripe(stripe_url: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.PAYMENT_GATEWAY = "stripe"
    settings.STRIPE_SECRET_KEY = buyers.KEY
    settings.STRIPE_WEBHOOK_SECRETS = [buyers.SECRET]
    settings.STRIPE_API_BASE = stripe_url
    monkeypatch.setattr(sweeping, "_away_until", 0.0)
    monkeypatch.setattr(payouts, "_rests_until", 0.0)
    # The disputes of other tests are none of ours.
    monkeypatch.setattr(disputes, "_next_round_at", float("inf"))


@pytest.fixture
def stripe(_uses_stripe: None, stripe_url: str) -> Iterator[buyers.Provider]:
    """Where buyers pay."""
    made = buyers.Provider(stripe_url)
    yield made
    made.close()


@pytest.fixture
def provider(_uses_stripe: None, stripe_url: str, settings: Any) -> Iterator[Provider]:
    """What pays artists, whose earnings are not on hold."""
    settings.EARNINGS_HOLD_DAYS = 0
    door = Door(stripe_url)
    yield Provider(stripe_url, door)
    door.post("faults", clear=True)
    door.browser.close()
