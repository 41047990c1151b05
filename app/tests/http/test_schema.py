"""The OpenAPI schema: checked in, complete, shown without other hosts."""

import gzip
import html
import json
import re
import subprocess
import sys

import pytest
import yaml
from django.conf import settings as django_settings
from django.core.management import call_command
from drf_spectacular.generators import SchemaGenerator

from app.http.schema_errors import STATUS_BY_CODE
from app.utils.exception_handler import STATUS_OF

CHECKED_IN = django_settings.BASE_DIR / "docs" / "openapi.yaml"
METHODS = {"get", "post", "patch", "put", "delete"}


def read_yaml(text: str | bytes) -> dict:
    """By the reader that is written in C: the other takes a second and more for this document."""
    return yaml.load(text, Loader=yaml.CSafeLoader)


@pytest.fixture(scope="module")
def schema() -> dict:
    return read_yaml(CHECKED_IN.read_text())


def operations(schema: dict) -> list[tuple[str, str, dict]]:
    return [
        (method, path, operation)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    ]


def codes_of(schema: dict, answer: dict) -> list[str]:
    """The error codes that an answer of the schema may carry."""
    reference = answer["content"]["application/json"]["schema"]["$ref"]
    component = schema["components"]["schemas"][reference.rpartition("/")[2]]
    return component["properties"]["error"]["properties"]["code"]["enum"]


def test_the_checked_in_schema_is_what_the_code_says(tmp_path):
    """Else: ``manage.py spectacular --file docs/openapi.yaml``."""
    fresh = tmp_path / "openapi.yaml"
    call_command("spectacular", file=str(fresh), fail_on_warn=True, validate=True)
    assert fresh.read_text() == CHECKED_IN.read_text()


def test_it_is_openapi_3_1(schema):
    assert schema["openapi"] == "3.1.0"


def test_every_operation_is_described_and_named_once(schema):
    names = [operation["operationId"] for _, _, operation in operations(schema)]
    assert len(names) == len(set(names))
    assert all(operation.get("description") for _, _, operation in operations(schema))


def test_every_error_code_is_in_it_under_its_status(schema):
    found: dict[str, set[int]] = {}
    for _, _, operation in operations(schema):
        for status, answer in operation["responses"].items():
            if int(status) >= 400 and "content" in answer:
                schema_of = answer["content"]["application/json"]["schema"]
                if "$ref" in schema_of and "Error" in schema_of["$ref"]:
                    for code in codes_of(schema, answer):
                        found.setdefault(code, set()).add(int(status))
    assert {kind.code for kind in STATUS_OF} <= set(found)
    assert found == {code: {STATUS_BY_CODE[code]} for code in found}


def test_answers_are_in_the_envelope(schema):
    bare = {"/api/health", "/api/ready"}
    for _, path, operation in operations(schema):
        for status, answer in operation["responses"].items():
            content = answer.get("content", {}).get("application/json")
            if status.startswith("2") and content and path not in bare:
                assert content["schema"]["required"] == ["success", "data"], path


def test_protected_operations_say_so(schema):
    """An operation without a session, key or token among its ways is open to all, and says 401
    only for keys that are wrong."""
    open_to_all = {
        f"{method.upper()} {path}"
        for method, path, operation in operations(schema)
        if {} in operation.get("security", [{}])
    }
    assert "GET /api/models" in open_to_all
    assert "POST /api/images/generate" not in open_to_all
    assert "PATCH /api/images/{id}/status" not in open_to_all


def test_examples_are_there(schema):
    with_examples = [
        operation["operationId"]
        for _, _, operation in operations(schema)
        if "examples" in str(operation)
    ]
    assert len(with_examples) >= 20


@pytest.mark.django_db
def test_the_schema_is_served(as_anyone, schema):
    answer = as_anyone.get("/api/schema")
    assert answer.status == 200
    assert set(read_yaml(answer.content)["paths"]) == set(schema["paths"])


@pytest.mark.django_db
def test_swagger_is_served_from_our_own_host_alone(as_anyone):
    page = as_anyone.get("/api/docs")
    assert page.status == 200
    text = page.content.decode()
    addresses = re.findall(r"(?:src|href)=\"([^\"]+)\"", text)
    assert any("swagger-ui" in address for address in addresses)
    assert all(address.startswith("/") for address in addresses)
    text = text.replace(django_settings.SITE_URL, "")
    assert not re.findall(r"https?://(?!testserver|example\.org)[\w.]+", text)
    for address in addresses:
        if address.startswith("/static/"):
            assert as_anyone.get(address).status == 200
    assert (
        "'unsafe-inline'" not in page.headers["Content-Security-Policy"].partition("style-src")[0]
    )


