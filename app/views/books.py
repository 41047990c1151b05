"""The books for all: what was booked, so that strangers can check it."""

from __future__ import annotations

from datetime import date

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe
from rest_framework.request import Request

from app.exceptions import InvalidInput, NotFound, ServiceUnavailable
from app.http.bodies import Answer
from app.http.errors import for_status
from app.models import Licence, LicenceDay
from app.serializers.books import (
    BooksSerializer,
    DaysQuerySerializer,
    DaysSerializer,
    ProofSerializer,
)
from app.services.licences import blocks, books
from app.services.licences.figures import figures
from app.views.base import ApiViewSet
from app.views.licence import parsed

MOST_DAYS = 400
USUAL_DAYS = 30


class BooksViewSet(ApiViewSet):
    pagination_class = None
    output = {"list": BooksSerializer, "days": DaysSerializer}
    query = {"days": DaysQuerySerializer}
    errors = {"days": ("VALIDATION_ERROR",)}
    schema_tag = "books"
    schema_names = {"list": "figures"}
    paged = ()

    def list(self, request: Request) -> Answer:
        """What the books add up to: the ledger, its last audit, licences and signatures. At most a
        minute old."""
        return self.show(figures())

    def days(self, request: Request) -> Answer:
        """Days of the books, oldest first; at most 400 at once.

        The hashes of a day's licences are at `/books/YYYY-MM-DD.txt`. With them,
        `examples/check_books.py` finds what was put in, taken out or changed later.
        """
        asked = self.parse_query()
        latest = LicenceDay.objects.first()
        if latest is None:
            return self.show({"results": []})
        last = asked.get("last") or latest.day
        first = asked.get("first") or date.fromordinal(max(1, last.toordinal() - USUAL_DAYS + 1))
        if (last - first).days >= MOST_DAYS:
            raise InvalidInput.field("first", f"Ask for {MOST_DAYS} days at most.")
        return self.show({"results": LicenceDay.objects.between(first, last)})


class ProofViewSet(ApiViewSet):
    output = {"retrieve": ProofSerializer}
    schema_tag = "books"
    schema_names = {"retrieve": "proof"}
    errors = {"retrieve": ("SERVICE_UNAVAILABLE",)}
    throttle_scope = "verify"

    def retrieve(self, request: Request, number: str) -> Answer:
        """That a licence is in the books of its day. There is none before the day has ended, in
        UTC."""
        return self.show(books.proof(Licence.objects.numbered(parsed(number))))


@require_safe
def leaves(request: HttpRequest, day: str) -> HttpResponse | StreamingHttpResponse:
    """The hashes of a day's licences, one a line."""
    try:
        told = blocks.told(books.published(date.fromisoformat(day)))
    except (ValueError, NotFound):
        return _soon(for_status(404))
    except ServiceUnavailable:
        return _soon(for_status(503))
    listed = StreamingHttpResponse(map(_lines, told), content_type="text/plain; charset=utf-8")
    patch_cache_control(listed, public=True, max_age=3600)
    return listed


def _soon(refused: HttpResponse) -> HttpResponse:
    """There may be a list in a minute."""
    patch_cache_control(refused, no_store=True)
    return refused


def _lines(hashes: bytes) -> str:
    return hashes.hex("\n", blocks.HASH_BYTES) + "\n"
