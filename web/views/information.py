"""Pages about the site and its licence, and rules for robots."""

from __future__ import annotations

from datetime import datetime
from xml.sax.saxutils import escape

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from app.delivery import outbox
from app.http.rights import RSL
from app.models import Generation, Ground, ReportReason, Style
from app.services import deletion_service, export_service, fees
from app.services.licences import terms
from app.services.payments import noting
from app.services.safety import figures
from app.services.uploads import upload_service
from app.services.webhooks import deliveries
from app.utils import clock
from web.crawlers import AI_CRAWLERS
from web.views.licences import words_of

# Why nothing is broken.
NO_RULES = frozenset({Ground.MISTAKE, Ground.APPEAL, Ground.NONE})
STYLES_LISTED, PICTURES_LISTED = 2000, 5000


@require_safe
def licence(request: HttpRequest) -> HttpResponse:
    choices = [words_of(each) for each in terms.choices()]
    return render(request, "web/licence.html", {"choices": choices})


@require_safe
def about(request: HttpRequest) -> HttpResponse:
    return render(request, "web/about.html", {"fee": fees.percent_at(clock.now())})


@require_safe
def moderation(request: HttpRequest) -> HttpResponse:
    """The rules, how it is decided, and how often it was: for everybody."""
    months = figures.figures()
    content = {
        "grounds": [_(label) for value, label in Ground.choices if value not in NO_RULES],
        "reasons": [_(label) for label in ReportReason.labels],
        "months": months,
        "by_reason": [
            (month, [month.reports.get(reason, 0) for reason in ReportReason.values])
            for month in months
        ],
        "appeal_days": settings.APPEAL_DAYS,
        "strike_days": settings.STRIKE_DAYS,
    }
    return render(request, "web/moderation.html", content)


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """What is kept of people. docs/privacy.md says the same, with where it is done."""
    content = {
        "session_days": settings.SESSION_COOKIE_AGE // 86_400,
        "export_days": export_service.KEPT_FOR.days,
        "deleted_days": deletion_service.KEPT_FOR.days,
        "upload_hours": upload_service.PLACE_SECONDS // 3600,
        "webhook_days": deliveries.KEPT_FOR.days,
        "task_days": outbox.KEPT_FOR.days,
        "payment_days": noting.KEPT_FOR.days,
        "report_days": settings.REPORTER_KEPT_DAYS,
        "appeal_days": settings.APPEAL_DAYS,
    }
    return render(request, "web/privacy.html", content)


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Search engines are welcome. Robots that collect pictures to train models are excluded."""
    ours = ["/api/", "/account", "/wallet", "/notifications", "/studio", "/mine", "/sign-in"]
    ours += ["/desk", "/report", "/statements"]
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
        (path, None)
        for path in ("/", "/styles", "/about", "/about/books", "/about/moderation", "/licence")
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
