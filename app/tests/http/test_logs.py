"""What the logs say of requests that are wrong."""

from __future__ import annotations

import io
import json
import logging
import logging.config
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from django.conf import settings
from django.test import Client


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What is written by the settings' loggers."""
    out = io.StringIO()
    config: dict[str, Any] = deepcopy(settings.LOGGING)
    for handler in config["handlers"].values():
        handler["stream"] = out
    logging.config.dictConfig(config)
    yield out
    logging.config.dictConfig(settings.LOGGING)


@pytest.mark.django_db
def test_a_form_with_too_many_fields_is_no_error_of_ours(said: io.StringIO) -> None:
    body = "&".join("picture=1" for _ in range(2000))
    kind = "application/x-www-form-urlencoded"
    answer = Client(enforce_csrf_checks=True).post(
        "/mine/chosen", body, content_type=kind, headers={"Cookie": f"csrftoken={'a' * 32}"}
    )
    assert answer.status_code == 400
    [line] = [json.loads(line) for line in said.getvalue().splitlines() if "TooMany" in line]
    assert line["level"] == "warning"
    assert "exception" not in line


def test_errors_of_ours_keep_their_traceback(said: io.StringIO) -> None:
    try:
        raise ValueError("Broken.")
    except ValueError:
        logging.getLogger("app.somewhere").exception("It broke.")
    line = json.loads(said.getvalue())
    assert line["level"] == "error"
    assert "ValueError: Broken." in line["exception"]
