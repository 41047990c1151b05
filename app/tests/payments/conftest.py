"""The fake provider in a process of its own, which all tests here share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.services.payments import payouts
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
