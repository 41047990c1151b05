"""Static files are served by the program itself, where no nginx stands before it."""

from __future__ import annotations

from django.contrib.staticfiles import finders
from django.templatetags.static import static
from django.test import Client


def test_a_style_sheet_of_ours() -> None:
    name = "web/site.css"
    path = finders.find(name)
    assert path is not None
    answer = Client().get(static(name))
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/css")
    with open(path, "rb") as file:
        assert b"".join(answer.streaming_content) == file.read()
