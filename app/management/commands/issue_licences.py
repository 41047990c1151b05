"""``manage.py issue_licences``: licences for pictures that were completed before there were any."""

import argparse

from django.core.management.base import BaseCommand, CommandError

from app.services.licences import issuing


class Command(BaseCommand):
    help = "Issue the licences of pictures that have none, in steps; may be stopped and run again."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--step", type=int, default=100, help="pictures in one transaction")

    def handle(self, *args: object, step: int, **options: object) -> None:
        if step < 1:
            raise CommandError("--step is a whole number of at least 1.")
        total = 0
        after: int | None = 0
        while after is not None:
            issued, after = issuing.issue_missing(after, step)
            total += issued
            if issued:
                self.stdout.write(f"{total} licences issued, up to picture {after}.")
        self.stdout.write(f"Every completed picture has its licence; {total} were new.")
