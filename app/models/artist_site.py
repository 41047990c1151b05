from __future__ import annotations

from django.db import models
from django.db.models import Q

from app.models.user import Artist


class ArtistSite(models.Model):
    """The site that an artist calls their own. It proves who they are while it links back to their
    page here with ``rel="me"``."""

    artist = models.OneToOneField(Artist, models.CASCADE, primary_key=True, related_name="site")
    url = models.CharField(max_length=500)
    proven_at = models.DateTimeField(null=True, blank=True, help_text="Since when it links back.")
    due_at = models.DateTimeField(
        null=True, blank=True, help_text="When to look again: the end of a lease, too."
    )
    checked_at = models.DateTimeField(null=True, blank=True)
    failure_count = models.PositiveSmallIntegerField(default=0)
    failure = models.CharField(max_length=300, blank=True, help_text="What was wrong with it.")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="artist_site_proven_is_looked_at",
                condition=Q(proven_at=None) | Q(due_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                name="artist_site_due", fields=["due_at"], condition=Q(due_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.url

    @property
    def is_due(self) -> bool:
        """Whether it is looked at next, since its artist asked for that."""
        return self.due_at is not None and self.proven_at is None

    @property
    def name(self) -> str:
        """Its address as people write it."""
        return self.url.removeprefix("https://").removeprefix("http://").rstrip("/")
