"""``manage.py check_signatures``: tell artists whose signature is too faint to be drawn."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from app.exceptions import InvalidInput, ServiceUnavailable
from app.models import Artist
from app.services import notification_service, storage
from app.services.uploads import image_service


class Command(BaseCommand):
    help = (
        "Look at all signatures by today's rule. Artists whose signature cannot be drawn are told,"
        " once: their pictures are signed with their name in type meanwhile."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        told = unread = 0
        signed = Artist.objects.filter(user__closed_at=None).exclude(signature_image="")
        for artist in signed.select_related("user").order_by("pk").iterator():
            try:
                with storage.open_file(artist.signature_image) as file:
                    image_service.check_signature(file)
            except InvalidInput:
                told += notification_service.tell_signature_unseen(artist)
            except (ServiceUnavailable, OSError):
                unread += 1
                self.stderr.write(f"{artist.signature_image} cannot be read.")
        were_told = "1 artist was told" if told == 1 else f"{told} artists were told"
        signatures = "1 signature" if unread == 1 else f"{unread} signatures"
        self.stdout.write(f"{were_told}. {signatures} could not be read.")
