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


class LicenceDayBlock(models.Model):
    """Some leaves of a day, one after the other, as they were published with it.

    The list of a day is read from its blocks, and the proof of a licence needs one of them and the
    roots of the others: neither reads the day's licences. Rows never change, as those of the days.
    """

    day = models.ForeignKey(LicenceDay, models.PROTECT, db_index=False, related_name="blocks")
    number = models.PositiveIntegerField(help_text="From 0.")
    leaves = models.BinaryField(help_text="Hashes of 32 bytes each.")
    root = models.BinaryField(max_length=32, help_text="Of their tree.")

    class Meta:
        ordering = ["-day", "number"]
        constraints = [
            models.UniqueConstraint(fields=["day", "number"], name="licence_day_block_unique")
        ]

    def __str__(self) -> str:
        return f"{self.day_id}, {self.number}"
