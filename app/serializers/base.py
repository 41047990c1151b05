"""What all serializers share. They translate: no writes, no queries."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.utils import html

from app.utils.links import link


def fields_asked_for(request: Request) -> set[str]:
    """The names in ``?fields=`` of a GET; none when everything is wanted."""
    if request.method != "GET":
        return set()
    return {name for name in request.query_params.get("fields", "").split(",") if name}


def narrowed(rows: list[dict[str, Any]], wanted: set[str]) -> list[dict[str, Any]]:
    """``rows`` with only their ``wanted`` fields, as a narrowed serializer would show them."""
    if not rows or not wanted & set(rows[0]):
        return rows
    return [{name: value for name, value in row.items() if name in wanted} for row in rows]


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


def _type_error(field: serializers.Field[Any, Any, Any, Any], value: Any) -> Any:
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


@extend_schema_field({"type": ["string", "null"], "format": "uri"})
class LinkField(serializers.CharField):
    """The signed link to the file whose storage key the source holds; null when there is none."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, allow_null=True, **kwargs)

    def to_representation(self, value: str) -> str | None:  # type: ignore[override]
        return link(value) or None
