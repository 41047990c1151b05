"""Names of people and styles: each has a column with what it looks like."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from app.exceptions import InvalidInput
from app.utils import names

TAKEN = {
    "username": "This user name is already taken.",
    "artist_name": "This artist name is already taken.",
}


class SkeletonField(models.TextField):  # type: ignore[type-arg]
    """What the name in the field ``of`` looks like. Null: compared with nothing."""

    def __init__(self, *, of: str = "", **options: Any) -> None:
        super().__init__(**{**options, "null": True, "editable": False})
        self.of = of

    def deconstruct(self) -> Any:
        name, _, args, options = super().deconstruct()
        return name, "django.db.models.TextField", args, options

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        if add and getattr(model_instance, self.attname) is None:
            looks = names.skeleton(getattr(model_instance, self.of))
            setattr(model_instance, self.attname, looks)
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


def require_seen(text: str, *, field: str) -> None:
    """Raises InvalidInput unless there is anything to see."""
    if not names.is_seen(text):
        raise InvalidInput.field(field, "There is nothing to read in it.")


def choose(instance: models.Model, field: str, name: str) -> None:
    """Give ``instance`` a name that none of its kind has, nor one that looks like it.

    Raises InvalidInput. The caller saves; the database has the last word.
    """
    length = instance._meta.get_field(field).max_length or 0  # type: ignore[union-attr]
    text = cleaned(name, field=field, max_length=length)
    looks = next(f for f in instance._meta.fields if getattr(f, "of", "") == field).attname
    alike = type(instance)._default_manager.filter(**{looks: names.skeleton(text)})
    if alike.exclude(pk=instance.pk).exists():
        raise InvalidInput.field(field, TAKEN[field])
    setattr(instance, field, text)
    setattr(instance, looks, names.skeleton(text))


def check(instance: models.Model, field: str) -> None:
    """``choose`` for the forms of the admin, which call ``Model.clean``."""
    name = getattr(instance, field)
    if type(instance)._default_manager.filter(**{"pk": instance.pk, field: name}).exists():
        return
    try:
        choose(instance, field, name)
    except InvalidInput as error:
        raise ValidationError(error.details or {}) from error
