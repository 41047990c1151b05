"""``manage.py dead_letters list|show|replay|discard``: messages that no worker could process."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from app.delivery.broker import PublishFailed, served_queues
from app.services.rabbitmq_service import DeadLetter, RabbitMQService


class Command(BaseCommand):
    help = "List, show, replay or discard dead letters."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["list", "show", "replay", "discard"])
        parser.add_argument(
            "message_id", nargs="?", help="a message's id, or `all` (to replay or to discard)"
        )
        parser.add_argument(
            "--queue", choices=served_queues(), help="only this queue's dead letters"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.AMQP_URL:
            raise CommandError("Without a broker (AMQP_URL) there are no dead letters.")
        action, wanted = options["action"], options["message_id"]
        if action != "list" and not wanted:
            raise CommandError(f"Name a message: dead_letters {action} MESSAGE_ID, or `all`.")
        broker = RabbitMQService.shared(settings.AMQP_URL)
        queues = [options["queue"]] if options["queue"] else list(served_queues())
        try:
            found = [each for queue in queues for each in self._act(broker, queue, action, wanted)]
        except PublishFailed as error:
            raise CommandError(str(error)) from error
        finally:
            broker.close()
        if action != "list" and wanted != "all" and not found:
            raise CommandError(f"There is no dead letter {wanted}.")
        verbs = {"replay": "put back on the queue", "discard": "deleted"}
        self.stdout.write(f"{len(found)} dead letters {verbs.get(action, 'found')}.")

    def _act(
        self, broker: RabbitMQService, queue: str, action: str, wanted: str | None
    ) -> list[DeadLetter]:
        message_id = None if wanted == "all" else wanted
        if action in {"replay", "discard"}:
            return broker.settle_dead_letters(queue, message_id, replay=action == "replay")
        letters = broker.dead_letters(queue)
        if action == "show":
            letters = [each for each in letters if message_id in (None, each.message_id)]
        for letter in letters:
            self.stdout.write(
                f"{letter.queue} {letter.number}: {letter.message_id or 'no id'},"
                f" {letter.reason or 'no reason'}, {len(letter.body)} bytes"
            )
            if action == "show":
                self.stdout.write(letter.body.decode("utf-8", "backslashreplace"))
        return letters
