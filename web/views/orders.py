"""Ordering many pictures at once, and what becomes of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

from django.contrib import messages
from django.db.models import Count, Q, QuerySet, Value
from django.db.models.functions import Upper
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from app.exceptions import DomainError, InvalidInput, NotFound, RateLimited, WordsRefused
from app.models import AspectRatio, Generation, GenerationStatus, Order, Style, User
from app.models.notification import TargetType
from app.models.reads.picture import with_keys
from app.services import archives
from app.services.licences import terms
from app.services.orders import ending, placing, quotes
from web import kept, once
from web.access import form_of, go, signed_in, wants_part
from web.context import mark_seen
from web.forms.order_list import Line, ListForm, lines_of
from web.forms.prompts import offer_formats
from web.paging import page_of
from web.phrases import explain, explain_all, say
from web.views.licences import words_of

PICTURES_ON_A_PAGE = 60
POLL_SECONDS = 2


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def order_list(request: HttpRequest, user: User, style_id: int) -> HttpResponse:
    """Order a list: first it is shown what was understood and what it costs, then it is ordered."""
    style = Style.objects.detail(user, style_id)
    form = ListForm(request.POST or None, initial=kept.initial(request, request.path, ListForm))
    offer_formats(form, style.engine)
    if not form.is_valid():
        return _list_page(request, style, form, status=400 if form.is_bound else 200)
    lines = lines_of(form.cleaned_data["lines"])
    items, wrong = form.items(lines, style, _named(lines))
    if wrong or form.errors:
        return _list_page(request, style, form, wrong=wrong, status=400)
    status, seconds, refused = 200, 0, ""
    # Nothing is ordered whose price was not shown.
    if "order" in request.POST and form.cleaned_data["quote"]:
        try:
            return go(request, f"/orders/{_ordered(user, form, items)}")
        except DomainError as error:
            status, refused = 409, explain_all(error)
            if isinstance(error, RateLimited):
                status, seconds = 429, error.seconds
    try:
        quote = quotes.quote(
            user=user,
            items=items,
            deadline=form.deadline(),
            priority=form.cleaned_data["priority"],
        )
    except DomainError as error:
        # It is why the list was not ordered, too.
        wrong = _by_line(error, lines)
        if not wrong:
            form.add_error(None, explain_all(error))
        return _list_page(request, style, form, wrong=wrong, status=409)
    if refused:
        form.add_error(None, refused)
    form.renew(quote=quote.id)
    formats = [AspectRatio(item["aspect_ratio"]).label for item in items]
    shown = {
        "quote": quote,
        "rows": list(zip(lines, items, formats, quote.items, strict=True)),
        "count": sum(item["count"] for item in items),
        "minutes": math.ceil(quote.expected_seconds / 60),
        "missing": max(0, -quote.balance_after),
        "terms": [words_of(terms.of_order(id)) for id in sorted({t.terms_id for t in quote.items})],
    }
    response = _list_page(request, style, form, status=status, **shown)
    if seconds:
        response["Retry-After"] = str(seconds)
    return response


def _ordered(user: User, form: ListForm, items: Sequence[dict[str, Any]]) -> str:
    return once.run_limited(
        user=user,
        kind="orders",
        key=form.cleaned_data["key"],
        what=tuple(sorted(form.cleaned_data.items())),
        act=lambda: str(
            placing.place(
                user=user,
                items=items,
                quote_id=form.cleaned_data["quote"],
                deadline=form.deadline(),
                priority=form.cleaned_data["priority"],
            ).pk
        ),
    )


def _list_page(
    request: HttpRequest, style: Style, form: ListForm, *, status: int = 200, **more: Any
) -> HttpResponse:
    form.renew_key()
    wrong: dict[int, str] = more.pop("wrong", {})
    content = {"style": style, "form": form, "wrong": sorted(wrong.items()), **more}
    return render(request, "web/order_list.html", content, status=status)


def _named(lines: Sequence[Line]) -> dict[str, Style]:
    """The styles on offer that lines name, by name or number. Of one name, the one most used."""
    names = {line.style.lower() for line in lines if line.style}
    numbers = [
        int(name) for name in names if name.isascii() and name.isdecimal() and len(name) < 19
    ]
    if not names:
        return {}
    # One comparison with a list, however many there are.
    called = Q(called__in=[Upper(Value(name)) for name in sorted(names)])
    offered = Style.objects.offered().annotate(called=Upper("name"))
    styles = list(offered.filter(called | Q(pk__in=numbers)).order_by("usage_count", "-pk"))
    return {style.name.lower(): style for style in styles} | {str(s.pk): s for s in styles}


def _by_line(error: DomainError, lines: Sequence[Line]) -> dict[int, str]:
    """What is wrong, by the number of the line; nothing, if it is not of single lines."""
    details = error.details or {}
    if isinstance(error, WordsRefused):
        by_item: dict[int, list[Mapping[str, Any]]] = {}
        for each in details["words"]:
            by_item.setdefault(each["item"], []).append(each)
        return {lines[item].number: explain(WordsRefused(words)) for item, words in by_item.items()}
    if not isinstance(error, InvalidInput):
        return {}
    return {
        lines[int(name.split(".")[1])].number: say(error.code, messages_of[0])
        for name, messages_of in details.items()
    }


@require_safe
@signed_in
def orders(request: HttpRequest, user: User) -> HttpResponse:
    """The user's orders of several pictures."""
    page = page_of(request, Order.objects.of(user))
    facts = ending.facts_of(page.rows)
    rows = [{"order": order, **_progress_of(order, facts[order.pk])} for order in page.rows]
    return render(request, "web/orders.html", {"page": page, "rows": rows})


