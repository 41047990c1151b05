"""``manage.py reconcile_stripe``: compare our books with the payment provider's."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from app.services.payments import reconciliation
from app.services.payments.payout_gateway import provider_books
from app.utils import clock
from app.utils.money import written


class Command(BaseCommand):
    help = (
        "Compare purchases, refunds, disputes and transfers with the provider, day by day of UTC."
        " Names every difference; exits with 1 if there is one. Without days: the last seven."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from", dest="first", type=date.fromisoformat)
        parser.add_argument("--to", dest="last", type=date.fromisoformat)

    def handle(self, *args: Any, **options: Any) -> None:
        last = options["last"] or clock.now().date()
        first = options["first"] or last - timedelta(days=6)
        if first > last:
            raise CommandError("--from is after --to.")
        try:
            report = reconciliation.compare(provider_books(), first, last)
        except (ImproperlyConfigured, reconciliation.NotYet) as error:
            raise CommandError(f"The provider cannot be asked: {error}") from error
        for (day, kind, currency), amount in sorted(report.sums.items()):
            self.stdout.write(f"{day} {kind}: {written(amount, currency)}")
        for difference in report.differences:
            self.stderr.write(str(difference))
        if report.differences:
            raise CommandError(f"{len(report.differences)} differences.")
        self.stdout.write(f"No differences from {first} to {last}.")
