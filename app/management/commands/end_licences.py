"""``manage.py end_licences``: refund pictures, revoke their licences, or both."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import QuerySet

from app.exceptions import DomainError
from app.models import Licence, Style, User
from app.services import moderation_service, reversal_service
from app.services.licences import numbers


class Command(BaseCommand):
    help = (
        "Refund the pictures of these licences, revoke the licences, or both. Each is one"
        " transaction: what breaks off may be run again, and goes on where it was."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("numbers", nargs="*", help="such as SL-7Q2M-0XKD-4T9R")
        parser.add_argument("--style", type=int, help="the id of a style: all its licences")
        parser.add_argument("--refund", action="store_true", help="give the buyers the price back")
        parser.add_argument("--revoke", action="store_true", help="they should not have been sold")
        parser.add_argument("--reason", required=True, help="everybody can read it")
        parser.add_argument("--staff", required=True, help="the user name of whoever decided it")
        parser.add_argument("--second", help="the user name of whoever confirmed --revoke")

    def handle(self, *args: Any, **options: Any) -> None:
        if not (options["refund"] or options["revoke"]):
            raise CommandError("Say --refund, --revoke or both.")
        if bool(options["numbers"]) == (options["style"] is not None):
            raise CommandError("Name licences, or a style.")
        staff, second = _member(options, "staff"), None
        if options["revoke"]:
            if not options["second"] or options["second"] == options["staff"]:
                raise CommandError("--revoke takes two people: name the other one by --second.")
            second = _member(options, "second")
        failed = 0
        # Each is read when its turn comes: another run may be at it.
        for pk in list(self._named(options).order_by("pk").values_list("pk", flat=True)):
            licence = Licence.objects.get(pk=pk)
            act = _act(licence, second, is_refund=options["refund"])
            if act is None:
                self.stdout.write(f"{licence} is {licence.state} already.")
                continue
            try:
                act(licence, staff=staff, reason=options["reason"])
            except DomainError as error:
                failed += 1
                self.stderr.write(f"{licence}: {error.message}")
            else:
                licence.refresh_from_db()
                self.stdout.write(f"{licence} is {licence.state} now.")
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


def _member(options: dict[str, Any], name: str) -> User:
    member: User | None = User.objects.filter(username=options[name], is_staff=True).first()
    if member is None:
        raise CommandError(f"--{name} is not a member of the staff.")
    return member


def _act(licence: Licence, second: User | None, *, is_refund: bool) -> Callable[..., object] | None:
    """What has still to be done to a licence, ``second`` having confirmed that it is revoked; None
    where nothing has."""
    if second is not None and licence.is_valid:
        return partial(moderation_service.revoke, second=second, with_refund=is_refund)
    if is_refund and not reversal_service.is_refunded(licence):
        return moderation_service.refund
    return None
