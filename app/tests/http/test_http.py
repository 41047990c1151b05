"""What holds for every request: its id, its slash, the one shape of errors."""

import re

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.core.files.storage import FileSystemStorage
from django.db import OperationalError
from django.http import Http404
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from app import exceptions
from app.http import bodies
from app.http.authentication import SessionStore
from app.models import User
from app.serializers.base import BaseSerializer
from app.serializers.community import CommentSerializer
from app.services import generation_service, storage
from app.tests.api import Api
from app.tests.factories import StyleFactory, UserFactory
from app.utils.error_bodies import GENERIC, generic_body
from app.utils.exception_handler import STATUS_OF, custom_exception_handler
from app.utils.request_id import current_request_id

pytestmark = pytest.mark.django_db


class TestRequestIds:
    @pytest.mark.parametrize("given", ["abc", "A-1_b.2", "x" * 64])
    def test_a_sane_id_is_kept(self, as_anyone, given):
        answer = as_anyone.call("GET", "/api/models", headers={"X-Request-ID": given})
        assert answer.headers["X-Request-ID"] == given

    @pytest.mark.parametrize("given", ["", "x" * 65, "a b", "<script>", "a\nb", "é", "a/b"])
    def test_another_is_replaced(self, as_anyone, given):
        answer = as_anyone.call("GET", "/api/models", headers={"X-Request-ID": given})
        assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["X-Request-ID"])

    @pytest.mark.parametrize(
        "path",
        ["/api/models", "/api/nothing", "/api/health", "/api/auth/me", "/media/x", "/nothing"],
    )
    def test_every_answer_carries_one(self, as_anyone, path):
        assert as_anyone.get(path).headers["X-Request-ID"]

    def test_outside_of_a_request_there_is_a_new_one(self):
        assert current_request_id()


