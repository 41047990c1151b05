"""Headers of answers are set without Django's detour, to the same effect."""

import pytest
from django.http import HttpResponse
from django.http.response import BadHeaderError

from app.http.rendering import Answer

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
