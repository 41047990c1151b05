"""Styles: uploaded, changed, withdrawn, brought back."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

from django.db import IntegrityError, transaction
from django.db.models import OuterRef, Q, QuerySet, Subquery, prefetch_related_objects

from app.exceptions import (
    ArtistOnly,
    DuplicateStyleName,
    InvalidInput,
    InvalidTransition,
    StyleInUse,
)
from app.models import Artist, Artwork, Generation, Style, TermsKey, TrainingStatus, User, names
from app.models.ownership import MayChange, is_owner
from app.models.style import MAX_SUBJECTS
from app.services import (
    draft_service,
    engines,
    storage,
    tag_service,
    training_service,
    training_settings,
)
from app.services.checks import prompts
from app.services.licences import declaration
from app.services.licences import terms as licence_terms
from app.services.token_service import lock_open
from app.services.uploads import (
    artwork_service,
    check_service,
    checkers,
    upload_service,
)
from app.services.uploads.artwork_service import StoredArtwork
from app.utils import caches
from app.utils.names import skeleton
from app.utils.request_id import current_request_id

OTHER_WORKS = "Only a style whose training failed, or whose works are held, can get other works."
WITHDRAWN_FIELDS = ("is_active", "was_offered", "is_draft", "withdrawn_reason")


@dataclass(frozen=True, kw_only=True)
class Works:
    """The works of an upload; only the rows are missing.

    Either the images came with the request, and ``artworks`` are checked and stored, or they were
    uploaded before, and ``uploads`` (keys and tags) are to be checked once they have a style.
    """

    # The version that their artist has accepted.
    declaration_id: int
    artworks: tuple[StoredArtwork, ...] = ()
    uploads: tuple[tuple[str, list[str]], ...] = ()

    @property
    def thumbnail(self) -> str:
        """The storage key of the first work's preview; "" until the works are checked."""
        return self.artworks[0].preview_path if self.artworks else ""

    def discard(self) -> None:
        """Delete the files of an upload that no style got."""
        storage.delete(key for work in self.artworks for key in artwork_service.files_of(work))

    def give_to(self, style: Style) -> None:
        """Have them checked or, once that is done, trained on, in the caller's transaction."""
        if self.uploads:
            upload_service.use(user_id=style.artist_id, keys=[key for key, _ in self.uploads])
            check_service.begin(style, self.uploads)
        else:
            artwork_service.begin_training(style, self.artworks)


@dataclass(frozen=True, kw_only=True)
class StyleUpload(Works):
    """Everything for a new style."""

    artist: Artist
    name: str
    description: str
    price: int
    tags: tuple[str, ...]
    terms_id: str
    engine: str
    is_draft: bool
    # Besides those of every style.
    sample_prompts: tuple[str, ...]
    training: dict[str, Any] | None
    allows_mature: bool
    excluded_subjects: tuple[str, ...]


