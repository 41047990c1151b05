"""How drf-spectacular reads our views: from their tables, with the envelope and every error."""

from __future__ import annotations

from threading import Lock
from typing import Any, ClassVar

import msgspec
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework import serializers
from rest_framework.permissions import SAFE_METHODS, IsAuthenticated, IsAuthenticatedOrReadOnly

from app.http.schema_errors import (
    COMPONENT_REF,
    STATUS_BY_CODE,
    error_components,
    error_ref,
    of_any_request,
)
from app.http.schema_examples import REQUESTS, RESPONSES
from app.utils.error_bodies import IDEMPOTENCY_CODES
from protocol import GenerationReport, SignatureRequest, TrainingReport
from protocol.workers import WorkerAnnouncement

# What of a BaseViewSet describes an operation that is the same in all of them.
HOOKS = {"create": "make", "update": "change", "destroy": "remove"}
SIGN_IN_PROVIDERS = {"google": "Google", "github": "GitHub", "apple": "Apple"}
WARNINGS = {
    "type": "array",
    "items": {"type": "string"},
    "description": "What was taken and may not be meant, such as fields that are not known.",
}


class EnvelopeSchema(AutoSchema):
    """The schema of one operation of an ApiViewSet, from ``input``, ``output``, ``errors`` …"""

    @property
    def action(self) -> str:
        return str(getattr(self.view, "action", None) or self.method.lower())

    def get_operation_id(self) -> str:
        tag = self.get_tags()[0]
        own = self._of_view("schema_names", {}).get(self.action)
        return f"{tag}_{own or self.action}"

    def get_tags(self) -> list[str]:
        return [self._of_view("schema_tag", "") or "system"]

    def get_description(self) -> str:  # type: ignore[override]
        names = (self.action, HOOKS.get(self.action, ""))
        own = [getattr(self.view, name, None) for name in names]
        texts = [str(each.__doc__) for each in own if _is_described(each)]
        return " ".join((texts or [self.view.__doc__ or ""])[0].split())

    def get_override_parameters(self) -> list[Any]:
        parameters: list[Any] = []
        if query := self._of_view("query", {}).get(self.action):
            parameters.append(query)
        if self._is_once():
            parameters.append(
                OpenApiParameter(
                    "Idempotency-Key",
                    {"type": "string", "maxLength": 255, "pattern": "^[!-~]+$"},
                    OpenApiParameter.HEADER,
                    description="The same key gives the same answer for 24 hours.",
                )
            )
        return parameters

    def get_request_serializer(self) -> Any:
        given = self._of_view("input", {}).get(self.action)
        if isinstance(given, type) and issubclass(given, msgspec.Struct):
            return {"application/json": {"$ref": COMPONENT_REF.format(name=given.__name__)}}
        return given

    def map_parsers(self) -> list[str]:
        given = self._of_view("input", {}).get(self.action)
        if given is None:
            return []
        if issubclass(given, msgspec.Struct):
            return ["application/json"]
        fields = given().fields.values()
        has_files = [
            isinstance(getattr(field, "child", field), serializers.FileField) for field in fields
        ]
        # JSON holds no files: its schema would say what is not true.
        return ["multipart/form-data"] if any(has_files) else ["application/json"]

    def get_response_serializers(self) -> dict[str, Any]:  # type: ignore[override]
        status = self._of_view("success", {}).get(self.action, 200)
        output = self._of_view("output", {})
        given = None if status == 204 else output.get(self.action) or output.get("list")
        answers: dict[Any, Any] = {
            str(status): OpenApiResponse(given, "Done." if status == 204 else "As asked.")
        }
        if media := self._of_view("files", {}).get(self.action):
            answers = {(str(status), media): OpenApiResponse(OpenApiTypes.STR, "The file.")}
        for other in self._of_view("also", {}).get(self.action, ()):
            answers[str(other)] = OpenApiResponse(given, "Something does not answer; see which.")
        for other, shown in self._of_view("other_success", {}).get(self.action, {}).items():
            answers[str(other)] = OpenApiResponse(shown, "Not done yet.")
        by_status: dict[int, list[str]] = {}
        for code in dict.fromkeys([*self._common_errors(), *self._own_errors()]):
            by_status.setdefault(STATUS_BY_CODE[code], []).append(code)
        for error_status, codes in sorted(by_status.items()):
            answers[str(error_status)] = OpenApiResponse(
                error_ref(codes, error_status, self.get_operation_id()),
                description=f"{', '.join(codes)}.",
            )
        return answers

    def _get_response_for_code(
        self,
        serializer: Any,
        status_code: str,
        media_types: Any = None,
        direction: Any = "response",
    ) -> Any:
        answer = super()._get_response_for_code(serializer, status_code, media_types, direction)
        headers: dict[str, Any] = {"X-Request-ID": {"schema": {"type": "string"}}}
        if status_code in {"429", "503"} or (status_code == "200" and self._is_polled()):
            headers["Retry-After"] = {"schema": {"type": "integer"}}
        answer["headers"] = {**headers, **answer.get("headers", {})}
        is_file = self.action in self._of_view("files", {})
        if status_code.startswith("2") and not self._is_bare() and not is_file:
            for media in answer.get("content", {}).values():
                properties = {"success": {"const": True}, "data": media["schema"]}
                if self.action in self._of_view("input", {}) and not self._is_internal():
                    properties["warnings"] = {"$ref": COMPONENT_REF.format(name="Warnings")}
                media["schema"] = {
                    "type": "object",
                    "required": ["success", "data"],
                    "properties": properties,
                }
        return answer

    def _is_polled(self) -> bool:
        return self.action in self._of_view("polled", ())

    def get_examples(self) -> list[OpenApiExample]:
        name = self.get_operation_id()
        found = []
        if name in REQUESTS:
            [media_type] = self.map_parsers()
            found.append(
                OpenApiExample(name, value=REQUESTS[name], request_only=True, media_type=media_type)
            )
        if name in RESPONSES:
            value = RESPONSES[name]
            wrapped = value if self._is_bare() else {"success": True, "data": value}
            status = str(self._of_view("success", {}).get(self.action, 200))
            found.append(
                OpenApiExample(name, value=wrapped, response_only=True, status_codes=[status])
            )
        return found

    def _get_examples(
        self,
        serializer: Any,
        direction: Any,
        media_type: str,
        status_code: Any = None,
        extras: Any = None,
    ) -> Any:
        # Ours are whole bodies already: they are not to be wrapped into a page again.
        is_list, self._is_list_view = self._is_list_view, lambda serializer=None: False  # type: ignore[method-assign]
        try:
            return super()._get_examples(serializer, direction, media_type, status_code, extras)
        finally:
            self._is_list_view = is_list  # type: ignore[method-assign]

    def _is_list_view(self, serializer: Any = None) -> bool:
        if isinstance(serializer, serializers.ListSerializer):
            return True
        is_page = self.action in self._of_view("paged", ())
        return bool(
            is_page and self.method == "GET" and isinstance(serializer, serializers.Serializer)
        )

    def _own_errors(self) -> tuple[str, ...]:
        return tuple(self._of_view("errors", {}).get(self.action, ()))

    def _common_errors(self) -> list[str]:
        """What every request of this kind may be answered."""
        if self._is_bare():
            return []
        codes = ["SERVICE_UNAVAILABLE", "INTERNAL_ERROR"]
        has_body = self.method in {"POST", "PATCH", "PUT"}
        reads_body = self.action in self._of_view("input", {})
        if has_body and reads_body:
            codes += ["VALIDATION_ERROR", "INVALID_JSON"]
            codes += ["UNSUPPORTED_MEDIA_TYPE", "PAYLOAD_TOO_LARGE"]
        elif self.action in self._of_view("query", {}) or self._is_paged() or self._is_once():
            codes += ["VALIDATION_ERROR"]
        if "{" in self.path:
            codes += ["NOT_FOUND"]
        if self._is_internal():
            return codes
        # An API key that is wrong is refused even where none is needed.
        codes += ["UNAUTHENTICATED", "PERMISSION_DENIED", "RATE_LIMITED"]
        if self.method not in {"GET", "HEAD"}:
            codes += ["CSRF_FAILED", "ACCOUNT_SUSPENDED"]
        return codes

    def _is_once(self) -> bool:
        """Whether it takes an Idempotency-Key."""
        return bool(set(IDEMPOTENCY_CODES) & set(self._own_errors()))

    def _is_internal(self) -> bool:
        return self.action in self._of_view("internal", ())

    def _is_paged(self) -> bool:
        return (
            self.action in self._of_view("paged", ())
            and self._of_view("pagination_class", None) is not None
        )

    def _is_bare(self) -> bool:
        return self._of_view("schema_tag", "") == "system"

    def _of_view(self, name: str, default: Any) -> Any:
        return getattr(self.view, name, default)

    def get_auth(self) -> list[dict[str, list[str]]]:
        if self.action in self._of_view("signed", ()):
            return [{}]
        if self._is_internal():
            return [{"internalToken": []}]
        if self._is_bare():
            return [{}]
        closed: tuple[type, ...] = (IsAuthenticated,)
        if self.method not in SAFE_METHODS:
            closed = (IsAuthenticated, IsAuthenticatedOrReadOnly)
        is_protected = any(isinstance(p, closed) for p in self.view.get_permissions())
        ways: list[dict[str, list[str]]] = [{"session": []}, {"apiKey": []}]
        return ways if is_protected else [*ways, {}]