def test_it_is_made_once(monkeypatch, client):
    first = client.get("/api/schema")
    monkeypatch.setattr(SchemaGenerator, "get_schema", None)
    again = client.get("/api/schema")
    assert first.status_code == again.status_code == 200
    assert again.content == first.content


@pytest.mark.django_db
def test_the_docs_say_all_there_is_before_any_script_runs(as_anyone, schema):
    page = as_anyone.get("/api/docs")
    text = page.content.decode()
    for method, path, operation in operations(schema):
        assert f'id="{operation["operationId"]}"' in text, (method, path)
        assert html.escape(operation["description"].replace("`", "")) in text
    assert "&quot;prompt_tags&quot;" in text  # examples
    # A phone on fast 3G has it in half a second.
    assert len(gzip.compress(page.content)) < 20_000
    assert page.headers["Cache-Control"] == "public, max-age=300"
    # The one script is small; those of Swagger are named, not fetched.
    assert re.findall(r"<script[^>]* src=\"([^\"]+)\"", text) == ["/static/app/docs.js"]


@pytest.mark.django_db
def test_the_docs_begin_with_a_quick_start_in_both_languages(as_anyone):
    pages = [as_anyone.get(f"/api/docs{query}") for query in ("", "?lang=ko", "?lang=xx")]
    english, korean, other = (page.content.decode() for page in pages)
    for text in (english, korean, other):
        assert text.index('id="quick-start"') < text.index("<details")
    assert "Quick start" in other
    assert (english.count('lang="ko"'), korean.count("빠른 시작")) == (1, 1)
    snippets = [re.findall(r"<pre data-run.*?</pre>", text, re.S) for text in (english, korean)]
    assert snippets[0] == snippets[1]
    assert len(snippets[0]) == 5
    for page in pages:
        # Without what it names, which is fetched on request.
        assert len(page.content) < 120_000
        assert (
            page.headers["Content-Security-Policy"] == pages[0].headers["Content-Security-Policy"]
        )


@pytest.mark.django_db
class TestTheSchema:
    @pytest.mark.parametrize(
        ("query", "accept", "expected"),
        [
            ("", None, "application/vnd.oai.openapi"),
            ("", "*/*", "application/vnd.oai.openapi"),
            ("", "text/html,application/xhtml+xml,*/*;q=0.8", "application/vnd.oai.openapi"),
            ("", "image/png", "application/vnd.oai.openapi"),
            ("", "application/json", "application/json"),
            ("", "application/json, text/plain, */*", "application/json"),
            ("", "application/vnd.oai.openapi+json", "application/vnd.oai.openapi+json"),
            ("", "application/yaml", "application/yaml"),
            ("?format=json", None, "application/vnd.oai.openapi+json"),
            ("?format=json", "text/html,*/*;q=0.8", "application/vnd.oai.openapi+json"),
            ("?format=json", "application/json", "application/json"),
            ("?format=json", "application/yaml", "application/vnd.oai.openapi+json"),
            ("?format=yaml", "application/json", "application/vnd.oai.openapi"),
            ("?format=wonders", "application/json", "application/json"),
        ],
    )
    def test_it_comes_in_the_format_that_was_asked_for(self, as_anyone, query, accept, expected):
        headers = {} if accept is None else {"Accept": accept}
        answer = as_anyone.call("GET", f"/api/schema{query}", headers=headers)
        assert answer.status == 200
        assert answer.headers["Content-Type"].partition(";")[0] == expected
        read = json.loads if "json" in expected else read_yaml
        assert read(answer.content)["openapi"] == "3.1.0"


def test_threads_that_ask_for_it_first_all_get_it() -> None:
    """In a process of its own: a schema is made once in a process."""
    program = (
        "import django; django.setup()\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "import app.urls\n"
        "from app.http.schema import SchemaOnce\n"
        "with ThreadPoolExecutor(8) as pool:\n"
        "    asked = [pool.submit(SchemaOnce().get_schema) for _ in range(8)]\n"
        "print({len(each.result(60)['paths']) > 20 for each in asked})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120
    )
    assert done.stdout.strip() == "{True}", done.stderr
