"""Bodies under a web server that passes them on as they come."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.test.client import ClientHandler
from django.urls import reverse

from app.models import PendingUpload, User
from app.services.uploads import upload_service
from app.tests.factories import ArtistFactory
from serving.bodies import LARGEST_BODY, REFUSED, WholeBodies, largest_body

MEGABYTE = 1024 * 1024


class Recorder:
    """The application behind it."""

    def __init__(self) -> None:
        self.environ: dict[str, Any] = {}
        self.body = b""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self.environ = dict(environ)
        length = int(environ.get("CONTENT_LENGTH") or 0)
        self.body = environ["wsgi.input"].read(length) if length else b""
        return []


def passed_on(body: io.BytesIO, **environ: str) -> Recorder:
    recorder = Recorder()
    given = {"PATH_INFO": "/api/tokens/purchase", "wsgi.input": body, **environ}
    list(WholeBodies(recorder)(given, lambda *_: None))
    return recorder


class TestChunks:
    @pytest.mark.parametrize("size", [0, 1, 65_536, 3 * MEGABYTE, LARGEST_BODY])
    def test_get_their_length(self, size: int) -> None:
        body = bytes(size)
        seen = passed_on(io.BytesIO(body), HTTP_TRANSFER_ENCODING="Chunked ")
        assert seen.environ["CONTENT_LENGTH"] == str(size)
        assert "HTTP_TRANSFER_ENCODING" not in seen.environ
        assert REFUSED not in seen.environ
        assert seen.body == body

    def test_are_not_read_beyond_the_limit(self) -> None:
        stream = io.BytesIO(bytes(LARGEST_BODY + 10 * MEGABYTE))
        seen = passed_on(stream, HTTP_TRANSFER_ENCODING="chunked")
        assert seen.environ[REFUSED] == 413
        assert seen.body == b""
        assert stream.tell() <= LARGEST_BODY + MEGABYTE

    @pytest.mark.parametrize("coding", ["gzip, chunked", "gzip", "identity", "wonders"])
    def test_in_another_coding_are_refused(self, coding: str) -> None:
        stream = io.BytesIO(b"x")
        assert passed_on(stream, HTTP_TRANSFER_ENCODING=coding).environ[REFUSED] == 501
        assert stream.tell() == 0


class TestLengths:
    @pytest.mark.parametrize(
        ("length", "refused"),
        [
            ("", None),
            ("0", None),
            ("1", None),
            (str(LARGEST_BODY + 1), 413),
            ("9" * 5000, 413),
            ("-1", 400),
            ("+1", 400),
            ("1.0", 400),
            ("²", 400),
            ("many", 400),
        ],
    )
    def test_are_looked_at(self, length: str, refused: int | None) -> None:
        stream = io.BytesIO(b"x")
        seen = passed_on(stream, CONTENT_LENGTH=length)
        assert seen.environ.get(REFUSED) == refused
        assert seen.body == (b"x" if length == "1" else b"")

    def test_have_to_be_reached(self) -> None:
        with pytest.raises(OSError, match="shorter"):
            WholeBodies(read_all)(
                {"wsgi.input": io.BytesIO(b"12345"), "CONTENT_LENGTH": "6"}, lambda *_: None
            )

    def test_are_read_to_their_end_where_nginx_sends_them(self) -> None:
        """Also where nobody wants them; a client that sends its own is not waited for."""
        for environ, read in (({"HTTP_X_FORWARDED_PROTO": "https"}, 3 * MEGABYTE), ({}, 0)):
            stream = io.BytesIO(bytes(3 * MEGABYTE))
            given = {"wsgi.input": stream, "CONTENT_LENGTH": str(3 * MEGABYTE), **environ}
            assert WholeBodies(lambda *_: [b"no"])(given, lambda *_: None) == [b"no"]
            assert stream.tell() == read

    def test_that_break_off_unread_are_no_error(self) -> None:
        given = {"wsgi.input": io.BytesIO(b"x"), "CONTENT_LENGTH": "9"}
        given["HTTP_X_FORWARDED_PROTO"] = "https"
        assert WholeBodies(lambda *_: [b"no"])(given, lambda *_: None) == [b"no"]

    def test_are_read_in_one_piece(self) -> None:
        class ByteByByte(io.BytesIO):
            def read(self, size: int | None = -1, /) -> bytes:
                return super().read(1)

        assert passed_on(ByteByByte(b"12345"), CONTENT_LENGTH="5").body == b"12345"

    @pytest.mark.parametrize(
        ("path", "megabytes"),
        [
            ("/api/models", 1010),
            ("/api/models/", 1010),
            ("/api/models/1", 8),
            ("/api/modelsx", 8),
            ("/studio/upload", 1010),
            ("/studio/upload/check", 1010),
            ("/uploads/1/a.png", 11),
            ("/", 8),
        ],
    )
    def test_differ_by_address(self, path: str, megabytes: int) -> None:
        assert largest_body(path) == megabytes * MEGABYTE


def read_all(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    stream = environ["wsgi.input"]
    assert stream.read(0) == b""
    assert stream.readline(3) == b"123"
    assert stream.readline() == b"45"
    return [stream.readline()]


def through_django(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """As Django's test client does it, which leaves the test's database connection alone."""
    handler = ClientHandler()
    handler.load_middleware()
    response = handler(environ)
    start_response(str(response.status_code), list(response.items()))
    return [response.content]


@pytest.mark.django_db
class TestThroughTheApplication:
    """No server has looked at these before."""

    def ask(self, method: str, path: str, body: bytes = b"", **environ: str) -> tuple[str, Any]:
        answered: list[str] = []
        path, _, query = path.partition("?")
        content = b"".join(
            WholeBodies(through_django)(
                {
                    "REQUEST_METHOD": method,
                    "PATH_INFO": path,
                    "QUERY_STRING": query,
                    "SERVER_NAME": "localhost",
                    "SERVER_PORT": "80",
                    "REMOTE_ADDR": "127.0.0.1",
                    "wsgi.url_scheme": "http",
                    "wsgi.input": io.BytesIO(body),
                    "wsgi.errors": io.StringIO(),
                    **environ,
                },
                lambda status, headers: answered.append(status),
            )
        )
        return answered[0], json.loads(content) if content[:1] == b"{" else content.decode()

    @pytest.mark.parametrize(
        ("environ", "status", "code"),
        [
            ({"CONTENT_LENGTH": "9999999999"}, "413", "PAYLOAD_TOO_LARGE"),
            ({"CONTENT_LENGTH": "x"}, "400", "BAD_REQUEST"),
            ({"HTTP_TRANSFER_ENCODING": "gzip"}, "501", "NOT_IMPLEMENTED"),
            ({"HTTP_CONTENT_ENCODING": "gzip"}, "415", "UNSUPPORTED_MEDIA_TYPE"),
            ({"QUERY_STRING": "x" * 8_000}, "414", "URI_TOO_LONG"),
            ({"RAW_URI": "/" + "%61" * 2_667}, "414", "URI_TOO_LONG"),
        ],
    )
    def test_refusals_have_the_shape_of_the_api(self, environ, status, code) -> None:
        told, body = self.ask("POST", "/api/tokens/purchase", **environ)
        assert told.startswith(status)
        assert body["error"]["code"] == code
        told, text = self.ask("POST", "/sign-in", **environ)
        assert told.startswith(status)
        assert text == f"{body['error']['message']}\n"

    def test_a_body_that_ends_early_changes_nothing(self, media) -> None:
        artist: User = ArtistFactory().user
        [place] = upload_service.open_places(user=artist, content_types=["image/png"])
        told, body = self.ask(
            "PUT",
            place.url.removeprefix("http://127.0.0.1:8000"),
            b"half",
            CONTENT_LENGTH="8",
            CONTENT_TYPE="image/png",
        )
        assert told.startswith("400")
        assert body["error"]["code"] == "BAD_REQUEST"
        assert not any(path.is_file() for path in media.rglob("*"))
        assert PendingUpload.objects.filter(key=place.key).exists()

    @pytest.mark.parametrize(
        "content_type", ["application/json", "multipart/form-data; boundary=x"]
    )
    def test_a_body_that_ends_early_is_not_parsed(self, settings, content_type) -> None:
        settings.DEMO_SIGN_IN = True
        path = reverse("demo_sign_in")
        told, body = self.ask(
            "POST", path, b'{"username": "ada"}', CONTENT_LENGTH="80", CONTENT_TYPE=content_type
        )
        assert told.startswith("400"), body
        assert body["error"]["code"] == "BAD_REQUEST"
        assert not User.objects.filter(username="ada").exists()
