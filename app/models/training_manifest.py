from __future__ import annotations

from django.db import models

from app.models.style import Style


class TrainingManifest(models.Model):
    """What a style was trained on, and with what. Its own table, since few who read a style want
    it."""

    style = models.OneToOneField(
        Style, models.CASCADE, primary_key=True, related_name="training_manifest"
    )
    content = models.JSONField(help_text="See docs/rights.md.")
    sha256 = models.CharField(max_length=64, help_text="That of the content as canonical JSON.")
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"manifest of style {self.pk}"
