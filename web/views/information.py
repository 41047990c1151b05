"""Pages about the site and its licence, and rules for robots."""

from __future__ import annotations

from datetime import datetime
from xml.sax.saxutils import escape

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.views.decorators.http import require_safe

from app.http.rights import RSL
from app.models import Generation, Style
from app.services.licences import terms
from web.crawlers import AI_CRAWLERS
from web.views.licences import words_of

STYLES_LISTED, PICTURES_LISTED = 2000, 5000


@require_safe
def licence(request: HttpRequest) -> HttpResponse:
    choices = [words_of(each) for each in terms.choices()]
    return render(request, "web/licence.html", {"choices": choices})


@require_safe
def about(request: HttpRequest) -> HttpResponse:
    return render(request, "web/about.html", {"fee": settings.PLATFORM_FEE_PERCENT})


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Search engines are welcome. Robots that collect pictures to train models are excluded."""
    ours = ["/api/", "/account", "/wallet", "/notifications", "/studio", "/mine", "/sign-in"]
    lines = [
        f"License: {settings.SITE_URL}{RSL}",
        "",
        "# The works shown here are licensed by their artists picture by picture.",
        "# Training models on them is not part of that licence: please don't.",
        *(f"User-agent: {name}" for name in AI_CRAWLERS),
        "Disallow: /",
        "",
        "User-agent: *",
        "Content-Signal: search=yes, ai-input=no, ai-train=no",
        *(f"Disallow: {path}" for path in ours),
        "",
        f"Sitemap: {settings.SITE_URL}/sitemap.xml",
        "",
    ]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


@require_safe
def icon(request: HttpRequest) -> HttpResponse:
    """Where browsers look for an icon by themselves, as on pages that are not ours."""
    return redirect(static("web/icon.svg"))


@require_safe
def sitemap(request: HttpRequest) -> HttpResponse:
    """The newest styles with their artists, and the newest pictures."""
    styles = Style.objects.offered().found_by()[:STYLES_LISTED]
    named = styles.values_list("pk", "artist_id", "updated_at")
    pictures = Generation.objects.feed(request.user).values_list("pk", "finished_at")
    rows: list[tuple[str, datetime | None]] = [
        (path, None) for path in ("/", "/styles", "/about", "/about/books", "/licence")
    ]
    seen: set[int] = set()
    for style_id, artist_id, updated_at in named:
        rows.append((f"/styles/{style_id}", updated_at))
        if artist_id not in seen:
            rows.append((f"/artists/{artist_id}", None))
            seen.add(artist_id)
    rows += [(f"/pictures/{pk}", at) for pk, at in pictures[:PICTURES_LISTED]]
    body = "".join(
        f"<url><loc>{escape(settings.SITE_URL + path)}</loc>"
        + (f"<lastmod>{at:%Y-%m-%d}</lastmod>" if at else "")
        + "</url>\n"
        for path, at in rows
    )
    return HttpResponse(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n' + body + "</urlset>\n",
        content_type="application/xml; charset=utf-8",
    )
