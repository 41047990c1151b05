"""Licences and their terms: public, so that anybody can check them."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request

from app.exceptions import NotFound
from app.http.bodies import Answer
from app.models import Licence
from app.permissions import IsOwnerOrReadOnly
from app.serializers.licence import (
    LicenceSerializer,
    LicenceUpdateSerializer,
    OwnLicenceSerializer,
    TermsListSerializer,
)
from app.services.licences import certificate, keys, numbers, states, terms
from app.views.base import ApiViewSet, BaseViewSet


class LicenceViewSet(BaseViewSet):
    """Licences of completed pictures."""

    output = {"list": LicenceSerializer, "mine": OwnLicenceSerializer}
    input = {"update": LicenceUpdateSerializer}
    schema_tag = "licences"
    paged = ("mine",)
    permission_classes = (IsOwnerOrReadOnly,)
    action_permissions = {"mine": (IsAuthenticated,)}

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """A licence and its certificate. Everybody may ask; however the number is written. It is
        there once the picture is completed."""
        found = Licence.objects.numbered(self._number())
        return self.show(certificate.certified(found, request.user))

    def mine(self, request: Request) -> Answer:
        """The licences that I bought, newest first."""
        rows = self.paginate_queryset(Licence.objects.of(self.user).with_picture())
        shown = [certificate.public(licence, self.user) for licence in rows or ()]
        answer: Answer = self.get_paginated_response(self._render(shown, many=True))  # type: ignore[assignment]
        return answer

    def change(self, given: dict[str, Any]) -> dict[str, Any]:
        """Let my name be shown with my licence, or no longer."""
        licence = states.name_buyer(
            user=self.user, number=self._number(), may_change=self.may_change, **given
        )
        return certificate.certified(licence, self.user)

    def _number(self) -> str:
        return parsed(self.kwargs["number"])


class TermsViewSet(ApiViewSet):
    """What an artist may let buyers do with pictures."""

    output = {"list": TermsListSerializer}
    schema_tag = "licences"
    paged = ()

    def list(self, request: Request) -> Answer:
        """The terms that styles can have, in their current versions."""
        return self.show({"results": terms.choices()})


def parsed(number: str) -> str:
    """Raises NotFound, saying what is wrong with the number."""
    try:
        return numbers.parse(number)
    except numbers.WrongNumber as error:
        raise NotFound(str(error)) from error


@require_safe
@cache_control(public=True, max_age=1)
def status_list(request: HttpRequest, number: int) -> HttpResponse:
    """Which licences are no longer valid, for programs that check certificates."""
    return _signed(certificate.signed_status_list(number))


@require_safe
@cache_control(public=True, max_age=300)
def public_keys(request: HttpRequest) -> HttpResponse:
    """The keys that certificates were signed with, former ones too."""
    return JsonResponse(keys.public_keys(), content_type="application/jwk-set+json")


def _signed(credential: str) -> HttpResponse:
    return HttpResponse(credential, content_type=f"application/{certificate.MEDIA_TYPE}")
