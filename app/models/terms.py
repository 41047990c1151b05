"""What artists declare at an upload, and the terms under which their styles are licensed.

Both are published in versions that never change; migrations write them from files in
``app/services/licences/texts``.
"""

from __future__ import annotations

from django.db import models

from app.models.user import User

DEFAULT_TERMS = "commercial/1"


class TermsKey(models.TextChoices):
    """What an artist may choose from."""

    PERSONAL = "personal", "Personal use"
    COMMERCIAL = "commercial", "Commercial use"
    WITHOUT_ATTRIBUTION = "commercial-no-attribution", "Commercial use without attribution"


class Terms(models.Model):
    """A version of the terms. Its id is key and version, as in ``commercial/1``."""

    id = models.CharField(max_length=60, primary_key=True)
    key = models.CharField(max_length=50)
    version = models.PositiveSmallIntegerField()
    document = models.TextField(help_text="All the words, in English and Korean.")
    odrl = models.JSONField(help_text="The same for machines: a policy of ODRL 2.2.")
    sha256 = models.CharField(max_length=64, help_text="That of the document.")
    published_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "terms"
        ordering = ["key", "version"]
        constraints = [
            models.UniqueConstraint(name="terms_version_unique", fields=["key", "version"]),
        ]

    def __str__(self) -> str:
        return self.id


class Declaration(models.Model):
    """A version of what artists declare about the works that they upload."""

    version = models.PositiveSmallIntegerField(primary_key=True)
    text_en = models.TextField()
    text_ko = models.TextField()
    published_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["version"]

    def __str__(self) -> str:
        return f"declaration {self.version}"


class DeclarationAcceptance(models.Model):
    """Who accepted which wording, and when."""

    user = models.ForeignKey(User, models.PROTECT, related_name="declarations")
    declaration = models.ForeignKey(Declaration, models.PROTECT, related_name="acceptances")
    accepted_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-accepted_at", "-pk"]
        constraints = [
            models.UniqueConstraint(name="declaration_once", fields=["user", "declaration"]),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} accepted {self.declaration_id}"
