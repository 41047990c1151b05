#!/usr/bin/env python
"""Django's commands. Without DATABASE_URL they bring their own PostgreSQL along."""

import os
import sys
from pathlib import Path

from django.core.management import execute_from_command_line

from app.utils import environment
from app.utils.servers.local import SETTINGS, command_name, local_environment


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS)
    if command_name(sys.argv) == "check_environment":
        # With a bad environment Django would not even get as far as finding this command.
        text, is_good = environment.describe(os.environ)
        sys.stdout.write(f"{text}\n")
        sys.exit(0 if is_good else 1)
    with local_environment(sys.argv, Path(__file__).resolve().parent):
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
