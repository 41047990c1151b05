"""The fake provider in processes of their own: one for buyers, and one for artists."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.services.payments import payouts, sweeping
from app.tests.payments import buyers
from app.tests.payments.paying_artists import Provider, fund, use
from devtools.fake_stripe.private import PrivateStripe
from devtools.fake_stripe.tests.conftest import Door


@pytest.fixture(scope="session")
def funded_provider_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with PrivateStripe(Path(tmp_path_factory.mktemp("stripe"))) as server:
        fund(server.url)
        yield server.url


@pytest.fixture
def provider(funded_provider_url: str, settings: Any, monkeypatch: Any) -> Iterator[Provider]:
    use(settings, funded_provider_url)
    monkeypatch.setattr(payouts, "_rests_until", 0.0)
    door = Door(funded_provider_url)
    yield Provider(funded_provider_url, door)
    door.post("faults", clear=True)
    door.browser.close()


@pytest.fixture(scope="session")
def stripe_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with PrivateStripe(Path(tmp_path_factory.mktemp("stripe"))) as server:
        yield server.url


@pytest.fixture
def stripe(
    stripe_url: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[buyers.Provider]:
    """Where buyers pay."""
    settings.PAYMENT_GATEWAY = "stripe"
    settings.STRIPE_SECRET_KEY = buyers.KEY
    settings.STRIPE_WEBHOOK_SECRETS = [buyers.SECRET]
    settings.STRIPE_API_BASE = stripe_url
    monkeypatch.setattr(sweeping, "_away_until", 0.0)
    made = buyers.Provider(stripe_url)
    yield made
    made.close()
