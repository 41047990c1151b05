"""Artists prove who they are: their own site links back to their page here with ``rel="me"``.

``app/delivery/site_checks.py`` fetches what is due, by the rules of webhooks. A site is looked at
soon after it is named, and each week once it is proven. If the link is gone, so is the mark; if the
site does not answer, the mark goes after some days.
"""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from urllib.parse import urljoin

from django.db import transaction

from app.exceptions import NotFound
from app.models import ArtistSite, User
from app.services import style_service
from app.services.token_service import lock_open
from app.services.webhooks import endpoints
from app.services.webhooks.deliveries import Outcome
from app.utils import clock
from app.utils.links import page_url

# Of a page; a link that stands farther down is not found.
MOST_BYTES = 256 * 1024
LEASE = timedelta(minutes=2)
AGAIN = timedelta(days=7)
# After a failure of a site that was proven, so often until the mark goes.
SOON = timedelta(days=1)
MOST_FAILURES = 3
BATCH = 5
LONGEST_VALUE = 2000
_OPENING = re.compile(r"<(?:!--|[!?]|/?[a-z][^\s/>]*+)", re.IGNORECASE)
# A value whose quote does not end goes on to the end of the page.
_ATTRIBUTE = re.compile(
    r"""[\s/]*+([^\s/>][^\s/>=]*+)
    (?:\s*+=\s*+(?: "([^"]*+)(?:"|\Z) | '([^']*+)(?:'|\Z) | ([^\s>]*+) ))?""",
    re.VERBOSE,
)
# What stands in these is text.
_END_OF = {
    name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE)
    for name in ("script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes")
}
NO_LINK = 'There is no link to your page here with rel="me" on it.'


def site_of(user: User) -> ArtistSite:
    """Raises ArtistOnly, and NotFound where the artist has named none."""
    artist = style_service.artist_of(user)
    site = ArtistSite.objects.filter(artist=artist).first()
    if site is None:
        raise NotFound("You have named no site.")
    return site


@transaction.atomic
def name_site(*, user: User, url: str) -> ArtistSite:
    """Name one's site, or have the same looked at again. Raises ArtistOnly, InvalidInput."""
    address = endpoints.checked_url(url, field="url")
    lock_open(user.pk)
    artist = style_service.artist_of(user)
    site = ArtistSite.objects.select_for_update(no_key=True).filter(artist=artist).first()
    if site is None or site.url != address:
        site = ArtistSite(artist=artist, url=address)
    site.due_at, site.failure, site.failure_count = clock.now(), "", 0
    site.save()
    return site


@transaction.atomic
def forget_site(user: User) -> None:
    """Raises ArtistOnly."""
    ArtistSite.objects.filter(artist=style_service.artist_of(user)).delete()


@transaction.atomic
def claim() -> list[ArtistSite]:
    """Some that are due, the longest first. They are due again after a lease."""
    due = ArtistSite.objects.filter(due_at__lte=clock.now()).order_by("due_at", "pk")
    sites = list(due.select_for_update(skip_locked=True, no_key=True)[:BATCH])
    for site in sites:
        site.due_at = clock.now() + LEASE
    ArtistSite.objects.bulk_update(sites, ["due_at"])
    return sites


@transaction.atomic
def record(claimed: ArtistSite, outcome: Outcome) -> None:
    """Keep what was found on a site that was claimed, unless another one is named by now."""
    locked = ArtistSite.objects.select_for_update(no_key=True)
    site = locked.filter(pk=claimed.pk, url=claimed.url).first()
    if site is None:
        return
    now = clock.now()
    site.checked_at = now
    if outcome.is_accepted and links_back(outcome.answer, site.url, site.artist_id):
        site.proven_at = site.proven_at or now
        site.due_at, site.failure, site.failure_count = now + AGAIN, "", 0
    else:
        is_away = not outcome.is_accepted
        site.failure = _reason(outcome)[:300] if is_away else NO_LINK
        site.failure_count += 1
        if not is_away or site.failure_count >= MOST_FAILURES:
            site.proven_at = None
        # Who was never proven looks themselves.
        site.due_at = now + SOON if site.proven_at else None
    site.save()


def links_back(page: str, url: str, artist_id: int) -> bool:
    """Whether ``page``, which is at ``url``, has a link with ``rel="me"`` to the artist's page."""
    ours = {page_url(folder, str(artist_id)) for folder in ("artists", "users")}
    return any(_without_slash(url, each) in ours for each in _links_of(page))


def _without_slash(url: str, link: str) -> str:
    """``link`` on the page ``url``, in full; "" where it is none."""
    try:
        address = urljoin(url, link)
    except ValueError:
        return ""
    return address.partition("#")[0].partition("?")[0].rstrip("/")


def _links_of(page: str) -> list[str]:
    """Where links with ``rel="me"`` lead, as far as a browser shows them.

    Each step moves on: a page that was made to take long takes no longer than others, as it would
    with ``html.parser``, which also breaks at some.
    """
    links: list[str] = []
    at = 0
    while opening := _OPENING.search(page, at):
        at, name = opening.end(), opening[0][1:].lower()
        given: dict[str, str] = {}
        if name == "!--":
            at = page.find("-->", at)
        elif name not in ("!", "?"):
            while attribute := _ATTRIBUTE.match(page, at):
                at, value = attribute.end(), attribute[2] or attribute[3] or attribute[4] or ""
                given.setdefault(attribute[1].lower(), value if len(value) <= LONGEST_VALUE else "")
        at = page.find(">", at) + 1 if at >= 0 else 0
        if at == 0:
            break
        if name in ("a", "link") and "me" in unescape(given.get("rel", "")).lower().split():
            links.append(unescape(given.get("href", "")).strip())
        if name in _END_OF:
            end = _END_OF[name].search(page, at)
            if end is None:
                break
            at = end.start()
    return links


def _reason(outcome: Outcome) -> str:
    return outcome.error or f"The site answers with the status {outcome.status}."