@require_safe
@signed_in
def order(request: HttpRequest, user: User, order_id: int) -> HttpResponse:
    """An order with its pictures, and how far they are."""
    content = _watched(request, user, order_id)
    mark_seen(request, target_type=TargetType.ORDER, target_id=order_id)
    if wants_part(request):
        return render(request, "web/parts/wall_items.html", content)
    return render(request, "web/order.html", content)


@require_safe
@signed_in
def progress(request: HttpRequest, user: User, order_id: int) -> HttpResponse:
    """The same while it is under way, polled by its page. When it has ended, the page reloads."""
    content = _watched(request, user, order_id)
    if not content["left"]:
        return go(request, f"/orders/{order_id}")
    return render(request, "web/parts/order_progress.html", content)


@require_safe
@signed_in
def archive(request: HttpRequest, user: User, order_id: int) -> HttpResponse:
    """Its finished pictures as one ZIP, with certificates and a table."""
    shown = Order.objects.one_of(user, order_id)
    pictures = Generation.objects.of_order(user, shown.pk).filter(status=GenerationStatus.COMPLETED)
    return zipped(pictures, f"order-{order_id}.zip")


def zipped(pictures: QuerySet[Generation], name: str) -> HttpResponse:
    """``pictures`` as a ZIP that is saved as ``name``."""
    packed = archives.archive(list(pictures))
    response = StreamingHttpResponse(packed, content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return cast("HttpResponse", response)


@form_of("/orders/{order_id}")
@signed_in
def cancel(request: HttpRequest, user: User, order_id: int) -> HttpResponse:
    """Cancel and refund what nobody has begun."""
    before = ending.facts_of([Order.objects.one_of(user, order_id)])[order_id]["refunded"]
    try:
        canceled = placing.cancel(user=user, order_id=order_id)
    except NotFound:
        raise
    except DomainError as error:
        messages.error(request, explain(error))
    else:
        back = ending.facts_of([canceled])[order_id]["refunded"] - before
        said = _("Canceled. %(cost)s tokens were refunded.")
        messages.success(request, said % {"cost": f"{back:,}"})
    return go(request, f"/orders/{order_id}")


def _watched(request: HttpRequest, user: User, order_id: int) -> dict[str, Any]:
    shown = Order.objects.one_of(user, order_id)
    pictures = Generation.objects.of_order(user, order_id)
    page = page_of(request, pictures, size=PICTURES_ON_A_PAGE)
    page.rows[:] = with_keys(page.rows)
    facts = ending.facts_of([shown])[order_id]
    return {
        "order": shown,
        "page": page,
        "poll_seconds": POLL_SECONDS,
        **_progress_of(shown, facts),
        **_lost_of(shown, facts["counts"]),
    }


def _lost_of(order: Order, counts: Mapping[str, int]) -> dict[str, Any]:
    """Why pictures failed, the commonest reason first, and how many were deleted; ``ready`` are
    those that are still there."""
    pictures = Generation.objects.filter(order=order).order_by()
    failed = pictures.filter(status=GenerationStatus.FAILED).values_list("failure_reason")
    deleted = pictures.exclude(deleted_at=None)
    gone = deleted.filter(status=GenerationStatus.COMPLETED).count()
    return {
        "reasons": failed.annotate(count=Count("pk")).order_by("-count", "failure_reason"),
        "deleted": deleted.count(),
        "ready": counts["completed"] - gone,
    }


def _progress_of(order: Order, facts: dict[str, Any]) -> dict[str, Any]:
    counts = facts["counts"]
    left = counts["queued"] + counts["processing"]
    return {
        "counts": counts,
        "refunded": facts["refunded"],
        "paid": order.cost - facts["refunded"],
        "left": left,
        "ended": order.item_count - left,
    }
