"""The provider's state in a file, so that it is still there when the server starts again."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

from devtools.fake_stripe.idempotency import Kept
from devtools.fake_stripe.service import Service

_OF_STATE = ("_things", "_owners", "_hidden", "next_refund")


def keep(service: Service, file: Path) -> NoReturn:
    """For a thread of its own: save what was touched, at most once a second."""
    while True:
        service.state.touched.wait()
        service.state.touched.clear()
        save(service, file)
        time.sleep(1)


def save(service: Service, file: Path) -> None:
    """Write all that the service knows, faults excepted: whole, or not at all."""
    state = service.state
    with state.lock:
        keys = [[*name, asdict(kept)] for name, kept in service.keys._kept.items()]
        told: dict[str, Any] = {name: getattr(state, name) for name in _OF_STATE}
        told |= {"keys": keys, "ahead": state.clock.ahead}
        # With the lock: the thread that keeps it, and the end of the process, write one file.
        new = file.with_suffix(".new")
        new.write_text(json.dumps(told))
        new.replace(file)


def load(service: Service, file: Path) -> None:
    """Know again what was saved there, if anything was."""
    if not file.exists():
        return
    told = json.loads(file.read_text())
    state = service.state
    with state.lock:
        for name in _OF_STATE:
            setattr(state, name, told[name])
        state.clock.ahead = told["ahead"]
        for account, key, kept in told["keys"]:
            method, path, params = kept["request"]
            answer = tuple(kept["answer"]) if kept["answer"] else None
            request = (method, path, params)
            service.keys._kept[account, key] = Kept(request, kept["made_at"], answer)
        for thing in state.all("checkout.session"):
            if thing["url"]:
                # The port may be another one.
                thing["url"] = f"{state.url}/c/pay/{thing['id']}"
