"""The wall of public pictures."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from app.models import AspectRatio, User
from app.models.reads.feed import feed as feed_of
from app.models.reads.search import lists_of
from web.access import wants_part
from web.forms.finding import FeedForm
from web.paging import page_of


@require_safe
def feed(request: HttpRequest) -> HttpResponse:
    """Newest or, with ``?sort=popular``, most popular first; of a tag, style, artist or format.

    ``?from=followed`` shows only pictures in the styles of followed artists. htmx gets the next
    pictures without the surrounding page.
    """
    is_following = request.GET.get("from") == "followed" and isinstance(request.user, User)
    wanted = FeedForm(request.GET).wanted()
    keys = lists_of(
        tag=wanted.get("tag", ""),
        q=wanted.get("q", ""),
        style_id=wanted.get("style"),
        artist_id=wanted.get("artist"),
        aspect_ratio=wanted.get("format", ""),
    )
    rows = feed_of(
        request.user.pk,
        "followed" if is_following else "",
        keys=keys,
        is_popular="sort" in wanted,
    )
    content = {
        "page": page_of(request, rows.with_keys()),
        "is_following": is_following,
        "wanted": wanted,
        "is_narrowed": bool(keys),
        "formats": AspectRatio.choices,
    }
    part = "web/parts/wall_items.html" if wants_part(request) else "web/feed.html"
    return render(request, part, content)
