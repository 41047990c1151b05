"""What all serializers share. They translate: no writes, no queries."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

from app.utils.links import link


def fields_asked_for(request: Request) -> set[str]:
    """The names in ``?fields=`` of a GET; none when everything is wanted."""
    if request.method != "GET":
        return set()
    return {name for name in request.query_params.get("fields", "").split(",") if name}


class BaseSerializer(serializers.Serializer):
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


@extend_schema_field({"type": ["string", "null"], "format": "uri"})
class LinkField(serializers.CharField):
    """The signed link to the file whose storage key the source holds; null when there is none."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, allow_null=True, **kwargs)

    def to_representation(self, value: str) -> str | None:  # type: ignore[override]
        return link(value) or None
