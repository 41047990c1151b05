"""The pieces of a wall as HTML.

Written in Python and not as a template: the wall is what is asked for most, and a template takes
eight times as long for it. Whatever comes from people is escaped here.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext

from app.models import GenerationStatus, User, Visibility
from app.models.reads.picture import FeedPicture, PictureDetail
from app.models.reads.row import ON_CARD, marked
from app.utils.links import linker
from web.images import sources

# Landscape and upright ones are seen whole in a square, so that they leave no holes either.
SHAPES = {
    "1:2": "tall",
    "2:2": "large",
    "3:2": "wide",
    "2:1": "panorama",
    "4:3": "photo",
    "3:4": "upright",
    "16:9": "screen",
    "9:16": "phone",
}
HEART = (
    '<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="M12 20.5C5.5 15.6 3 12.4 3 9'
    'a4.6 4.6 0 0 1 9-1.6A4.6 4.6 0 0 1 21 9c0 3.4-2.5 6.6-9 11.5z"/></svg>'
)
# How many pictures are seen without scrolling: these are fetched first.
FIRST = 6
# Characters of a picture's words below it.
MAX_WORDS = 60


def shape_of(aspect_ratio: str) -> str:
    """The CSS class of a picture of this format."""
    return SHAPES.get(aspect_ratio, "square")


def wall(
    request: HttpRequest,
    pieces: Iterable[FeedPicture],
    *,
    is_first: bool,
    status_names: dict[str, str],
    chooser: str = "",
) -> SafeString:
    """All pieces, one list item each; they are rows ``with_keys``. Those that have ended can be
    chosen for the form whose id is ``chooser``, if there is one; pictures show their words then."""
    maker = _Maker(request, status_names, chooser)
    return SafeString(
        "".join(
            maker.item(piece, number, is_seen_at_once=is_first and number < FIRST)
            for number, piece in enumerate(pieces)
        )
    )


class _Maker:
    """Holds what all pieces of one wall have in common."""

    def __init__(self, request: HttpRequest, status_names: dict[str, str], chooser: str) -> None:
        self._chooser = escape(chooser)
        self._is_signed_in = isinstance(request.user, User)
        self._token = get_token(request) if self._is_signed_in else ""
        self._is_part = bool(getattr(request, "htmx", False))
        self._next = "" if self._is_part else escape(request.get_full_path())
        self._status_names = status_names
        self._to = linker()
        self._alternative = gettext("%(words)s, in the style %(style)s by %(artist)s")
        self._like = escape(gettext("Like"))
        self._likes = escape(f"{gettext('Sign in to like.')} {gettext('Likes:')}")
        self._on_card = marked(FeedPicture, ON_CARD)
        self._private = escape(gettext("Private"))
        self._choose = gettext("Choose %(words)s")

    def item(self, piece: FeedPicture, number: int, *, is_seen_at_once: bool) -> str:
        shape = shape_of(piece.aspect_ratio)
        if shape == "large" and (number or self._is_part):
            # Only at the head of the wall may one be two columns wide: there and with pieces of one
            # column, no place stays empty between them, whatever the number of columns.
            shape = "square"
        unfinished = "" if piece.image_url else " unfinished"
        return (
            f'<li class="piece {shape}{unfinished}">'
            f'<a class="look" href="/pictures/{piece.id}">'
            f"{self._picture(piece, shape, is_seen_at_once)}</a>{self._captions(piece)}"
            f'<div class="line"><a href="/styles/{piece.style.id}">{escape(piece.style.name)}</a>'
            f"{self._beside(piece)}</div>{self._choice(piece)}</li>\n"
        )

    def _picture(self, piece: FeedPicture, shape: str, is_seen_at_once: bool) -> str:
        words = piece.prompt_shown
        if not piece.image_url:
            status = piece.status if isinstance(piece, PictureDetail) else ""
            state = self._status_names.get(status, status)
            return f'<span class="state">{escape(state)}<br>{escape(words)}</span>'
        preview = piece.preview_url or piece.image_url
        shown = self._alternative % {
            "words": words,
            "style": piece.style.name,
            "artist": piece.artist.artist_name,
        }
        blur = (
            f'<img class="blur" src="{escape(piece.placeholder)}" alt="" aria-hidden="true">'
            if piece.placeholder
            else ""
        )
        urgency = 'fetchpriority="high"' if is_seen_at_once else 'loading="lazy"'
        return (
            f'{blur}<img class="real" {urgency} {sources(preview, shape, piece.width, self._to)}'
            f' width="{piece.width}" height="{piece.height}" alt="{escape(shown)}"'
            ' decoding="async">'
        )

    def _captions(self, piece: FeedPicture) -> str:
        """What the picture's declaration marks to be printed, where it is not empty."""
        texts = [str(getattr(piece, name)) for name in self._on_card]
        captions = [escape(text) for text in texts if text]
        if self._chooser and piece.image_url:
            captions.append(escape(Truncator(piece.prompt_shown).chars(MAX_WORDS)))
        if isinstance(piece, PictureDetail) and piece.licence:
            number = piece.licence.number
            captions.append(f'<a href="/licences/{number}"><code>{number}</code></a>')
        lines = "".join(f'<div class="caption">{caption}</div>' for caption in captions)
        return f'<div class="captions">{lines}</div>' if lines else ""

    def _choice(self, piece: FeedPicture) -> str:
        if not (self._chooser and isinstance(piece, PictureDetail) and piece.has_ended):
            return ""
        name = escape(self._choose % {"words": Truncator(piece.prompt_shown).chars(MAX_WORDS)})
        return (
            f'<label class="pick"><input type="checkbox" name="picture" value="{piece.id}"'
            f' form="{self._chooser}" aria-label="{name}"></label>'
        )

    def _beside(self, piece: FeedPicture) -> str:
        # What others see is completed and public.
        if isinstance(piece, PictureDetail):
            if piece.status != GenerationStatus.COMPLETED:
                return ""
            if piece.visibility != Visibility.PUBLIC:
                return f'<span class="badge">{self._private}</span>'
        if not self._is_signed_in:
            return (
                f'<a class="like" href="/sign-in?next=/pictures/{piece.id}" rel="nofollow">{HEART}'
                f'<span class="unseen">{self._likes}</span> {piece.like_count:,}</a>'
            )
        path = f"/pictures/{piece.id}/like"
        pressed, other = ("true", "no") if piece.is_liked_by_current_user else ("false", "yes")
        return (
            f'<form class="like" method="post" action="{path}" hx-post="{path}"'
            ' hx-swap="outerHTML" hx-disabled-elt="find button">'
            f'<input type="hidden" name="csrfmiddlewaretoken" value="{self._token}">'
            f'<input type="hidden" name="next" value="{self._next}">'
            f'<button name="wanted" value="{other}" aria-pressed="{pressed}">{HEART}'
            f'<span class="unseen">{self._like}</span> {piece.like_count:,}</button></form>'
        )
