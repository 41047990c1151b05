"""What an Authorization header may say, and what is said about one that is not understood."""

import pytest

from app.services import api_key_service
from app.tests.api import Api
from app.tests.factories import StyleFactory
from app.tests.ordering import order

pytestmark = pytest.mark.django_db


@pytest.fixture
def secret(buyer) -> str:
    made = api_key_service.create_key(user=buyer, name="k", scopes=["read", "generate"])
    return made.secret


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "Api-Key", "BEARER "])
def test_a_key_opens_as_either(scheme, secret):
    script = Api(authorization=f"{scheme} {secret}", enforce_csrf_checks=True)
    assert script.get("/api/tokens/balance").data == {"balance": 1000}
    assert order(script, StyleFactory()).status == 202
    assert script.patch("/api/users/me", {"bio": "x"}).code == "PERMISSION_DENIED"


@pytest.mark.parametrize(
    "header", ["Token {}", "{}", "Basic {}", "ApiKey {}", "Api-Key:{}", "Digest x", "\u00e9 {}"]
)
def test_another_scheme_is_told_which_are_known(header, secret):
    answer = Api(authorization=header.format(secret)).get("/api/tokens/balance")
    assert answer.refusal == (401, "UNAUTHENTICATED")
    assert "Bearer" in answer.message
    assert "Api-Key" in answer.message


def test_it_does_not_hinder_who_needs_none(secret, as_buyer):
    """A proxy's own password, say."""
    as_buyer.http.defaults["HTTP_AUTHORIZATION"] = "Basic eDp5"
    assert as_buyer.get("/api/tokens/balance").status == 200
    assert Api(authorization="Basic eDp5").get("/api/models").status == 200


def test_without_any_the_answer_is_to_sign_in(as_anyone):
    assert as_anyone.get("/api/tokens/balance").message == "Sign in first."


@pytest.mark.parametrize("scheme", ["Bearer", "Api-Key"])
def test_a_wrong_key_is_called_so(scheme):
    for path in ("/api/tokens/balance", "/api/models"):
        answer = Api(authorization=f"{scheme} sl_wrong").get(path)
        assert answer.refusal == (401, "UNAUTHENTICATED")
        assert answer.message == "This API key is not valid."


def test_a_scope_that_is_missing_is_called_so(secret):
    answer = Api(authorization=f"Bearer {secret}").patch("/api/users/me", {"bio": "x"})
    assert answer.message == "This API key does not have the required scope."


def test_a_workers_token_is_no_persons_key(as_worker):
    assert as_worker.get("/api/models").status == 200
    assert as_worker.get("/api/tokens/balance").refusal == (401, "UNAUTHENTICATED")
    assert as_worker.post("/api/notifications", {}).status == 400