class TestErrors:
    @pytest.mark.parametrize(
        "path",
        [
            "/api/nothing",
            "/api/",
            "/api/models/x",
            "/api/models/-1",
            f"/api/models/{2**63}",
            "/api/models/" + "9" * 30,
            "/api/models/1/nothing",
            "/api/models//",
            "/api//models",
        ],
    )
    def test_unknown_addresses(self, as_anyone, path):
        assert as_anyone.get(path).refusal == (404, "NOT_FOUND")

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("PUT", "/api/models"),
            ("DELETE", "/api/models"),
            ("POST", "/api/models/1"),
            ("GET", "/api/images/generate"),
            ("POST", "/api/tags"),
            ("TRACE", "/api/tags"),
            ("TRACE", "/api/tokens/balance"),
            ("PUT", "/api/users/me"),
            ("OPTIONS", "/api/tags"),
            ("OPTIONS", "/api/tokens/purchase"),
            ("POST", "/api/health"),
            ("POST", "/api/auth/google/login"),
        ],
    )
    def test_unknown_methods(self, as_buyer, as_anyone, method, path):
        for caller in (as_buyer, as_anyone):
            assert caller.call(method, path).refusal == (405, "METHOD_NOT_ALLOWED")

    @pytest.mark.parametrize(
        "body",
        [
            "{",
            "[1,",
            "nonsense",
            '{"a": 1}}',
            b"\xff\xfe",
            '{"a": "\\ud800"}',
            "NaN",
            "[" * 100_000,
        ],
    )
    def test_a_body_that_does_not_parse(self, as_buyer, body):
        answer = as_buyer.post("/api/tokens/purchase", body)
        assert answer.refusal == (400, "INVALID_JSON")

    @pytest.mark.parametrize("body", ["[]", "5", '"text"', "null", "true"])
    def test_a_body_that_is_no_object(self, as_buyer, body):
        for path in ("/api/tokens/purchase", "/api/images/generate", "/api/keys"):
            assert as_buyer.post(path, body).refusal == (400, "VALIDATION_ERROR")

    @pytest.mark.parametrize("body", ["[]", "5", "null", "{", "\xff"])
    def test_a_report_that_is_none(self, as_worker, body):
        for path in ("/api/models/1/status", "/api/images/1/status"):
            answer = as_worker.patch(path, body)
            assert answer.status == 400

    def test_a_report_that_is_too_long(self, as_worker):
        answer = as_worker.patch("/api/models/1/status", " " * (256 * 1024 + 1))
        assert answer.refusal == (400, "VALIDATION_ERROR")

    @pytest.mark.parametrize(
        "content_type", ["text/plain", "application/xml", "text/html; charset=utf-8", "x", ""]
    )
    def test_a_body_of_another_type(self, as_buyer, content_type):
        answer = as_buyer.post("/api/tokens/purchase", "a=1", content_type=content_type)
        assert answer.refusal in {(415, "UNSUPPORTED_MEDIA_TYPE"), (400, "VALIDATION_ERROR")}
        if content_type:
            assert answer.status == 415

    @pytest.mark.parametrize(
        "content_type", ["application/json", "application/x-www-form-urlencoded"]
    )
    def test_a_body_that_is_too_large(self, as_buyer, content_type):
        body = "x" * (django_settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
        answer = as_buyer.post("/api/tokens/purchase", body, content_type=content_type)
        assert answer.refusal == (413, "PAYLOAD_TOO_LARGE")

    @pytest.mark.parametrize("content_type", ["multipart/form-data", "MULTIPART/FORM-DATA"])
    def test_a_form_without_a_boundary_says_so(self, as_artist, content_type):
        answer = as_artist.post("/api/models", "--y\r\n\r\n", content_type=content_type)
        assert answer.refusal == (400, "VALIDATION_ERROR")
        assert "boundary" in answer.message

    def test_a_form_that_does_not_keep_to_its_boundary(self, as_artist):
        content_type = "multipart/form-data; boundary=x"
        answer = as_artist.post("/api/models", "--y\r\n\r\n", content_type=content_type)
        assert answer.refusal == (400, "VALIDATION_ERROR")

    @pytest.mark.parametrize(
        "content_type",
        [
            "MULTIPART/FORM-DATA; BOUNDARY=x",
            'Multipart/Form-Data; boundary="x"; charset=UTF-8',
        ],
    )
    def test_a_type_in_capitals_is_the_same_type(self, as_artist, content_type):
        body = b'--x\r\nContent-Disposition: form-data; name="price"\r\n\r\n0\r\n--x--\r\n'
        answer = as_artist.post("/api/models", body, content_type=content_type)
        assert answer.refusal == (400, "VALIDATION_ERROR")
        assert set(answer.details) == {"name", "price"}

    @pytest.mark.parametrize("name", ["..", ".", "/", "a/..", "%2e%2e", "\\\\"])
    def test_a_file_with_an_odd_name_is_looked_at(self, as_buyer, name):
        body = (
            '--x\r\nContent-Disposition: form-data; name="artist_name"\r\n\r\nMira\r\n'
            f'--x\r\nContent-Disposition: form-data; name="signature_image"; filename="{name}"\r\n'
            "Content-Type: image/png\r\n\r\nx\r\n--x--\r\n"
        )
        content_type = "multipart/form-data; boundary=x"
        answer = as_buyer.post("/api/users/me/artist", body.encode(), content_type=content_type)
        assert answer.refusal == (400, "VALIDATION_ERROR")
        assert set(answer.details) == {"signature_image"}

    def test_json_in_capitals_is_json(self, as_buyer):
        body = '{"amount": 100, "payment_method": "card"}'
        answer = as_buyer.post("/api/tokens/purchase", body, content_type="APPLICATION/JSON")
        assert answer.status == 201

    @pytest.mark.parametrize("charset", ["utf-16", "latin-1"])
    @pytest.mark.parametrize(
        ("kind", "body"),
        [
            ("application/json", '{"amount": 100, "payment_method": "card"}'),
            ("application/x-www-form-urlencoded", "amount=100&payment_method=card"),
        ],
    )
    def test_text_is_utf8(self, as_buyer, kind, body, charset):
        answer = as_buyer.post(
            "/api/tokens/purchase", body, content_type=f"{kind}; charset={charset}"
        )
        assert answer.refusal == (415, "UNSUPPORTED_MEDIA_TYPE")
        same = as_buyer.post("/api/tokens/purchase", body, content_type=f"{kind}; charset=UTF8")
        assert same.status == 201

    def test_too_many_fields(self, as_artist):
        body = "&".join(f"f{n}=1" for n in range(1001))
        answer = as_artist.post(
            "/api/models", body, content_type="application/x-www-form-urlencoded"
        )
        assert answer.refusal == (413, "PAYLOAD_TOO_LARGE")

    def test_a_host_that_is_not_ours(self, as_anyone):
        answer = as_anyone.call("GET", "/api/models", headers={"Host": "evil.example"})
        assert answer.refusal == (400, "BAD_REQUEST")

    @pytest.mark.parametrize("accept", ["text/html", "application/xml", "image/*;q=0.1", "x", ""])
    def test_answers_are_json_whatever_is_accepted(self, as_anyone, accept):
        answer = as_anyone.call("GET", "/api/models", headers={"Accept": accept})
        assert answer.data["results"] == []
        missing = as_anyone.call("GET", "/api/nothing", headers={"Accept": accept})
        assert missing.refusal == (404, "NOT_FOUND")

    def test_what_nobody_expected_says_nothing_of_itself(self, as_buyer, monkeypatch):
        def break_down(**_):
            raise RuntimeError("the secret is swordfish")

        monkeypatch.setattr(generation_service, "request_generation", break_down)
        style = StyleFactory()
        answer = as_buyer.post(
            "/api/images/generate",
            {"style_id": style.pk, "prompt_tags": ["sea"], "aspect_ratio": "1:1"},
        )
        assert answer.refusal == (500, "INTERNAL_ERROR")
        assert b"swordfish" not in answer.content
        assert b"RuntimeError" not in answer.content

    @pytest.mark.parametrize("error", [OperationalError("the server closed the connection")])
    def test_a_database_that_is_away(self, as_buyer, monkeypatch, error):
        def fail(*_, **__):
            raise error

        monkeypatch.setattr(User.objects.__class__, "profiles", fail)
        answer = as_buyer.get("/api/users/1")
        assert answer.refusal == (503, "SERVICE_UNAVAILABLE")
        assert b"connection" not in answer.content

    def test_a_storage_that_is_away(self, monkeypatch):
        def fail(*_):
            raise OSError("disk on fire")

        monkeypatch.setattr(FileSystemStorage, "size", fail)
        with pytest.raises(exceptions.ServiceUnavailable):
            storage.exists("key")
        monkeypatch.setattr(FileSystemStorage, "delete", fail)
        storage.delete(["key"])  # stays, is logged, does no harm


class TestTheTableOfErrors:
    def subclasses(self, kind=exceptions.DomainError):
        for found in kind.__subclasses__():
            yield found
            yield from self.subclasses(found)

    def test_every_domain_error_has_a_status(self):
        codes = {kind for kind in self.subclasses() if hasattr(kind, "code")}
        assert codes == set(STATUS_OF)

    def test_codes_are_the_contracts(self):
        assert {(kind.code, status) for kind, status in STATUS_OF.items()} == {
            ("VALIDATION_ERROR", 400),
            ("INSUFFICIENT_IMAGES", 400),
            ("TOO_MANY_IMAGES", 400),
            ("INVALID_IMAGE_FORMAT", 400),
            ("IMAGE_TOO_LARGE", 400),
            ("IMAGE_TOO_NARROW", 400),
            ("IMAGE_TOO_SMALL", 400),
            ("IMAGE_TOO_NARROW", 400),
            ("DUPLICATE_IMAGE", 400),
            ("DUPLICATE_STYLE_NAME", 400),
            ("INSUFFICIENT_TOKENS", 402),
            ("PAYMENT_REFUSED", 402),
            ("ACCOUNT_SUSPENDED", 403),
            ("STYLE_ON_HOLD", 422),
            ("NOT_REFUNDABLE", 409),
            ("PAYOUT_UNDER_WAY", 409),
            ("PAYOUT_ACCOUNT_REQUIRED", 409),
            ("PAYOUT_TOO_SMALL", 409),
            ("EARNINGS_LEFT", 409),
            ("INVALID_SIGNATURE", 400),
            ("PERMISSION_DENIED", 403),
            ("ARTIST_ONLY", 403),
            ("DECLARATION_REQUIRED", 403),
            ("PAYMENT_DISPUTED", 403),
            ("INVALID_INTERNAL_TOKEN", 403),
            ("NOT_FOUND", 404),
            ("CONFLICT", 409),
            ("STYLE_IN_USE", 409),
            ("PRICE_CHANGED", 409),
            ("TERMS_CHANGED", 409),
            ("RATE_LIMITED", 429),
            ("REQUEST_IN_PROGRESS", 409),
            ("STALE_ATTEMPT", 409),
            ("INVALID_TRANSITION", 409),
            ("STYLE_NOT_READY", 422),
            ("WORDS_REFUSED", 422),
            ("COMMENT_REFUSED", 422),
            ("IDEMPOTENCY_KEY_REUSED", 422),
            ("QUOTA_EXCEEDED", 429),
            ("SERVICE_UNAVAILABLE", 503),
        }

    @pytest.mark.parametrize(
        ("error", "status", "code"),
        [
            (
                exceptions.InsufficientTokensError(required=50, available=20),
                402,
                "INSUFFICIENT_TOKENS",
            ),
            (exceptions.InvalidInput.field("seed", "Too large."), 400, "VALIDATION_ERROR"),
            (Http404(), 404, "NOT_FOUND"),
            (PermissionDenied(), 403, "PERMISSION_DENIED"),
            (OperationalError(), 503, "SERVICE_UNAVAILABLE"),
        ],
    )
    def test_errors_have_one_shape(self, error, status, code):
        response = custom_exception_handler(error, {})
        assert response.status_code == status
        assert response.data["success"] is False
        assert response.data["error"]["code"] == code

    def test_an_unexpected_error_is_left_to_django(self):
        assert custom_exception_handler(SuspiciousOperation(), {}) is None

    @pytest.mark.parametrize(
        ("status", "code"), [(418, "VALIDATION_ERROR"), (502, "INTERNAL_ERROR")]
    )
    def test_a_status_of_no_name_is_named_by_its_hundred(self, status, code):
        assert status not in GENERIC
        assert generic_body(status)["error"]["code"] == code


class TestSerializers:
    def test_fields_can_be_chosen_in_code(self):
        class Request:
            method = "POST"

        comment = {
            "id": 1,
            "user": UserFactory(),
            "content": "x",
            "parent_id": None,
            "created_at": None,
        }
        shown = CommentSerializer(comment, fields=("id", "content"), context={"request": Request()})
        assert shown.data == {"id": 1, "content": "x"}

    def test_without_a_request_everything_is_shown(self):
        class Pair(BaseSerializer):
            from rest_framework.serializers import IntegerField

            one = IntegerField()
            two = IntegerField()

        assert Pair({"one": 1, "two": 2}).data == {"one": 1, "two": 2}

    def test_what_is_no_json_is_a_mistake_of_ours(self):
        with pytest.raises(TypeError):
            bodies.to_json({"x": object()})


class TestHealth:
    def test_a_healthy_process(self, as_anyone):
        answer = as_anyone.get("/api/health")
        assert (answer.status, answer.body) == (200, {"status": "ok", "database": "connected"})

    def test_a_database_that_is_away(self, as_anyone, monkeypatch):
        from app.views import health

        class Away:
            def cursor(self):
                raise OperationalError

        monkeypatch.setattr(health, "connection", Away())
        answer = as_anyone.get("/api/health")
        assert answer.status == 503
        assert answer.body["database"] == "unavailable"


def test_a_view_without_a_class_of_its_own_is_refused_by_default():
    """REST framework's defaults are the strict ones: a view that says nothing needs a session."""
    view = APIView.as_view()
    request = APIRequestFactory().get("/")
    request.session = SessionStore()
    response = view(request)
    assert response.status_code == 401


def test_the_last_slash_is_optional_and_redirects_nowhere():
    style = StyleFactory()
    for path in ("/api/models", f"/api/models/{style.pk}", "/api/health", "/api/tags"):
        with_slash, without = (Api().get(f"{path}{slash}") for slash in ("/", ""))
        assert with_slash.status == without.status == 200
        assert with_slash.content == without.content
