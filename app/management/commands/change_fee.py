"""``manage.py change_fee``: announce what the platform keeps of a sale from a day on."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from app.exceptions import InvalidInput
from app.services.payments import fee_changes
from app.utils import clock


class Command(BaseCommand):
    help = (
        "Change the platform's fee from the beginning of a day in Seoul, at least 30 days from now,"
        " and tell each artist."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("percent", type=int, help="from 0 to 100")
        parser.add_argument(
            "--from", dest="begins", type=date.fromisoformat, required=True, help="2027-03-01"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        begins = datetime.combine(options["begins"], time.min, clock.HOME_ZONE)
        try:
            change, told = fee_changes.announce(options["percent"], begins)
        except InvalidInput as error:
            [[problem]] = (error.details or {}).values()
            raise CommandError(str(problem)) from error
        were_told = "1 artist was told" if told == 1 else f"{told} artists were told"
        self.stdout.write(
            f"The fee is {change.percent} % from {options['begins']} on; {were_told}."
        )
