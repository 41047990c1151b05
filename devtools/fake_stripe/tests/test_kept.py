"""What the provider knows is there again after it ended, however it ended."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from devtools.fake_stripe.private import PrivateStripe
from devtools.fake_stripe.tests.conftest import client
from devtools.servers.process import wait_for

pytestmark = pytest.mark.slow


def test_a_provider_that_is_killed_forgets_nothing_older_than_a_second(tmp_path: Path) -> None:
    with PrivateStripe(tmp_path, keeps=True) as server:
        api = client(server.url)
        names = [f"{number}@example.com" for number in range(3)]
        for email in names:
            api.v1.customers.create({"email": email})
        file = tmp_path / "state.json"
        assert wait_for(lambda: file.exists() and names[-1] in file.read_text(), 10)
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
    # Whole, and not only what was written last.
    kept = json.loads(file.read_text())["_things"].values()
    assert [each["email"] for each in kept if each["object"] == "customer"] == names
    with PrivateStripe(tmp_path, keeps=True) as again:
        found = client(again.url).v1.customers.list({}).data
        assert sorted(each.email or "" for each in found) == names
