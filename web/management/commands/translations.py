"""``manage.py translations``: update the catalogues from the code, and compile them.

It needs only Babel, not gettext. The compiled catalogues are in the repository, so the site needs
neither.
"""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation.template import templatize

WEB = Path(__file__).resolve().parents[2]
MODELS = WEB.parent / "app" / "models"
# Whose words the site translates.
SAID = tuple(MODELS / name for name in ("notification.py", "case.py", "decision.py", "webhook.py"))
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
KEYWORDS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "ngettext_noop": (1, 2),
}


class Command(BaseCommand):
    help = "Update and compile the site's catalogues; --check only lists what is missing."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="Change nothing; fail instead.")

    def handle(self, *args: Any, **options: Any) -> None:
        from babel.messages.mofile import write_mo
        from babel.messages.pofile import read_po, write_po

        problems = []
        for language, _name in settings.LANGUAGES:
            folder = WEB / "locale" / language / "LC_MESSAGES"
            source, compiled = folder / "django.po", folder / "django.mo"
            folder.mkdir(parents=True, exist_ok=True)
            content = source.read_bytes() if source.exists() else b""
            catalogue = read_po(BytesIO(content), locale=language)
            before = {_id(message) for message in catalogue if message.id}
            catalogue.update(_messages(), no_fuzzy_matching=True)
            catalogue.fuzzy = False
            # With a time in the header, every run would change the file.
            catalogue.creation_date = catalogue.revision_date = EPOCH
            catalogue.obsolete.clear()
            if language == settings.LANGUAGE_CODE:
                for message in catalogue:
                    message.string = message.id
            wanted = {_id(message) for message in catalogue if message.id}
            problems += [f"{language}: not in the catalogue: {text}" for text in wanted - before]
            problems += [f"{language}: no longer used: {text}" for text in before - wanted]
            problems += [
                f"{language}: not translated: {_id(message)}"
                for message in catalogue
                if message.id and not _is_translated(message.string)
            ]
            binary = BytesIO()
            write_mo(binary, catalogue)
            if options["check"]:
                if not compiled.exists() or compiled.read_bytes() != binary.getvalue():
                    problems.append(f"{language}: django.mo is not what django.po says")
                continue
            text = BytesIO()
            catalogue.header_comment = "# The sentences of the site."
            write_po(text, catalogue, width=100, sort_output=True, no_location=True)
            source.write_bytes(_without_dates(text.getvalue()))
            compiled.write_bytes(binary.getvalue())
        if options["check"] and problems:
            raise CommandError("\n".join(sorted(problems)))
        for problem in sorted(problems):
            self.stdout.write(problem)


def _messages() -> Any:
    from babel.messages.catalog import Catalog
    from babel.messages.extract import extract

    found = Catalog(fuzzy=False)
    templates = [*WEB.rglob("*.html"), *WEB.glob("templates/**/*.txt")]
    for path in sorted([*WEB.rglob("*.py"), *templates, *SAID]):
        if "tests" in path.parts:
            continue
        text = path.read_text()
        code = templatize(text, origin=str(path)) if path.suffix != ".py" else text
        for _line, message, _comments, _context in extract(
            "python", BytesIO(code.encode()), keywords=KEYWORDS
        ):
            found.add(message)
    return found


def _id(message: Any) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _is_translated(string: Any) -> bool:
    return all(string) if isinstance(string, tuple | list) else bool(string)


def _without_dates(content: bytes) -> bytes:
    lines = content.splitlines(keepends=True)
    return b"".join(
        line for line in lines if not line.startswith((b'"POT-Creation', b'"PO-Revision'))
    )
