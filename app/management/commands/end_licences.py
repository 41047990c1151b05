"""``manage.py end_licences``: refund pictures, propose that their licences are revoked, or both.

A name that an operator types confirms nothing: somebody else does, signed in, at the desk or in the
admin's list of proposals, where any number is confirmed at once.
"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import QuerySet

from app.exceptions import DomainError
from app.models import Licence, Style, ThingKind, User
from app.services import moderation_service, reversal_service
from app.services.licences import numbers
from app.services.safety import deciding

WAITS = "waits for somebody else to confirm that it is revoked."


class Command(BaseCommand):
    help = (
        "Refund the pictures of these licences, or propose that the licences are revoked, with a"
        " refund or without; somebody else confirms that at the desk. Each is one transaction: what"
        " breaks off may be run again, and goes on where it was."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("numbers", nargs="*", help="such as SL-7Q2M-0XKD-4T9S")
        parser.add_argument("--style", type=int, help="the id of a style: all its licences")
        parser.add_argument("--refund", action="store_true", help="give the buyers the price back")
        parser.add_argument(
            "--revoke", action="store_true", help="propose it: they should not have been sold"
        )
        parser.add_argument("--reason", required=True, help="everybody can read it")
        parser.add_argument("--staff", required=True, help="the user name of whoever decided it")

    def handle(self, *args: Any, **options: Any) -> None:
        if not (options["refund"] or options["revoke"]):
            raise CommandError("Say --refund, --revoke or both.")
        if bool(options["numbers"]) == (options["style"] is not None):
            raise CommandError("Name licences, or a style.")
        staff = _member(options["staff"])
        failed = 0
        # Each is read when its turn comes: another run may be at it.
        for pk in list(self._named(options).order_by("pk").values_list("pk", flat=True)):
            licence = Licence.objects.get(pk=pk)
            try:
                said = _end(licence, staff, options)
            except DomainError as error:
                failed += 1
                self.stderr.write(f"{licence}: {error.message}")
            else:
                self.stdout.write(f"{licence} {said}")
        if failed:
            raise CommandError(f"{failed} could not be ended.")

    def _named(self, options: dict[str, Any]) -> QuerySet[Licence]:
        if options["style"] is not None:
            if not Style.objects.filter(pk=options["style"]).exists():
                raise CommandError(f"There is no style {options['style']}.")
            of_style = Licence.objects.filter(generation__style_id=options["style"])
            if not of_style.exists():
                raise CommandError(f"Style {options['style']} has no licences.")
            return of_style
        wanted = {_parsed(number) for number in options["numbers"]}
        named = Licence.objects.filter(number__in=wanted)
        if missing := wanted - set(named.values_list("number", flat=True)):
            raise CommandError(f"There is no licence {', '.join(sorted(missing))}.")
        return named


def _parsed(number: str) -> str:
    try:
        return numbers.parse(number)
    except numbers.WrongNumber as error:
        raise CommandError(f"{number}: {error}") from error


def _member(name: str) -> User:
    member: User | None = User.objects.filter(username=name, is_staff=True).first()
    if member is None:
        raise CommandError("--staff is not a member of the staff.")
    return member


def _end(licence: Licence, staff: User, options: dict[str, Any]) -> str:
    """Do what has still to be done. Returns what became of it. Raises DomainError."""
    given = {"staff": staff, "reason": options["reason"]}
    if options["revoke"] and licence.is_valid:
        if not deciding.is_proposed(ThingKind.PICTURE, licence.pk):
            moderation_service.propose_revocation(licence, **given, with_refund=options["refund"])
        return WAITS
    if not options["refund"] or reversal_service.is_refunded(licence):
        return f"is {licence.state} already."
    moderation_service.refund(licence, **given)
    licence.refresh_from_db()
    return f"is {licence.state} now."
