#!/usr/bin/env python
"""Django's commands. Without DATABASE_URL they bring their own PostgreSQL along."""

import os
import sys
from pathlib import Path

from django.core.management import execute_from_command_line

from app.utils.servers.local import SETTINGS, local_environment


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS)
    with local_environment(sys.argv, Path(__file__).resolve().parent):
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
