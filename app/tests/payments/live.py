"""``make payments-live``: hold Stripe's test mode to our contract, with keys of the environment.

Without such keys, or with live ones, nothing is asked of anybody, and it ends with 2.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

KEY, ADDRESS, ACCOUNT = "STRIPE_SECRET_KEY", "STRIPE_API_BASE", "STRIPE_TEST_ACCOUNT"
# Tests forget the settings of a deployment; under these names they are kept.
KEPT = {each: f"LIVE_{each}" for each in (KEY, ADDRESS, ACCOUNT)}
TESTS = Path(__file__).with_name("live_contract.py")
REFUSED = 2


def refusal(environment: Mapping[str, str]) -> str:
    """Why nothing can be run."""
    key = environment.get(KEY, "")
    if not key:
        return f"Set {KEY} to a key of Stripe's test mode (sk_test_... or rk_test_...)."
    if not key.startswith(("sk_test_", "rk_test_")):
        return f"{KEY} is not a key of Stripe's test mode: real money would move."
    return ""


def arguments(environment: Mapping[str, str]) -> list[str]:
    """Of pytest."""
    chosen = [] if environment.get(ACCOUNT) else ["-k", "not TestAnArtist"]
    return ["-q", "-p", "no:cacheprovider", *chosen, str(TESTS)]


def main() -> int:
    if why := refusal(os.environ):
        sys.stderr.write(f"{why} Nothing was done.\n")
        return REFUSED
    if not os.environ.get(ACCOUNT):
        sys.stdout.write(f"Nothing is sent to artists: {ACCOUNT} names no account of one.\n")
    os.environ |= {kept: os.environ[each] for each, kept in KEPT.items() if each in os.environ}
    return int(pytest.main(arguments(os.environ)))


if __name__ == "__main__":
    sys.exit(main())
