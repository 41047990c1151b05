"""Filters and tags for the templates of the site."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django import template
from django.utils import dateformat
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from app.models import (
    Generation,
    GenerationStatus,
    Notification,
    Priority,
    Style,
    TrainingStatus,
)
from app.models.generation import unknown_words as unknown_in
from app.models.notification import Subject, subject_of
from app.services import engines, fees, pricing
from app.utils import clock
from app.utils.money import written
from web import images, phrases
from web.wall import HEART, shape_of
from web.wall import wall as wall_of

register = template.Library()


@register.filter
def file_url(key: str) -> str:
    return images.file_url(key)


@register.simple_tag
def sources(preview: str, place: str, width: int | None = None) -> SafeString:
    """Where the file of an ``<img>`` is; see ``web/images.py``."""
    return SafeString(images.sources(preview, place, width))


@register.simple_tag
def largest(preview: str, width: int) -> str:
    return images.largest(preview, width)


@register.simple_tag
def when(moment: datetime, kind: str = "time") -> SafeString:
    """A moment in UTC, which the page's script puts into the reader's zone; ``kind`` is "time",
    "day" for the day alone, or "utc" for what is the same on every screen and on paper. The letters
    of the formats are Django's; site.js knows these."""
    form = gettext("j M Y") if kind == "day" else gettext("j M Y, H:i")
    shown = f"{dateformat.format(moment.astimezone(UTC), form)} UTC"
    if kind == "utc":
        return format_html('<time datetime="{}">{}</time>', moment.isoformat(), shown)
    return format_html(
        '<time datetime="{}" data-as="{}">{}</time>', moment.isoformat(), form, shown
    )


register.filter("day", phrases.day)


@register.filter
def home_day(moment: datetime) -> str:
    """The day of what begins for everybody at once, as its notice names it."""
    return phrases.day(moment.astimezone(clock.HOME_ZONE))


@register.filter
def reason(text: str) -> SafeString:
    """Why something failed, in the visitor's language where we know the words."""
    if text in phrases.OF_FAILURES:
        return format_html("{}", gettext(text))
    return format_html('<span lang="en">{}</span>', text or "–")


register.filter("asked_for", phrases.asked_for)


@register.filter
def said(text: str) -> str:
    """Why something was decided: in the visitor's language where the words are ours."""
    return gettext(text) if text else ""


@register.filter
def lasting(time: timedelta | None) -> str:
    """About how long something took; a dash for nothing."""
    if time is None:
        return "–"
    hours = round(time.total_seconds() / 3600)
    if hours < 1:
        return gettext("less than an hour")
    if hours < 48:
        return ngettext("%(count)s hour", "%(count)s hours", hours) % {"count": hours}
    days = round(hours / 24)
    return ngettext("%(count)s day", "%(count)s days", days) % {"count": days}


@register.filter
def grouped(number: int) -> str:
    """1234567 → 1,234,567."""
    return f"{number:,}"


@register.filter
def money(price: int, currency: str) -> str:
    """1500 of a currency's smallest unit → 15.00 USD."""
    return written(price, currency)


@register.filter
def unlocalized(number: float) -> str:
    """A number for machines: decimal point, no separators."""
    return f"{number:g}"


@register.filter
def tokens(number: int) -> str:
    """An amount of tokens in words."""
    shown = grouped(number)
    return ngettext("%(shown)s token", "%(shown)s tokens", number) % {"shown": shown}


@register.filter
def cost(price: int, aspect_ratio: str) -> int:
    return pricing.cost_of(price, aspect_ratio)


@register.filter
def high_cost(price: int, aspect_ratio: str) -> int:
    """The same of a high priority."""
    return pricing.cost_of(price, aspect_ratio, Priority.HIGH)


@register.filter
def by_format(price: int, engine: str = "") -> list[tuple[str, int]]:
    """The cost of a picture for each format of an engine (the usual one unless it is named), by the
    format's name."""
    drawn = pricing.formats_of(engine or engines.chosen(None))
    return [(ratio.label, pricing.cost_of(price, ratio)) for ratio in drawn]


