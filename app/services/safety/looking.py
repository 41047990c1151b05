"""What the desk shows of a case besides itself: the thing, the account behind it, what is near."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Model, QuerySet

from app.models import (
    Artwork,
    Comment,
    CopyCheck,
    Decision,
    Generation,
    Licence,
    ModerationCase,
    Original,
    PictureCheck,
    Proposal,
    Report,
    ReportReason,
    Statement,
    Style,
    ThingKind,
    User,
    Visibility,
)
from app.models.case import CLAIMS
from app.services.licences import finding
from app.services.licences.finding import Near
from app.services.safety import records

Row = TypeVar("Row")
Waits = TypeVar("Waits", bound=Model)
# The desk works from the top: of a longer list it shows this many, and says how many wait.
QUEUE_SHOWN = 100
REPORTS_SHOWN = 30
HISTORY_SHOWN = 20
WORKS_SHOWN = 24


@dataclass(frozen=True)
class Thing:
    """Something that can be decided on, in a line. ``preview`` is a storage key or "". Without
    ``title`` it is gone."""

    kind: str
    id: int
    title: str = ""
    preview: str = ""
    on_picture: int | None = None


@dataclass(frozen=True)
class Waiting(Generic[Row]):
    """What has waited longest of something; ``count`` is of all."""

    rows: list[Row]
    count: int

    @property
    def is_part(self) -> bool:
        return len(self.rows) < self.count


@dataclass(frozen=True)
class Account:
    """Whose thing it is, in figures."""

    user: User
    pictures: int
    public_pictures: int
    styles: int
    cases: int
    strikes: int
    history: Sequence[Decision]


@dataclass(frozen=True)
class Lookalike:
    """A licensed picture, or a work, that is nearly the same; ``bits`` of 256 differ."""

    title: str
    preview: str
    whose: str
    bits: int | None
    number: str = ""


def things_of(pairs: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Thing]:
    """All things of these kinds and ids, with one statement for each kind."""
    wanted: dict[str, list[int]] = {kind: [] for kind in ThingKind.values}
    for kind, thing_id in pairs:
        wanted[kind].append(thing_id)
    found: list[Thing] = []
    if ids := wanted[ThingKind.PICTURE]:
        found += (
            Thing(
                ThingKind.PICTURE, each.pk, each.prompt_shown, each.preview_path or each.image_path
            )
            for each in Generation.objects.filter(pk__in=ids)
        )
    if ids := wanted[ThingKind.STYLE]:
        found += (
            Thing(ThingKind.STYLE, each.pk, each.name, each.thumbnail)
            for each in Style.objects.filter(pk__in=ids)
        )
    if ids := wanted[ThingKind.COMMENT]:
        found += (
            Thing(ThingKind.COMMENT, each.pk, each.content, "", each.generation_id)
            for each in Comment.objects.filter(pk__in=ids)
        )
    if ids := wanted[ThingKind.PROFILE]:
        found += (
            Thing(ThingKind.PROFILE, each.pk, each.username, each.profile_image)
            for each in User.objects.filter(pk__in=ids)
        )
    return {(each.kind, each.id): each for each in found}


def thing_of(kind: str, thing_id: int) -> Thing:
    found = things_of([(kind, thing_id)])
    return found.get((kind, thing_id), Thing(kind, thing_id))


def thing_seen_by(viewer: User | AnonymousUser, kind: str, thing_id: int) -> Thing:
    """The same for a page of the site. What the viewer does not find there, as where one of two
    people blocks the other, is a number; a picture that is blurred for them has no file."""
    thing = thing_of(kind, thing_id)
    unread = replace(thing, title=str(thing_id), preview="") if thing.title else thing
    if kind == ThingKind.PICTURE:
        picture = Generation.objects.visible_to(viewer).filter(pk=thing_id).first()
        if picture is None:
            return unread
        return replace(thing, preview="") if picture.is_veiled_for(viewer) else thing
    if kind == ThingKind.COMMENT:
        is_seen = Comment.objects.visible_to(viewer).filter(pk=thing_id).exists()
        return thing if is_seen else unread
    return thing


def things_stated(statements: Sequence[Statement]) -> dict[int, Thing]:
    """What each statement is about, for whom it is given to. Of a picture that somebody else has
    bought, its artist is told in which style it was made, and neither sees it nor reads its
    words."""
    found = things_of((each.kind, each.thing_id) for each in statements)
    sold = [each for each in statements if each.of_decision.subject_id != each.recipient_id]
    pictures = Generation.objects.filter(pk__in=[each.thing_id for each in sold])
    names = dict(pictures.values_list("pk", "style__name"))
    stated = {each.pk: found.get((each.kind, each.thing_id)) for each in statements}
    for each in sold:
        stated[each.pk] = Thing(each.kind, each.thing_id, names.get(each.thing_id, ""))
    return {pk: thing for pk, thing in stated.items() if thing is not None}


def queue(kind: str = "") -> list[ModerationCase]:
    """The worst of what waits, with whose things they are."""
    cases = ModerationCase.objects.queue()
    shown = cases.filter(kind=kind) if kind else cases
    return list(shown.select_related("subject")[:QUEUE_SHOWN])


def held_works() -> QuerySet[CopyCheck]:
    """Styles whose works wait for our staff, the longest first."""
    return CopyCheck.objects.held().select_related("style__artist")


def held_images() -> QuerySet[PictureCheck]:
    """Profile pictures and signatures that a check has taken down, the longest first."""
    return PictureCheck.objects.held().select_related("user")


def held_styles() -> Waiting[tuple[Style, int | None]]:
    """Styles that are on hold until somebody decides, the longest first, each with its latest
    case."""
    on_hold = Style.objects.filter(held_at__isnull=False).exclude(withdrawn_reason="")
    styles = first_of(on_hold.select_related("artist").order_by("held_at", "pk"))
    ids = [style.pk for style in styles.rows]
    cases = ModerationCase.objects.filter(kind=ThingKind.STYLE, thing_id__in=ids).order_by("pk")
    latest = dict(cases.values_list("thing_id", "pk"))
    return Waiting([(style, latest.get(style.pk)) for style in styles.rows], styles.count)


def first_of(waiting: QuerySet[Waits]) -> Waiting[Waits]:
    """The first of some rows, which are counted only if there are more."""
    rows = list(waiting[: QUEUE_SHOWN + 1])
    count = waiting.count() if len(rows) > QUEUE_SHOWN else len(rows)
    return Waiting(rows[:QUEUE_SHOWN], count)


def proposals() -> QuerySet[Proposal]:
    """What waits for a second person, the longest first."""
    waiting = Proposal.objects.filter(ended_at=None).select_related("case", "proposed_by")
    return waiting.order_by("created_at", "pk")


def reports_of(
    case: ModerationCase, staff: User, *, only: Iterable[str] = ReportReason.values
) -> list[Report]:
    """The latest, for these reasons; however many there are, the case has their number. None for
    ``staff`` if they are about themselves."""
    if staff.pk == case.subject_id:
        return []
    reports = case.reports.filter(reason__in=list(only)).select_related("reporter")
    return list(reports.order_by("-pk")[:REPORTS_SHOWN])


def claims_on(case: ModerationCase, staff: User) -> list[Report]:
    """The claims of rights among its reports, by people who are not forgotten."""
    return [one for one in reports_of(case, staff, only=CLAIMS) if one.claimant_email]


def reasons_of(case: ModerationCase) -> list[tuple[str, int]]:
    """How many named each reason, the most frequent first."""
    counted = case.reports.order_by().values_list("reason").annotate(n=Count("pk"))
    return list(counted.order_by("-n", "reason"))


def decisions_about(kind: str, thing_id: int) -> list[Decision]:
    told = Decision.objects.about(kind, thing_id).select_related("staff", "second")
    return list(told[:HISTORY_SHOWN])


def account_of(user: User) -> Account:
    pictures = Generation.objects.ordered_by(user.pk)
    history = Decision.objects.concerning(user.pk).select_related("staff", "second")
    return Account(
        user=user,
        pictures=pictures.count(),
        public_pictures=pictures.filter(visibility=Visibility.PUBLIC).count(),
        styles=Style.objects.filter(artist_id=user.pk).count(),
        cases=ModerationCase.objects.filter(subject=user).count(),
        strikes=records.strikes_of(user.pk),
        history=list(history[:HISTORY_SHOWN]),
    )


def licence_of(picture_id: int) -> Licence | None:
    return Licence.objects.filter(pk=picture_id).first()


def near_picture(picture_id: int) -> list[Lookalike]:
    """Other pictures and works that are nearly the same, by the fingerprint."""
    licence = licence_of(picture_id)
    if licence is None or not licence.pdq:
        return []
    turns = [bytes(licence.pdq)]
    works = finding.by_fingerprint(turns, finding.WORKS_OF_OTHERS, artist_id=0)
    pictures = [near for near in finding.by_fingerprint(turns) if near.id != picture_id]
    return [*_works(works), *_pictures(pictures)]


def near_works(check: CopyCheck) -> list[tuple[Artwork, Lookalike | None]]:
    """The works of a style that were held, each with what it is nearly the same as; none for a work
    that shows nudity, or where that is gone."""
    works = {work.position: work for work in check.style.artworks.all()}
    finders = {Original.WORK: _works, Original.PICTURE: _pictures}
    paired: list[tuple[Artwork, Lookalike | None]] = []
    for each in check.found:
        find, near = finders.get(each["kind"]), Near(each["id"], each.get("bits"))
        originals = find([near]) if find else []
        if work := works.get(each["work"]):
            paired.append((work, originals[0] if originals else None))
    return paired


def statement_for(user: User, kind: str, thing_id: int) -> int | None:
    """The latest statement of reasons that the user was given of a thing."""
    given = Statement.objects.of(user).filter(kind=kind, thing_id=thing_id)
    return given.values_list("pk", flat=True).first()


def works_of(style_id: int) -> list[Artwork]:
    return list(Artwork.objects.filter(style_id=style_id).order_by("position")[:WORKS_SHOWN])


def _works(found: Sequence[Near]) -> list[Lookalike]:
    bits = {near.id: near.bits for near in found}
    works = Artwork.objects.filter(pk__in=bits).select_related("style__artist")
    return [
        Lookalike(work.style.name, work.preview_path, work.style.artist.artist_name, bits[work.pk])
        for work in works
    ]


def _pictures(found: Sequence[Near]) -> list[Lookalike]:
    bits = {near.id: near.bits for near in found}
    return [
        Lookalike(
            licence.generation.prompt_shown,
            licence.generation.preview_path,
            licence.generation.style.artist.artist_name,
            bits[pk],
            licence.number,
        )
        for pk, licence in finding.licences_of(found).items()
    ]
