"""The documentation of the API: a page to read, and Swagger UI for trying requests."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.request import Request
from rest_framework.response import Response

from app.http.schema import SchemaOnce


@dataclass(frozen=True)
class Operation:
    """What the page says of one operation; ``body`` and ``answer`` are examples in JSON."""

    tag: str
    method: str
    path: str
    id: str
    description: str
    parameters: list[dict[str, Any]]
    body: str
    answer: str
    answers: list[tuple[str, str]]


class DocsView(SpectacularSwaggerSplitView):
    """The scripts of Swagger UI have 1.8 MB: they are fetched when somebody asks for them. The page
    itself is read on a phone within a second."""

    template_name = "app/docs.html"
    # Swagger reads JSON much faster than YAML.
    url = "/api/schema?format=json"

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response: Response = super().get(request, *args, **kwargs)  # type: ignore[no-untyped-call]
        if response.template_name == self.template_name:
            # By the address, not by the reader's language: the page is cached for all.
            korean = request.query_params.get("lang") == "ko"
            response.data["language"] = "ko" if korean else "en"
            response.data["beginning"] = f"app/quick_start/{response.data['language']}.html"
            response.data["site"] = settings.SITE_URL
            response.data["tags"] = _operations()
            about = _schema()["info"]["description"]
            response.data["about"], _, response.data["errors"] = about.partition("\n\n")
        return response


def _schema() -> dict[str, Any]:
    return SchemaOnce().get_schema()  # type: ignore[no-untyped-call]


@cache
def _operations() -> list[tuple[str, list[Operation]]]:
    """All operations, by tag."""
    found = [
        _operation(path, method, described)
        for path, methods in _schema()["paths"].items()
        for method, described in methods.items()
    ]
    found.sort(key=lambda each: each.tag)
    return [(tag, list(group)) for tag, group in groupby(found, key=lambda each: each.tag)]


def _operation(path: str, method: str, described: dict[str, Any]) -> Operation:
    responses = described["responses"]
    good = next((code for code in responses if code.startswith("2")), "")
    return Operation(
        tag=described["tags"][0],
        method=method.upper(),
        path=path,
        id=described["operationId"],
        description=described.get("description", ""),
        parameters=described.get("parameters", []),
        body=_example(described.get("requestBody", {})),
        answer=_example(responses.get(good, {})),
        answers=[(code, response.get("description", "")) for code, response in responses.items()],
    )


def _example(part: dict[str, Any]) -> str:
    for content in part.get("content", {}).values():
        for example in content.get("examples", {}).values():
            return json.dumps(example["value"], indent=2, ensure_ascii=False)
    return ""
