"""What all serializers share. They translate: no writes, no queries."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from functools import cache
from typing import Any, ClassVar, get_args, get_origin
from uuid import UUID

import orjson
from django.db.models import Choices
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.utils import html

from app.models.reads.row import BLANK_IS_NULL, IS_FILE, OWNER_ONLY, Field, Row, fields
from app.utils.links import link

AnyField = serializers.Field[Any, Any, Any, Any]


def fields_asked_for(request: Request) -> set[str]:
    """The names in ``?fields=`` of a GET; none when everything is wanted."""
    if request.method != "GET":
        return set()
    return {name for name in request.query_params.get("fields", "").split(",") if name}


class BaseSerializer(serializers.Serializer[Any]):
    """A serializer whose fields can be narrowed.

    ``fields=("id", "name")`` narrows it in code; ``?fields=id,name`` narrows the outermost
    serializer of an answer to a GET. Unknown names are ignored.
    """

    def __init__(self, *args: Any, fields: tuple[str, ...] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._only = fields

    def to_representation(self, instance: Any) -> Any:
        self._narrow()
        return super().to_representation(instance)

    def to_internal_value(self, data: Any) -> Any:
        # Forms and queries are all text; JSON has types, and a number is no text for a number.
        if isinstance(data, Mapping) and not html.is_html_input(data):
            wrong = {
                name: _type_error(self.fields[name], data[name])
                for name in set(self.fields) & set(data)
            }
            if errors := {name: error for name, error in wrong.items() if error}:
                raise serializers.ValidationError(errors)
        return super().to_internal_value(data)

    def _narrow(self) -> None:
        """Drop the fields nobody asked for, once, before the first row is rendered."""
        if getattr(self, "_is_narrowed", False):
            return
        self._is_narrowed = True
        only = set(self._only) if self._only is not None else self._asked_for()
        if only & set(self.fields):
            for name in set(self.fields) - only:
                self.fields.pop(name)

    def _asked_for(self) -> set[str]:
        request = self.context.get("request")
        many = self.parent if isinstance(self.parent, serializers.ListSerializer) else self
        is_outermost = many.parent is None
        return fields_asked_for(request) if request is not None and is_outermost else set()


class RowSerializer(BaseSerializer):
    """Describes a read's rows in the schema: its fields and its description are those of ``row``.

    A field that is declared here as well takes the place of the row's. Rows are rendered as they
    are; ``shown`` only narrows them.
    """

    row: ClassVar[type[Row]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.__doc__ = cls.row.__doc__

    def get_fields(self) -> dict[str, AnyField]:
        declared = super().get_fields()
        return {
            field.name: declared.get(field.name) or _field_of(field) for field in fields(self.row)
        }

    @classmethod
    def shown(cls, found: Any, request: Request) -> Any:
        """A row or rows with what ``?fields=`` asks for; of a model's instance, its row."""
        if wanted := fields_asked_for(request):
            wanted &= set(cls.row.__struct_fields__)
        if isinstance(found, list):
            return [_narrowed(row, wanted) for row in found] if wanted else Row.to_json(found)
        row = found if isinstance(found, Row) else cls.row.of(found)
        return _narrowed(row, wanted) if wanted else row

    def to_representation(self, instance: Any) -> Any:
        return self.row.of(instance)


def _narrowed(row: Row, wanted: set[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__struct_fields__ if name in wanted}


PLAIN_FIELDS: dict[type, type[AnyField]] = {
    bool: serializers.BooleanField,
    int: serializers.IntegerField,
    float: serializers.FloatField,
    str: serializers.CharField,
    datetime: serializers.DateTimeField,
    UUID: serializers.UUIDField,
}


def _field_of(field: Field) -> AnyField:
    """What describes a row's field to drf-spectacular."""
    options: dict[str, Any] = {"allow_null": True} if field.is_nullable else {}
    if IS_FILE in field.notes:
        return LinkField()
    if {OWNER_ONLY, BLANK_IS_NULL} & set(field.notes):
        options["read_only"] = True
    if get_origin(field.type) is list:
        (kind,) = get_args(field.type)
        if issubclass(kind, Row):
            return serializer_of(kind)(many=True, **options)
        return serializers.ListField(child=PLAIN_FIELDS[kind](), **options)
    if field.is_row:
        return serializer_of(field.type)(**options)
    if issubclass(field.type, Choices):
        return serializers.ChoiceField(choices=field.type.choices, **options)
    return PLAIN_FIELDS[field.type](**options)


@cache
def serializer_of(row: type[Row]) -> type[RowSerializer]:
    """A serializer of rows that have none of their own; the schema calls it as they are called."""
    members = {"row": row, "__module__": __name__}
    return type(f"{row.__name__.removesuffix('Row')}Serializer", (RowSerializer,), members)


def _type_error(field: AnyField, value: Any) -> Any:
    """What is wrong with the JSON type of ``value``; None where REST framework says so itself."""
    if value is None:
        return None
    if isinstance(field, serializers.ListField) and isinstance(value, list):
        found = {index: _type_error(field.child, item) for index, item in enumerate(value)}
        return {index: error for index, error in found.items() if error} or None
    if isinstance(field, serializers.CharField) and not isinstance(value, str):
        return ["This must be a text."]
    if isinstance(field, serializers.BooleanField) and not isinstance(value, bool):
        return ["This must be true or false."]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(field, serializers.IntegerField) and not is_number:
        return ["This must be a whole number."]
    return None


class FormListField(serializers.ListField):
    """A list. In a form it is a field for each item, or one with all of them in JSON."""

    def get_value(self, dictionary: Any) -> Any:
        given = super().get_value(dictionary)
        if html.is_html_input(dictionary) and isinstance(given, list) and len(given) == 1:
            with suppress(ValueError, TypeError):
                listed = orjson.loads(given[0])
                return listed if isinstance(listed, list) else given
        return given


@extend_schema_field({"type": ["string", "null"], "format": "uri"})
class LinkField(serializers.CharField):
    """The signed link to the file whose storage key the source holds; null when there is none."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, allow_null=True, **kwargs)

    def to_representation(self, value: str) -> str | None:  # type: ignore[override]
        return link(value) or None
