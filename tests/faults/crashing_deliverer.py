"""``python -m tests.faults.crashing_deliverer N``: sends the webhooks that are due, and dies before
its Nth write; with ``commit`` after it, right after what became of a message is committed."""

from __future__ import annotations

import os
import sys
from typing import Any

import django

from tests.faults.dying import Countdown, die, watch

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from django.core.management import call_command

    from app.services.webhooks import deliveries

    if sys.argv[1] == "commit":
        record = deliveries.record

        def record_and_die(*given: Any) -> None:
            record(*given)
            die()

        deliveries.record = record_and_die
    else:
        watch(Countdown(int(sys.argv[1])))
    call_command("deliver_webhooks", "--once")