def prepare_upload(
    *,
    user: User,
    name: str,
    description: str,
    price: int,
    tags: Sequence[str],
    images: Sequence[IO[bytes]],
    image_tags: Sequence[Sequence[str]],
    image_keys: Sequence[str] = (),
    terms: str = TermsKey.COMMERCIAL,
    engine: str | None = None,
    is_draft: bool = False,
    sample_prompts: Sequence[Sequence[str]] = (),
    training: Mapping[str, Any] | None = None,
    allows_mature: bool = False,
    excluded_subjects: Sequence[str] = (),
) -> StyleUpload:
    """Check an upload whole, then store its files. Nothing stays behind when it is refused.

    With ``image_keys`` the files are those that were uploaded there, whose content is checked
    later; else ``images``. ``image_tags`` is parallel to either. ``terms`` is the key of those
    under which pictures will be licensed, ``engine`` the one to learn the style with. A draft is
    not offered before its artist says so. ``sample_prompts`` are tags of pictures to draw after the
    training, besides the usual ones; ``training`` has settings of the engine. Buyers may order
    nudity where the style ``allows_mature``, and nothing of the ``excluded_subjects``. Raises
    ArtistOnly, DeclarationRequired, DuplicateStyleName, InvalidInput, WordsRefused, UploadRejected
    or ServiceUnavailable.
    """
    artist = artist_of(user)
    style_tags = tag_service.parse(tags, field="tags")
    work_tags = [tag_service.parse(each, field="image_tags") for each in image_tags]
    name = names.cleaned(name, field="name", max_length=100)
    description = names.readable(description, field="description")
    if _has_style_named(artist, name):
        raise _duplicate_name(name)
    terms_id = licence_terms.current(terms).id
    engine = engines.chosen(engine)
    told = training_settings.checked(engine, training)
    subjects = _subjects(excluded_subjects)
    style = Style(artist=artist, allows_mature=allows_mature, excluded_subjects=subjects)
    prompts.require_allowed((", ".join(each), style) for each in sample_prompts)
    works = _prepared(user, images, work_tags, image_keys)
    return StyleUpload(
        declaration_id=works.declaration_id,
        terms_id=terms_id,
        engine=engine,
        is_draft=is_draft,
        training=told,
        allows_mature=allows_mature,
        excluded_subjects=tuple(subjects),
        sample_prompts=tuple(", ".join(each) for each in sample_prompts),
        artist=artist,
        name=name,
        description=description,
        price=price,
        tags=tuple(style_tags),
        artworks=works.artworks,
        uploads=works.uploads,
    )


def prepare_works(
    *,
    user: User,
    style_id: int,
    images: Sequence[IO[bytes]],
    image_tags: Sequence[Sequence[str]],
    image_keys: Sequence[str] = (),
    may_change: MayChange = is_owner,
) -> Works:
    """Check other works for a style that could not be trained, as ``prepare_upload`` does.

    Raises NotFound, NotAllowed, InvalidTransition, and what that raises.
    """
    with transaction.atomic():
        style = training_service.lock_own_style(user, style_id, may_change)
        training_service.require_untrained(style, OTHER_WORKS)
    work_tags = [tag_service.parse(each, field="image_tags") for each in image_tags]
    return _prepared(user, images, work_tags, image_keys)


def _prepared(
    user: User,
    images: Sequence[IO[bytes]],
    work_tags: Sequence[list[str]],
    image_keys: Sequence[str],
) -> Works:
    declared = declaration.require(user)
    if image_keys:
        upload_service.require_uploaded(user=user, keys=image_keys)
        uploads = tuple(zip(image_keys, work_tags, strict=True))
        return Works(declaration_id=declared, uploads=uploads)
    stored = artwork_service.check_and_store(images, work_tags, user_id=user.pk)
    return Works(declaration_id=declared, artworks=tuple(stored))


@transaction.atomic(savepoint=False)
def create_style(upload: StyleUpload) -> Style:
    """Make the style of a prepared upload and order its training, or first the check."""
    draft_service.end_replaced(upload.artist.styles.filter(draft_service.alike(upload.name)))
    lock_open(upload.artist.pk)
    with _name_conflicts(upload.name):
        style = Style.objects.create(
            artist=upload.artist,
            name=upload.name,
            description=upload.description,
            price=upload.price,
            terms_id=upload.terms_id,
            engine=upload.engine,
            is_active=not upload.is_draft,
            is_draft=upload.is_draft,
            training_settings=upload.training,
            sample_prompts=list(upload.sample_prompts) or None,
            allows_mature=upload.allows_mature,
            excluded_subjects=list(upload.excluded_subjects),
            declaration_id=upload.declaration_id,
            thumbnail=upload.thumbnail,
            request_id=current_request_id(),
        )
    tag_service.tag_style(style, upload.tags)
    upload.give_to(style)
    return style


