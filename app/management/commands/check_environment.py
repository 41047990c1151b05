"""``manage.py check_environment``: check each environment variable for production."""

import os

from django.core.management.base import BaseCommand

from config import environment


class Command(BaseCommand):
    """Run by ``manage.py`` itself, before a bad environment can keep Django from starting."""

    help = "Check each environment variable for production; exit 1 if one is invalid."
    requires_system_checks = []

    def handle(self, *args: object, **options: object) -> None:
        text, is_good = environment.describe(os.environ)
        self.stdout.write(text)
        if not is_good:
            raise SystemExit(1)
