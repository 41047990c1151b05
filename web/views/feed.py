"""The wall of public pictures."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from app.models import User
from app.models.reads.feed import feed as feed_of
from web.access import wants_part
from web.paging import page_of


@require_safe
def feed(request: HttpRequest) -> HttpResponse:
    """Newest first. ``?from=followed`` shows only pictures in the styles of followed artists.

    htmx gets the next pictures without the surrounding page.
    """
    is_following = request.GET.get("from") == "followed" and isinstance(request.user, User)
    page = page_of(
        request, feed_of(request.user.pk, "followed" if is_following else "").with_keys()
    )
    if wants_part(request):
        return render(request, "web/parts/wall_items.html", {"page": page})
    return render(request, "web/feed.html", {"page": page, "is_following": is_following})
