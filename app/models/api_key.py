from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from app.models.user import User


class Scope(models.TextChoices):
    READ = "read", "Read everything that I can see"
    GENERATE = "generate", "Order and cancel pictures, which costs tokens"
    MANAGE = "manage", "Change my styles, pictures, profile and likes"


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def of(self, user: User) -> ApiKeyQuerySet:
        """The user's keys that have not been revoked, newest first."""
        return self.filter(user=user, revoked_at__isnull=True).order_by("-created_at", "-pk")


class ApiKey(models.Model):
    """An API key. Only its digest is stored; ``prefix`` helps people to recognise it."""

    user = models.ForeignKey(User, models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=60)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the key.")
    scopes = ArrayField(models.CharField(max_length=10, choices=Scope.choices))
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
