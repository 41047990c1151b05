"""What the relay asks the payment provider, and what the books say, by the word.

``python -m tests.faults.asking`` reads lines: ``ask`` asks until nothing waits, ``books`` names
what is wrong in our books or differs from the provider's, ``audit`` the former alone. It answers
each with a list. With a number it asks at once, and dies before that write.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import date

import django

from tests.faults.dying import Countdown, watch

ROUNDS = 200
# What the program logs is between the answers.
ANSWER = "answer: "
# The provider's clock goes ahead when it is to send again.
EVER = date(2020, 1, 1), date(2040, 1, 1)


def ask() -> list[str]:
    from app.services.payments import payouts, sweeping

    for _ in range(ROUNDS):
        # In turns that no relay waits for: the next one does not rest after an answer was lost.
        sweeping._away_until = payouts._rests_until = 0.0
        if not sweeping.sweep() + payouts.sweep():
            return []
    return ["there is always something to ask"]


def books() -> list[str]:
    from app.services import audit_service
    from app.services.payments import reconciliation
    from app.services.payments.payout_gateway import provider_books

    differences = reconciliation.compare(provider_books(), *EVER).differences
    return [str(each) for each in (*audit_service.audit(), *differences)]


def audit() -> list[str]:
    from app.services import audit_service

    return [f"{each.row}: {each.problem}" for each in audit_service.audit()]


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from django.db import connection

    if len(sys.argv) > 1:
        watch(Countdown(int(sys.argv[1])))
        ask()
    else:
        words = {"ask": ask, "audit": audit, "books": books}
        for line in sys.stdin:
            sys.stdout.write(f"{ANSWER}{json.dumps(words[line.strip()]())}\n")
            sys.stdout.flush()
            # The database may be restarted until the next one.
            connection.close()
