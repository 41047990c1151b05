"""The books for all: what was licensed on each day, in a form that strangers can check."""

from __future__ import annotations

from datetime import date

from django.db import models


class LicenceDayQuerySet(models.QuerySet["LicenceDay"]):
    def between(self, first: date, last: date) -> LicenceDayQuerySet:
        """Both included, oldest first."""
        return self.filter(day__gte=first, day__lte=last).order_by("day")


class LicenceDay(models.Model):
    """The licences that were booked on a day of UTC, as one number that depends on all of them.

    Rows never change: a database trigger rejects updates and deletes. Each depends on the row of
    the day before, so who knows one of them knows whether any former one was replaced.
    """

    day = models.DateField(primary_key=True)
    count = models.PositiveIntegerField(help_text="Licences.")
    root = models.CharField(max_length=64, help_text="Of their Merkle tree (RFC 9162).")
    previous = models.CharField(max_length=64, help_text="`digest` of the day before.")
    digest = models.CharField(max_length=64, help_text="SHA-256 of all of the above.")
    published_at = models.DateTimeField(auto_now_add=True)

    objects = LicenceDayQuerySet.as_manager()

    class Meta:
        ordering = ["-day"]

    def __str__(self) -> str:
        return str(self.day)
