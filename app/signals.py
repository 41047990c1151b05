"""Create notifications for likes, comments and follows; forget those of deleted comments. The rules
are in notification_service. And publish the words of licences once the tables are there."""

from django.apps import apps as all_apps
from django.db.models.signals import post_delete, post_migrate, post_save
from django.dispatch import receiver

from app.models import Comment, Follow, Like
from app.services import notification_service
from app.services.licences.publishing import publish


@receiver(post_migrate)
def on_migrated(sender: object, using: str, apps: object = all_apps, **_: object) -> None:
    if getattr(sender, "label", "") == "app":
        publish(apps, using)


@receiver(post_save, sender=Like)
def on_like(instance: Like, created: bool, **_: object) -> None:
    if created:
        notification_service.tell_of_like(instance)


@receiver(post_save, sender=Comment)
def on_comment(instance: Comment, created: bool, **_: object) -> None:
    if created:
        notification_service.tell_of_comment(instance)


@receiver(post_delete, sender=Comment)
def on_comment_deleted(instance: Comment, **_: object) -> None:
    """Replies too, which are deleted with it."""
    notification_service.forget_comment(instance)


@receiver(post_save, sender=Follow)
def on_follow(instance: Follow, created: bool, **_: object) -> None:
    if created:
        notification_service.tell_of_follow(instance)
