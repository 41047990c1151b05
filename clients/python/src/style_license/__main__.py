"""``python -m style_license`` is the command ``style-license``."""

from style_license.cli import run

run()