@transaction.atomic(savepoint=False)
def replace_works(
    *, user: User, style_id: int, works: Works, may_change: MayChange = is_owner
) -> Style:
    """Train a style whose training failed, or whose works are held, on other works, which take the
    place of its own.

    Name, description, price, tags and address stay. Raises NotFound, NotAllowed, InvalidTransition.
    """
    style = training_service.lock_own_style(user, style_id, may_change)
    training_service.require_untrained(style, OTHER_WORKS)
    checkers.forget_copies(style)
    style.declaration_id, style.review = works.declaration_id, None
    training_service.begin_again(style, thumbnail=works.thumbnail)
    former = list(style.artworks.all())
    files = [key for work in former for key in artwork_service.files_of(work)]
    style.artworks.all().delete()
    works.give_to(style)
    upload_service.delete_files(user_id=style.artist_id, keys=files)
    return style


@transaction.atomic
def update_style(
    *,
    user: User,
    style_id: int,
    name: str | None = None,
    cover: int | None = None,
    cover_sample: int | None = None,
    description: str | None = None,
    price: int | None = None,
    tags: Sequence[str] | None = None,
    terms: str | None = None,
    allows_mature: bool | None = None,
    excluded_subjects: Sequence[str] | None = None,
    is_active: bool | None = None,
    may_change: MayChange = is_owner,
) -> Style:
    """Change what is given; ``cover`` is the id of the work that is shown for the style, or
    ``cover_sample`` the place of a sample. A new price, new ``terms`` and what may be ordered hold
    for pictures ordered from now on. A draft that is made active is offered.

    Raises NotAllowed or NotFound unless the user may change the style, InvalidInput,
    DuplicateStyleName when another style of the artist bears the name, and InvalidTransition if
    staff withdrew it, or it is a draft that is not trained.
    """
    labels = None if tags is None else tag_service.parse(tags, field="tags")
    style = training_service.lock_own_style(user, style_id, may_change)
    counted = tag_service.counted_in(style)
    if description is not None:
        style.description = names.readable(description, field="description")
    if price is not None:
        style.price = price
    if terms is not None:
        style.terms_id = licence_terms.current(terms).id
    if allows_mature is not None:
        style.allows_mature = allows_mature
    if excluded_subjects is not None:
        style.excluded_subjects = _subjects(excluded_subjects)
    if labels is not None:
        tag_service.retag_style(style, labels)
    if name is not None and name != style.name:
        style.name = names.cleaned(name, field="name", max_length=100)
        style.name_skeleton = skeleton(style.name)
    if cover is not None:
        style.thumbnail = _preview_of(style, cover)
    if cover_sample is not None:
        style.thumbnail = draft_service.sample_of(style, cover_sample)
    if is_active is not None:
        if is_active and style.withdrawn_reason:
            raise InvalidTransition("Our staff has withdrawn this style. You cannot offer it.")
        if is_active and style.is_draft:
            draft_service.require_trained(style)
        style.is_draft = style.is_draft and not (is_active or style.is_active)
        style.is_active = style.was_offered = is_active
    with _name_conflicts(style.name):
        style.save()
    tag_service.move_counts(counted, tag_service.counted_in(style))
    caches.forget(caches.POPULAR_STYLES)
    return style


def uploaded_before(user: User, style_id: int) -> list[tuple[int, str]]:
    """Works of the user's style that were uploaded for an earlier one too: their positions, and the
    name of that one."""
    earlier = Artwork.objects.filter(
        style__artist_id=user.pk,
        style__is_active=True,
        style_id__lt=style_id,
        sha256=OuterRef("sha256"),
    ).exclude(style__training_status=TrainingStatus.FAILED)
    name = Subquery(earlier.order_by("style_id").values("style__name")[:1])
    works = Artwork.objects.filter(style_id=style_id, style__artist_id=user.pk)
    known = works.annotate(known_of=name).filter(known_of__isnull=False)
    return list(known.order_by("position").values_list("position", "known_of"))


@transaction.atomic
def offer_style(*, user: User, style_id: int, may_change: MayChange = is_owner) -> Style:
    """Offer a style that is trained: everybody finds it and can order from it. What is offered
    stays so. Raises what ``update_style`` does."""
    style = training_service.lock_own_style(user, style_id, may_change)
    draft_service.require_trained(style)
    if style.is_active:
        return style
    return update_style(user=user, style_id=style_id, may_change=may_change, is_active=True)


