"""``make payments-live`` without Stripe: whom it refuses, and that its tests can pass."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from app.tests.payments import live
from app.tests.payments.live_contract import *  # noqa: F403 - the same tests, on the fake provider
from app.tests.payments.live_contract import SendingLive
from app.tests.payments.paying_artists import Provider

MADE_UP = "sk_test_nobodys"


@pytest.fixture(autouse=True)
def _on_the_fake(stripe_url: str, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(live.KEPT[live.KEY], MADE_UP)
    monkeypatch.setenv(live.KEPT[live.ADDRESS], stripe_url)
    gateway = SendingLive().gateway
    account = gateway.open_account(reference="", email="", country="US")
    provider.door.press(gateway.link(account, back="http://b", again="http://a"), "complete")
    monkeypatch.setenv(live.KEPT[live.ACCOUNT], account)


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("", "Set STRIPE_SECRET_KEY"),
        ("sk_live_51HsSecret", "real money would move"),
        ("rk_live_51HsSecret", "real money would move"),
        ("pk_test_51HsPublic", "not a key of Stripe's test mode"),
    ],
)
def test_nothing_is_done_without_a_key_of_the_test_mode(
    key: str, told: str, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setenv(live.KEY, key)
    assert live.main() == live.REFUSED
    said = capsys.readouterr().err
    assert told in said
    assert not key or key not in said


def test_make_ends_with_what_it_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(live.KEY, raising=False)
    root = Path(__file__).parents[3]
    done = subprocess.run(
        ["make", "--assume-old=.venv/installed-dev", "payments-live"],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == live.REFUSED
    assert "Set STRIPE_SECRET_KEY" in done.stderr


def test_who_names_no_account_sends_nothing() -> None:
    assert "not TestAnArtist" in live.arguments({live.KEY: MADE_UP})
    assert "not TestAnArtist" not in live.arguments({live.ACCOUNT: "acct_1"})
