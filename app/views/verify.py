"""Whose licence a picture has. Everybody may ask, and nothing of it is kept."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AnonymousUser
from rest_framework.request import Request

from app.http.bodies import Answer
from app.models import User
from app.models.verdict import Verdict
from app.serializers.verify import VerificationSerializer, VerifySerializer
from app.services.licences import certificate, verification
from app.services.licences.verification import Verification
from app.views.base import ApiViewSet


class VerifyViewSet(ApiViewSet):
    """Look for the licence of a picture."""

    output = {"list": VerificationSerializer}
    input = {"verify": VerifySerializer}
    schema_tag = "licences"
    schema_names = {"verify": "picture"}
    paged = ()
    errors = {"verify": ("NOT_FOUND",)}
    throttle_scope = "verify"

    def verify(self, request: Request) -> Answer:
        """Send a picture, and hear whether it is licensed here; or a number, and hear of its
        licence. The answer says what was looked at, the best evidence first. The file is not
        kept."""
        given = self.parse()
        if "number" in given:
            by_number = verification.by_number(given["number"])
            return self.show(_told(Verification(Verdict.MATCH, by_number), request.user))
        return self.show(_told(verification.verify(given["file"].read()), request.user))


def _told(found: Verification, viewer: User | AnonymousUser) -> dict[str, Any]:
    licence = found.licence
    return {
        "verdict": found.verdict.value,
        "licence": certificate.public(licence, viewer) if licence else None,
        "evidence": [vars(each) for each in found.evidence],
        "claims": found.claims,
    }