@register.filter
def engine(style: Style) -> str:
    """What draws in the style, with the version that learned it."""
    return f"{style.engine} {style.engine_version}".rstrip()


@register.filter
def share(amount: int) -> int:
    """The artist's share of ``amount``, in tokens."""
    return pricing.artist_share(amount)


@register.simple_tag
def our_fee() -> dict[str, object]:
    """What we keep of a sale, in percent, and the next change of it."""
    now = clock.now()
    begins, percent = fees.next_change(now) or (None, None)
    return {"percent": fees.percent_at(now), "begins": begins, "next": percent}


@register.filter
def words(picture: Generation) -> str:
    """A picture's prompt as a readable text."""
    return picture.prompt_shown


@register.filter
def unknown_words(picture: Generation) -> tuple[str, ...]:
    """The words of a picture's prompt that the engine does not know."""
    return unknown_in(picture.style.engine, picture.prompt_tags)


@register.filter
def alternative(picture: Generation) -> str:
    """The alternative text of a picture."""
    return gettext("%(words)s, in the style %(style)s by %(artist)s") % {
        "words": words(picture),
        "style": picture.style.name,
        "artist": picture.style.artist.artist_name,
    }


@register.filter
def shape(picture: Generation) -> str:
    """The CSS class for the picture's aspect ratio on the wall."""
    return shape_of(picture.aspect_ratio)


@register.filter
def description(notification: Notification) -> str:
    return phrases.describe(notification)


@register.filter
def subject(notification: Notification) -> Subject:
    return subject_of(notification.subject)


@register.filter
def status_name(status: str) -> str:
    return _status_names().get(status, status)


def _status_names() -> dict[str, str]:
    return {
        GenerationStatus.QUEUED: gettext("Waiting"),
        GenerationStatus.PROCESSING: gettext("Being made"),
        GenerationStatus.COMPLETED: gettext("Ready"),
        GenerationStatus.FAILED: gettext("Failed"),
        GenerationStatus.CANCELED: gettext("Canceled"),
        TrainingStatus.PENDING: gettext("Waiting"),
        TrainingStatus.TRAINING: gettext("Training"),
    }


@register.simple_tag(takes_context=True)
def wall(context: dict[str, Any], pictures: Any, is_first: bool = False) -> SafeString:
    """The pieces of a wall, of rows of pictures; ``chooser`` in the context is the id of a form."""
    return wall_of(
        context["request"],
        pictures,
        is_first=is_first,
        status_names=_status_names(),
        chooser=context.get("chooser", ""),
    )


@register.simple_tag(takes_context=True)
def with_query(context: dict[str, Any], **changes: Any) -> str:
    """The address of the page with a changed query; an empty value removes a parameter."""
    query = {key: values for key, values in context["request"].GET.lists() if key not in {"after"}}
    for key, value in changes.items():
        query[key] = value if isinstance(value, list) else [value] if value else []
    text = urlencode([(key, value) for key, values in query.items() for value in values])
    return f"?{text}" if text else context["request"].path


@register.simple_tag
def icon(name: str) -> SafeString:
    """A small drawing that says nothing by itself."""
    if name == "heart":
        return SafeString(HEART)
    return SafeString(
        f'<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="{ICONS[name]}"/></svg>'
    )


ICONS = {
    "search": "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.3 15.3L20 20",
    "bell": "M6 10a6 6 0 0 1 12 0c0 5 2 6 2 7H4c0-1 2-2 2-7zM10 20a2 2 0 0 0 4 0",
    "menu": "M4 7h16M4 12h16M4 17h16",
    "speech": "M4 5h16v11H11l-5 4v-4H4z",
    "down": "M12 4v12M7 11l5 5 5-5M5 20h14",
    "flag": "M6 21V4M6 5h11l-2 4 2 4H6",
    "share": "M12 15V4M8 8l4-4 4 4M6 12H5v8h14v-8h-1",
    "again": "M20 12a8 8 0 1 1-2.5-5.8M20 4v4h-4",
    "coin": "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM9 12h6M12 9v6",
    "theme": "M12 4a8 8 0 1 0 0 16zM12 4a8 8 0 0 1 0 16",
}
