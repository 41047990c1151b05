"""One search over everything."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from app.models import Tag
from app.models.reads.search import search as search_for

OF_EACH = 12
POPULAR_TAGS = 12


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Styles, artists, tags and pictures; where there is nothing, what else to look for."""
    text = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    content: dict[str, Any] = {"text": text}
    if text:
        outcome = search_for(text, request.user.pk, limit=OF_EACH, link=lambda key: key)
        content |= {"outcome": outcome, "found": outcome.found}
        content["styles"] = list(outcome.found.styles.with_artist().with_tags())
    if not text or not (content["styles"] or outcome.found.is_fruitful):
        content["popular"] = list(Tag.objects.popular()[:POPULAR_TAGS])
    return render(request, "web/search.html", content)
