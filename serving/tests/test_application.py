"""What the server of production does around the application."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest

from config.wsgi import application
from serving.application import Served


def answer_to(address: str) -> str:
    """The status of a GET, as Granian asks."""
    statuses: list[str] = []

    def start_response(status: str, *_: Any) -> Any:
        statuses.append(status)

    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": unquote_to_bytes(address).decode("latin-1"),
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "8000",
        "HTTP_ACCEPT": "application/json",
        "wsgi.input": BytesIO(),
        "wsgi.url_scheme": "http",
    }
    body = Served(application)(environ, start_response)
    assert b"".join(body)
    return statuses[0]


@pytest.mark.parametrize(
    "address",
    [
        "/api/licences/SL%E2%80%937Q2M",
        "/api/%EA%B0%80",
        "/api/%F0%9F%98%80",
        "/api/caf%C3%A9",
        "/api/%FF",
        "/api/%ED%A0%80",
    ],
)
def test_an_address_in_any_script_is_answered_and_logged(
    address: str, db: None, capfd: pytest.CaptureFixture[str]
) -> None:
    assert answer_to(address).startswith("404")
    assert json.loads(capfd.readouterr().out.splitlines()[-1])["path"] == address
