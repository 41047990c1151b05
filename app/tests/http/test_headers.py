"""Headers of answers are set without Django's detour, to the same effect."""

import pytest
from django.http import HttpResponse
from django.http.response import BadHeaderError
from django.test import Client

from app.http.bodies import Answer
from speed.headers import SameHeaders

VALUES = ["", "plain", 5, b"bytes", "caf\xe9", "스타일", "tab\tbed", "a; b=c"]


@pytest.mark.parametrize("value", VALUES)
def test_a_header_is_what_django_makes_of_it(value):
    mine, djangos = Answer(), HttpResponse(b"", content_type="application/json")
    for response in (mine, djangos):
        response["X-Value"] = value
    assert mine["x-value"] == djangos["x-value"]
    assert dict(mine.items())["X-Value"] == dict(djangos.items())["X-Value"]


@pytest.mark.parametrize("value", ["new\nline", "return\r", "caf\xe9\n"])
def test_no_header_has_two_lines(value):
    with pytest.raises(BadHeaderError):
        Answer()["X-Value"] = value
    with pytest.raises(BadHeaderError):
        Answer()[f"X-{value}"] = "value"


def test_a_name_is_ascii():
    with pytest.raises(UnicodeError):
        Answer()["X-Caf\xe9"] = "value"


def test_a_header_is_there_once_whatever_the_case_of_its_name():
    answer = Answer(headers={"X-One": "1"})
    answer["x-one"] = "2"
    answer.headers.setdefault("X-ONE", "3")
    answer.headers.setdefault("X-Two", "2")
    assert "x-ONE" in answer.headers
    assert sorted(answer.items()) == [
        ("Content-Type", "application/json"),
        ("X-Two", "2"),
        ("x-one", "2"),
    ]
    del answer["X-One"]
    assert "x-one" not in answer.headers


AT_ONCE = "BrowserHeadersMiddleware"
OF_BROWSERS = [
    *("strict-transport-security", "x-content-type-options", "referrer-policy"),
    *("cross-origin-opener-policy", "x-frame-options", "content-security-policy"),
    "permissions-policy",
]


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/tags", "/api/nothing", "/api/models/1"])
def test_data_get_at_once_what_the_middlewares_would_set(settings, path):
    settings.SECURE_HSTS_SECONDS = 3600
    at_once = Client().get(path, secure=True).headers
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if AT_ONCE not in name]
    one_by_one = Client().get(path, secure=True).headers
    assert {name: at_once[name] for name in OF_BROWSERS} == {
        name: one_by_one[name] for name in OF_BROWSERS
    }


def test_headers_that_are_the_same_replace_none_that_an_answer_has():
    answer = Answer(headers={"x-one": "1"})
    SameHeaders({"X-One": "2", "X-Two": "2"}).add_to(answer)
    assert answer["X-One"] == "1"
    assert answer["x-two"] == "2"
    assert "X-Two" not in Answer()
    with pytest.raises(BadHeaderError):
        SameHeaders({"X-One": "new\nline"})