def _is_described(method: Any) -> bool:
    """Whether a view describes the operation itself, and not the classes that all views share."""
    return bool(getattr(method, "__doc__", None)) and method.__module__ != "app.views.base"


class SchemaOnce(SchemaGenerator):
    """The schema says the same to everybody for as long as the process lives: it is made once."""

    _made: ClassVar[dict[str, Any]] = {}
    # drf-spectacular loads its extensions on first use, which two threads can't do at once.
    _lock = Lock()

    def get_schema(self, request: Any = None, public: bool = False) -> dict[str, Any]:
        with self._lock:
            if not self._made:
                self._made.update(super().get_schema(request=None, public=True))
        return self._made


class SessionScheme(OpenApiAuthenticationExtension):
    target_class = "app.http.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}


class ApiKeyScheme(OpenApiAuthenticationExtension):
    target_class = "app.http.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Api-Key sl_…` or `Bearer sl_…`",
        }


def complete(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add what no view shows: the reports' types, the internal token, Google's two addresses."""
    result["info"]["description"] = of_any_request()
    result["paths"].update(_google_paths())
    components = result.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas.update({**_reports(set(schemas)), **error_components, "Warnings": WARNINGS})
    components["schemas"] = dict(sorted(components["schemas"].items()))
    components["securitySchemes"] = {
        "session": SessionScheme.get_security_definition(None, None),  # type: ignore[arg-type]
        "apiKey": ApiKeyScheme.get_security_definition(None, None),  # type: ignore[arg-type]
        "internalToken": {"type": "http", "scheme": "bearer"},
    }
    result["paths"] = dict(sorted(result["paths"].items()))
    return result


def _reports(taken: set[str]) -> dict[str, Any]:
    """What workers send. Its parts have other names than what readers get, where that has theirs:
    a sample, say, has a path when it is reported, and a link when it is read."""

    def refer(name: str) -> str:
        return f"Reported{name}" if name in taken else name

    found = msgspec.json.schema_components(
        [TrainingReport, GenerationReport, SignatureRequest, WorkerAnnouncement],
        ref_template=COMPONENT_REF,
    )[1]
    renamed = {COMPONENT_REF.format(name=name): refer(name) for name in found}

    def rename(node: Any) -> Any:
        if isinstance(node, list):
            return [rename(each) for each in node]
        if not isinstance(node, dict):
            return node
        if node.get("$ref") in renamed:
            return {**node, "$ref": COMPONENT_REF.format(name=renamed[node["$ref"]])}
        return {key: rename(value) for key, value in node.items()}

    return {refer(name): {**rename(schema), "title": refer(name)} for name, schema in found.items()}


def _google_paths() -> dict[str, Any]:
    redirect = {"302": {"description": "Onwards."}}

    def error(*codes: str) -> dict[str, Any]:
        return {
            "description": f"{', '.join(codes)}.",
            "content": {"application/json": {"schema": error_ref(list(codes))}},
        }

    def text(name: str) -> dict[str, Any]:
        return {"name": name, "in": "query", "schema": {"type": "string", "maxLength": 2000}}

    failures = {
        "401": error("UNAUTHENTICATED"),
        "429": error("RATE_LIMITED"),
        "503": error("SERVICE_UNAVAILABLE"),
    }
    me = {"$ref": COMPONENT_REF.format(name="Me")}
    user = {
        "description": "The user, for clients that accept JSON only.",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["success", "data"],
                    "properties": {"success": {"const": True}, "data": me},
                }
            }
        },
    }
    said = [text("code"), text("state"), text("error")]
    paths: dict[str, Any] = {}
    for key, name in SIGN_IN_PROVIDERS.items():
        back = {
            "description": f"Come back from {name} with a session, the first time with a bonus.",
            "tags": ["auth"],
            "security": [{}],
            "parameters": said,
            "responses": {"200": user, **redirect, **failures},
        }
        paths[f"/api/auth/{key}/login"] = {
            "get": {
                "operationId": f"auth_{key}_login",
                "description": f"Go to {name}. `next` is a local path to come back to.",
                "tags": ["auth"],
                "security": [{}],
                "parameters": [text("next")],
                "responses": {**redirect, **failures},
            }
        }
        paths[f"/api/auth/{key}/callback"] = {
            "get": {"operationId": f"auth_{key}_callback", **back}
        }
    paths["/api/auth/apple/callback"]["post"] = {
        "operationId": "auth_apple_form",
        "description": "Apple's form, which leads to the same address with a query.",
        "tags": ["auth"],
        "security": [{}],
        "responses": {"303": {"description": "See other."}, "503": failures["503"]},
    }
    return paths
