from django.db import models

from app.models.user import User


class IdempotencyKey(models.Model):
    """The first answer to a request with an Idempotency-Key, kept for a day."""

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of method, path and meaning.")
    response_status = models.PositiveSmallIntegerField()
    response_body = models.TextField(help_text="Which thing was made: “#” and its id.")
    facts = models.JSONField(null=True, help_text="What else the answer says that may change.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(name="idempotency_key_unique", fields=["user", "key"])
        ]
        indexes = [models.Index(name="idempotency_age", fields=["created_at"])]

    def __str__(self) -> str:
        return self.key
