"""The log of what the pictures' key signed."""

from __future__ import annotations

from django.db import models

from app.models.generation import Generation


class Signature(models.Model):
    """A signature that a worker was given. ``digest`` is the SHA-256 of what was signed."""

    generation = models.ForeignKey(Generation, models.PROTECT, related_name="signatures")
    attempt = models.PositiveSmallIntegerField()
    signer = models.CharField(max_length=60, help_text="The name of the certificate.")
    digest = models.BinaryField(max_length=32, db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"signature {self.pk} for picture {self.generation_id}"