@transaction.atomic
def delete_style(*, user: User, style_id: int, may_change: MayChange = is_owner) -> None:
    """Withdraw a style: nobody can order from it, what was made with it stays. A draft is deleted.

    Raises NotAllowed or NotFound unless the user may change the style, and InvalidTransition for a
    draft that is being trained.
    """
    style = training_service.lock_own_style(user, style_id, may_change)
    if style.is_unoffered:
        draft_service.discard(style)
    else:
        withdraw([style])


@transaction.atomic(savepoint=False)
def withdraw_all(artist_id: int) -> None:
    """Withdraw every style of an artist who leaves. Orders and changes wait until this ends. One
    that was never on offer is deleted with its files, and what is under way with it ends.

    Raises StyleInUse while pictures are being made in one of them.
    """
    check_service.end_all(artist_id)
    styles = list(Style.objects.select_for_update().filter(artist_id=artist_id).order_by("pk"))
    # Looked for once orders that were faster are seen.
    if Generation.objects.under_way().filter(style__artist_id=artist_id).exists():
        raise StyleInUse
    ordered = set(Generation.objects.filter(style__in=styles).values_list("style_id", flat=True))
    never = [each for each in styles if not each.could_be_ordered and each.pk not in ordered]
    withdraw(styles)
    prefetch_related_objects(never, "artworks")
    for style in never:
        # Nobody is there to be told.
        draft_service.erase(style)


def artist_of(user: User, among: QuerySet[Artist] | None = None) -> Artist:
    """Raises ArtistOnly. A locked set ``among`` locks the artist."""
    artists = Artist.objects.all() if among is None else among
    artist = artists.filter(pk=user.pk).first() if user.is_artist else None
    if artist is None:
        raise ArtistOnly
    return artist


def withdraw(styles: Iterable[Style], *, reason: str = "") -> None:
    """Withdraw styles that the caller has locked. ``reason`` is that of our staff, which stays, and
    whose restoring offers again what was offered."""
    withdrawn = list(styles)
    counted = tag_service.counted_in(*withdrawn)
    for style in withdrawn:
        style.was_offered = style.is_active and bool(reason)
        # The version before may have offered a draft, of which it knows nothing.
        style.is_draft = style.is_draft and not style.is_active
        style.is_active, style.withdrawn_reason = False, reason or style.withdrawn_reason
        style.save(update_fields=[*WITHDRAWN_FIELDS, "updated_at"])
    tag_service.move_counts(counted, [])
    if withdrawn:
        caches.forget(caches.POPULAR_STYLES)


def _subjects(given: Sequence[str]) -> list[str]:
    """What an artist excludes, each once. Raises InvalidInput."""
    subjects = list(dict.fromkeys(" ".join(each.lower().split()) for each in given))
    if len(subjects) > MAX_SUBJECTS:
        raise InvalidInput.field("excluded_subjects", f"At most {MAX_SUBJECTS} subjects.")
    if any(not prompts.is_comparable(each) for each in subjects):
        said = "A subject needs a letter or a digit that can be seen."
        raise InvalidInput.field("excluded_subjects", said)
    return subjects


def _preview_of(style: Style, work_id: int) -> str:
    work = style.artworks.filter(pk=work_id).first()
    if work is None:
        raise InvalidInput.field("cover", "There is no such work.")
    return work.preview_path


def _has_style_named(artist: Artist, name: str) -> bool:
    namesakes = artist.styles.filter(draft_service.alike(name))
    return namesakes.filter(Q(is_active=True) | draft_service.NAMED).exists()


def _duplicate_name(name: str) -> DuplicateStyleName:
    message = f"You already have a style named “{name}”. Choose another name."
    return DuplicateStyleName(message, details={"name": [message]})


@contextlib.contextmanager
def _name_conflicts(name: str) -> Iterator[None]:
    """Turn the database's last word on names into the domain's error."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if "style_name_" not in str(error):
            raise
        raise _duplicate_name(name) from error
