"""``python -m tests.faults.crashing_relay``: a relay that dies between a confirm and its note."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from django.core.management import call_command

    from app.delivery import outbox

    def die(*messages: Any, **_: Any) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    outbox.mark_sent = die
    call_command("relay_outbox")
    sys.exit(0)
