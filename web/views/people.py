"""Pages of artists and other users."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from app.exceptions import NotFound
from app.models import Follow, HiddenPerson, Style, User
from app.models.feed import key_of
from app.models.notification import TargetType
from app.models.reads.feed import feed
from web.access import signed_in, wants_part
from web.context import mark_seen
from web.paging import page_of

STYLES_SHOWN = 12


@require_safe
def artist(request: HttpRequest, artist_id: int) -> HttpResponse:
    """An artist, their styles, and the pictures in these styles."""
    person = _profile(request, artist_id)
    if not person.is_artist:
        return redirect("web:user", artist_id)
    page = page_of(request, feed(request.user.pk, keys=[key_of("artist", artist_id)]).with_keys())
    if wants_part(request):
        return render(request, "web/parts/wall_items.html", {"page": page})
    styles = Style.objects.offered().with_artist().with_tags().found_by(artist_id=artist_id)
    content = {"person": person, "styles": styles[:STYLES_SHOWN], "page": page}
    return render(request, "web/artist.html", content)


@require_safe
def user(request: HttpRequest, user_id: int) -> HttpResponse:
    """A user and their public pictures."""
    person = _profile(request, user_id)
    page = page_of(request, feed(request.user.pk, "buyer", user_id).with_keys())
    if wants_part(request):
        return render(request, "web/parts/wall_items.html", {"page": page})
    return render(request, "web/user.html", {"person": person, "page": page})


@require_safe
@signed_in
def following(request: HttpRequest, user: User) -> HttpResponse:
    """The artists that the user follows."""
    page = page_of(request, Follow.objects.of(user).with_artist())
    return render(request, "web/following.html", {"page": page})


@require_safe
@signed_in
def hidden(request: HttpRequest, user: User) -> HttpResponse:
    """Whom the user blocks or mutes."""
    page = page_of(request, HiddenPerson.objects.chosen_by(user).with_person())
    return render(request, "web/hidden.html", {"page": page})


def _profile(request: HttpRequest, user_id: int) -> User:
    person: User | None = User.objects.profiles(request.user).filter(pk=user_id).first()
    if person is None:
        raise NotFound("There is no such user.")
    mark_seen(request, target_type=TargetType.USER, target_id=user_id)
    return person
