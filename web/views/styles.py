"""The search for styles, and the page of a style."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from app.exceptions import NotFound
from app.models import Generation, Priority, Style, Tag, User
from app.models.notification import TargetType
from app.models.reads.feed import feed
from app.services import pricing
from app.services.licences import terms
from app.utils.links import link
from web import kept, structured
from web.access import wants_part
from web.context import mark_seen
from web.forms.finding import SearchForm
from web.forms.making import MOST_AT_ONCE, MakeForm
from web.forms.prompts import offer_formats
from web.paging import page_of
from web.views.licences import words_of

POPULAR_TAGS = 20
SUGGESTIONS = 16
SAMPLES = 8


@require_safe
def styles(request: HttpRequest) -> HttpResponse:
    """Search by text and tags (all must match), newest or most used, followed artists only."""
    wanted = SearchForm(request.GET).wanted()
    found = Style.objects.offered().with_artist().with_tags()
    is_following = wanted.pop("followed") and isinstance(request.user, User)
    if is_following and isinstance(request.user, User):
        found = found.followed_by(request.user)
    page = page_of(request, found.found_by(**wanted), size=18)
    content: dict[str, Any] = {"page": page, "wanted": wanted, "is_following": is_following}
    if wants_part(request):
        is_more = not page.is_first
        part = "web/parts/style_items.html" if is_more else "web/parts/style_results.html"
        return render(request, part, content)
    popular = [tag.name for tag in Tag.objects.popular()[:POPULAR_TAGS]]
    chosen = list(wanted["tags"])
    content["tags"] = chosen + [name for name in popular if name not in chosen]
    return render(request, "web/styles.html", content)


@require_safe
def style(request: HttpRequest, style_id: int) -> HttpResponse:
    """The page of a style. Every picture's licence links here, so it stays after a withdrawal."""
    try:
        shown = Style.objects.detail(request.user, style_id)
    except NotFound:
        withdrawn = Style.objects.withdrawn(style_id)
        if withdrawn is None:
            raise
        return render(request, "web/withdrawn.html", {"style": withdrawn})
    mark_seen(request, target_type=TargetType.STYLE, target_id=style_id)
    order = {**_order_like(request, style_id), **_order_kept(request, style_id)}
    return style_page(request, shown, MakeForm(initial={"terms": shown.terms_id, **order}))


def style_page(
    request: HttpRequest, style: Style, form: MakeForm, *, status: int = 200
) -> HttpResponse:
    viewer = request.user
    suggestions = [tag.name for tag in Tag.objects.of_works(style.pk)[:SUGGESTIONS]]
    samples = feed(viewer.pk, "style", style.pk).with_keys()
    artist = User.objects.profiles(viewer).filter(pk=style.artist_id).first()
    counts = range(1, MOST_AT_ONCE + 1)
    balance = viewer.token_balance if isinstance(viewer, User) else 0
    chosen = form["suggested"].value() or []
    form.suggest(list(dict.fromkeys([*suggestions, *chosen])))
    offer_formats(form, style.engine)
    form.ask_for_prompt(style.engine)
    form.renew_key()
    form.show_price(style.price)
    shown = samples.first(SAMPLES)
    content = {
        "style": style,
        "form": form,
        "samples": shown,
        "structured": structured.of_style(style, shown),
        "terms": words_of(terms.of_order(style.terms_id)),
        "artist": artist,
        "near": _nearness_of(style),
        "counts": counts,
        # By the priority, by the format, by how many pictures.
        "rates": [
            (
                priority.value,
                [
                    [{"cost": count * cost, "left": balance - count * cost} for count in counts]
                    for cost in pricing.quote(style.price, style.engine, priority).values()
                ],
            )
            for priority in Priority
        ],
    }
    return render(request, "web/style.html", content, status=status)


@require_safe
def image(request: HttpRequest, style_id: int) -> HttpResponse:
    """A permanent address of a style's picture, for links from other sites."""
    shown = Style.objects.offered().filter(pk=style_id).first()
    if shown is None or not shown.thumbnail:
        raise NotFound("There is no such style.")
    response = redirect(link(shown.thumbnail))
    response["Cache-Control"] = "public, max-age=300"
    return response


def _nearness_of(style: Style) -> dict[str, Any] | None:
    """How near pictures of the style are to its works, with the pair that is nearest."""
    told = style.memorisation
    if not told:
        return None
    nearest = told["pictures"][told["nearest"]]
    return {
        "count": len(told["pictures"]),
        "copies": told["copies"],
        "percent": round(100 * max(0, nearest["likeness"])),
        "bound": round(100 * told["bound"]),
        "bits": nearest["bits"],
        "picture_url": link(style.nearest_path),
        "work": next((each for each in style.artworks.all()[nearest["work"] :]), None),
    }


def _order_like(request: HttpRequest, style_id: int) -> dict[str, Any]:
    """Initial values for ``?like=<picture>``, if it is visible: its words and format, but new
    seeds, since its own would give the same picture; that is what ``&same=1`` asks for."""
    given = request.GET.get("like", "")
    if not (given.isascii() and given.isdecimal() and len(given) < 19):
        return {}
    like = Generation.objects.visible_to(request.user).in_style(style_id)
    picture = like.filter(pk=int(given)).first()
    if picture is None:
        return {}
    is_same = "same" in request.GET
    return {
        "words": picture.prompt_shown,
        "aspect_ratio": picture.aspect_ratio,
        "same": picture.seed,
        "again": is_same,
        **({"count": 1} if is_same else {}),
        "like": picture.pk if picture.user_id == request.user.pk else None,
    }


def _order_kept(request: HttpRequest, style_id: int) -> dict[str, Any]:
    """Initial values of an order that was sent before: the terms that were seen, but
    not the price: the page says that beside the button."""
    order = kept.initial(request, f"/styles/{style_id}/make", MakeForm)
    order.pop("price", None)
    order.pop("factor", None)
    return order
