"""The pieces of a wall as HTML.

Written in Python and not as a template: the wall is what is asked for most, and a template takes
eight times as long for it. Whatever comes from people is escaped here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from app.models import Generation, GenerationStatus, User, Visibility
from app.utils.links import linker
from speed.queries import Row
from web.images import sources

SHAPES = {"1:2": "tall", "2:2": "large"}
HEART = (
    '<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="M12 20.5C5.5 15.6 3 12.4 3 9'
    'a4.6 4.6 0 0 1 9-1.6A4.6 4.6 0 0 1 21 9c0 3.4-2.5 6.6-9 11.5z"/></svg>'
)
# How many pictures are seen without scrolling: these are fetched first.
FIRST = 6


@dataclass(frozen=True, slots=True)
class Piece:
    """What a wall shows of a picture."""

    pk: int
    image_path: str
    preview_path: str
    placeholder: str
    width: int
    height: int
    aspect_ratio: str
    words: str
    like_count: int
    is_liked: bool
    style_id: int
    style_name: str
    artist_name: str
    status: str = GenerationStatus.COMPLETED
    visibility: str = Visibility.PUBLIC

    @classmethod
    def of(cls, picture: Generation) -> Piece:
        return cls(
            pk=picture.pk,
            image_path=picture.image_path,
            preview_path=picture.preview_path,
            placeholder=picture.placeholder,
            width=picture.width,
            height=picture.height,
            aspect_ratio=picture.aspect_ratio,
            words=", ".join(picture.prompt_tags),
            like_count=picture.like_count,
            is_liked=getattr(picture, "is_liked", False),
            style_id=picture.style_id,
            style_name=picture.style.name,
            artist_name=picture.style.artist.artist_name,
            status=picture.status,
            visibility=picture.visibility,
        )

    @classmethod
    def of_row(cls, row: Row) -> Piece:
        """From a row of ``reads.hot.PICTURE_COLUMNS``."""
        return cls(
            pk=row[1],
            image_path=row[2],
            preview_path=row[3],
            placeholder=row[4],
            width=row[5],
            height=row[6],
            aspect_ratio=row[7],
            words=", ".join(row[8]),
            like_count=row[11],
            is_liked=row[22],
            style_id=row[16],
            style_name=row[17],
            artist_name=row[21],
        )


def wall(
    request: HttpRequest, pieces: Iterable[Piece], *, is_first: bool, status_names: dict[str, str]
) -> SafeString:
    """All pieces, one list item each."""
    maker = _Maker(request, status_names)
    return SafeString(
        "".join(
            maker.item(piece, is_seen_at_once=is_first and number < FIRST)
            for number, piece in enumerate(pieces)
        )
    )


class _Maker:
    """Holds what all pieces of one wall have in common."""

    def __init__(self, request: HttpRequest, status_names: dict[str, str]) -> None:
        self._is_signed_in = isinstance(request.user, User)
        self._token = get_token(request) if self._is_signed_in else ""
        is_part = bool(getattr(request, "htmx", False))
        self._next = "" if is_part else escape(request.get_full_path())
        self._status_names = status_names
        self._to = linker()
        self._alternative = gettext("%(words)s, in the style %(style)s by %(artist)s")
        self._like = escape(gettext("Like"))
        self._likes = escape(f"{gettext('Sign in to like.')} {gettext('Likes:')}")
        self._private = escape(gettext("Private"))

    def item(self, piece: Piece, *, is_seen_at_once: bool) -> str:
        shape = SHAPES.get(piece.aspect_ratio, "square")
        unfinished = "" if piece.image_path else " unfinished"
        return (
            f'<li class="piece {shape}{unfinished}">'
            f'<a class="look" href="/pictures/{piece.pk}">'
            f"{self._picture(piece, is_seen_at_once)}</a>"
            f'<div class="line"><a href="/styles/{piece.style_id}">{escape(piece.style_name)}</a>'
            f"{self._beside(piece)}</div></li>\n"
        )

    def _picture(self, piece: Piece, is_seen_at_once: bool) -> str:
        if not piece.image_path:
            state = self._status_names.get(piece.status, piece.status)
            return f'<span class="state">{escape(state)}<br>{escape(piece.words)}</span>'
        shape = SHAPES.get(piece.aspect_ratio, "square")
        preview = piece.preview_path or piece.image_path
        shown = self._alternative % {
            "words": piece.words,
            "style": piece.style_name,
            "artist": piece.artist_name,
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

    def _beside(self, piece: Piece) -> str:
        if piece.status != GenerationStatus.COMPLETED:
            return ""
        if piece.visibility != Visibility.PUBLIC:
            return f'<span class="badge">{self._private}</span>'
        if not self._is_signed_in:
            return (
                f'<a class="like" href="/sign-in?next=/pictures/{piece.pk}" rel="nofollow">{HEART}'
                f'<span class="unseen">{self._likes}</span> {piece.like_count}</a>'
            )
        path = f"/pictures/{piece.pk}/like"
        pressed = "true" if piece.is_liked else "false"
        return (
            f'<form class="like" method="post" action="{path}" hx-post="{path}"'
            ' hx-swap="outerHTML" hx-disabled-elt="find button">'
            f'<input type="hidden" name="csrfmiddlewaretoken" value="{self._token}">'
            f'<input type="hidden" name="next" value="{self._next}">'
            f'<button aria-pressed="{pressed}">{HEART}<span class="unseen">{self._like}</span>'
            f" {piece.like_count}</button></form>"
        )
