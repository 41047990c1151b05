"""Names of people and styles: each has a column with what it looks like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from app.exceptions import InvalidInput
from app.utils import names

TAKEN = {
    "username": "This user name, or one that looks like it, is taken. Choose another one.",
    "artist_name": "This artist name, or one that looks like it, is taken. Choose another one.",
}
RESERVED = "This name is reserved. Choose another one."


class SkeletonField(models.TextField):  # type: ignore[type-arg]
    """What the name in the field ``of`` looks like, the first of its ``looks``. Null: compared with
    nothing."""

    def __init__(
        self,
        *,
        of: str = "",
        looks: Callable[[str], tuple[str, ...]] = names.skeletons,
        **options: Any,
    ) -> None:
        super().__init__(**{**options, "null": True, "editable": False})
        self.of, self.looks = of, looks

    def deconstruct(self) -> Any:
        name, _, args, options = super().deconstruct()
        return name, "django.db.models.TextField", args, options

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        if add and getattr(model_instance, self.attname) is None:
            looks = self.looks(getattr(model_instance, self.of))
            setattr(model_instance, self.attname, looks[0])
        return super().pre_save(model_instance, add)


def cleaned(name: str, *, field: str, max_length: int) -> str:
    """``name`` as it may be kept. Raises InvalidInput."""
    try:
        text = names.clean(name)
    except ValueError as error:
        raise InvalidInput.field(field, str(error)) from error
    if len(text) > max_length:
        raise InvalidInput.field(field, f"At most {max_length} characters.")
    return text


def readable(text: str, *, field: str, is_required: bool = False) -> str:
    """A text as it is kept and shown. Raises InvalidInput if there is nothing to see in it, unless
    it is empty and may be."""
    kept = names.readable(text)
    if (is_required or text.strip()) and not names.is_seen(kept):
        raise InvalidInput.field(field, "There is nothing to read in it.")
    return kept


def choose(instance: models.Model, field: str, name: str) -> None:
    """Give ``instance`` a name that none of its kind has, nor one that looks like it, and that is
    not ours.

    Raises InvalidInput. The caller saves; the database has the last word.
    """
    length = instance._meta.get_field(field).max_length or 0  # type: ignore[union-attr]
    text = cleaned(name, field=field, max_length=length)
    if names.is_reserved(text):
        raise InvalidInput.field(field, RESERVED)
    column: Any = next(f for f in instance._meta.fields if getattr(f, "of", "") == field)
    looks = column.looks(text)
    alike = Q(**{f"{column.attname}__in": looks})
    for look in looks:
        # Those that looked like another one before names were compared so.
        alike |= Q(**{f"{column.attname}__startswith": f"{look}\n"})
    others = type(instance)._default_manager.filter(alike)
    if others.exclude(pk=instance.pk).exists():
        raise InvalidInput.field(field, TAKEN[field])
    setattr(instance, field, text)
    setattr(instance, column.attname, looks[0])


def check_text(instance: models.Model, field: str) -> None:
    """``readable`` for the forms of the admin, which call ``Model.clean``."""
    try:
        setattr(instance, field, readable(getattr(instance, field), field=field))
    except InvalidInput as error:
        raise ValidationError(error.details or {}) from error


def check(instance: models.Model, field: str) -> None:
    """``choose`` for the forms of the admin, which call ``Model.clean``."""
    name = getattr(instance, field)
    if type(instance)._default_manager.filter(**{"pk": instance.pk, field: name}).exists():
        return
    try:
        choose(instance, field, name)
    except InvalidInput as error:
        raise ValidationError(error.details or {}) from error
