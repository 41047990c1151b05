"""Keys for programs: shown once, kept as a digest, as far-reaching as was said."""

import hashlib

import pytest
import time_machine

from app.models import ApiKey, Generation
from app.tests.api import Api
from app.tests.factories import StyleFactory, UserFactory
from app.tests.ordering import order
from app.utils import clock

pytestmark = pytest.mark.django_db

KEYS = "/api/keys"


def make(client: Api, *scopes: str, name: str = "script"):
    return client.post(KEYS, {"name": name, "scopes": scopes or ["read"]})


@pytest.fixture
def program(as_buyer):
    """A program with a key of these scopes; CSRF is checked, as it is for browsers."""

    def run(*scopes: str) -> Api:
        secret = make(as_buyer, *scopes).data["secret"]
        return Api(authorization=f"Api-Key {secret}", enforce_csrf_checks=True)

    return run


class TestManaging:
    def test_a_key_is_shown_once(self, as_buyer):
        answer = make(as_buyer, "generate", "read", "read")
        assert answer.status == 201
        secret = answer.data.pop("secret")
        assert secret.startswith("sl_")
        assert len(secret) >= 40
        shown = {k: v for k, v in answer.data.items() if k != "secret"}
        assert shown["prefix"] == secret[:10]
        assert shown["scopes"] == ["generate", "read"]
        assert shown["last_used_at"] is None
        assert as_buyer.get(KEYS).results == [shown]
        assert secret.encode() not in as_buyer.get(KEYS).content

    def test_the_database_holds_its_digest_alone(self, as_buyer):
        secret = make(as_buyer).data["secret"]
        key = ApiKey.objects.get()
        assert key.digest == hashlib.sha256(secret.encode()).hexdigest()
        assert secret not in {str(value) for value in vars(key).values()}

    def test_a_revoked_key_is_dead_at_once(self, as_buyer, program):
        script = program("read")
        assert script.get("/api/auth/me").status == 200
        answer = as_buyer.delete(f"{KEYS}/{ApiKey.objects.get().pk}")
        assert (answer.status, answer.content) == (204, b"")
        assert script.get("/api/auth/me").refusal == (401, "UNAUTHENTICATED")
        assert as_buyer.get(KEYS).results == []
        assert as_buyer.delete(f"{KEYS}/{ApiKey.objects.get().pk}").refusal == (404, "NOT_FOUND")

    def test_others_keys_are_not_there(self, as_buyer):
        other = Api(UserFactory())
        made = make(other).data
        assert as_buyer.get(KEYS).results == []
        assert as_buyer.delete(f"{KEYS}/{made['id']}").refusal == (404, "NOT_FOUND")
        assert ApiKey.objects.get().revoked_at is None

    def test_twenty_keys_and_no_more(self, as_buyer):
        made = [make(as_buyer).data["id"] for _ in range(20)]
        assert make(as_buyer).refusal == (409, "CONFLICT")
        as_buyer.delete(f"{KEYS}/{made[0]}")
        assert make(as_buyer).status == 201


class TestUsing:
    def test_reading_needs_the_scope_read(self, program):
        assert program("read").get("/api/tokens/balance").data == {"balance": 1000}
        for scope in ("generate", "manage"):
            answer = program(scope).get("/api/tokens/balance")
            assert answer.refusal == (403, "PERMISSION_DENIED")

    def test_ordering_and_canceling_need_the_scope_generate_and_no_csrf_token(self, program):
        style = StyleFactory()
        for scope in ("read", "manage"):
            assert order(program(scope), style).refusal == (403, "PERMISSION_DENIED")
        assert not Generation.objects.exists()
        script = program("generate")
        made = order(script, style)
        assert made.status == 202
        canceled = script.post(f"/api/images/{made.data['generation_id']}/cancel")
        assert canceled.data["status"] == "canceled"

    def test_an_order_of_many_is_quoted_with_read_and_placed_with_generate(self, program):
        item = {"style_id": StyleFactory().pk, "prompt_tags": ["cat"], "aspect_ratio": "1:1"}
        body = {"items": [item]}
        assert program("read").post("/api/quotes", body).status == 200
        for scope in ("read", "manage"):
            answer = program(scope).post("/api/orders", body)
            assert answer.refusal == (403, "PERMISSION_DENIED")
        assert not Generation.objects.exists()
        script = program("generate")
        made = script.post("/api/orders", body)
        assert made.status == 202
        assert script.post(f"/api/orders/{made.data['id']}/cancel").status == 200

    def test_a_key_that_may_read_may_verify(self, program):
        assert program("read").post("/api/verify", {"number": "SL-1"}).status == 404

    def test_changing_needs_the_scope_manage(self, program, buyer):
        for scope in ("read", "generate"):
            answer = program(scope).patch("/api/users/me", {"bio": "By a script."})
            assert answer.refusal == (403, "PERMISSION_DENIED")
        assert program("manage").patch("/api/users/me", {"bio": "By a script."}).status == 200
        buyer.refresh_from_db()
        assert buyer.bio == "By a script."

    def test_no_key_makes_lists_or_revokes_keys_or_leaves(self, program, buyer):
        script = program("read", "generate", "manage")
        key = ApiKey.objects.get()
        for answer in (
            make(script),
            script.get(KEYS),
            script.delete(f"{KEYS}/{key.pk}"),
            script.delete("/api/users/me"),
        ):
            assert answer.refusal == (403, "PERMISSION_DENIED")
        buyer.refresh_from_db()
        assert (ApiKey.objects.count(), buyer.is_active) == (1, True)

    def test_the_last_use_is_noted_to_the_minute(self, as_buyer, program, buyer):
        with time_machine.travel("2026-11-22T12:00:00Z", tick=False) as now:
            browser = Api(buyer)
            secret = make(browser).data["secret"]
            script = Api(authorization=f"Api-Key {secret}")
            script.get("/api/auth/me")
            used_at = ApiKey.objects.get().last_used_at
            assert used_at == clock.now()
            now.shift(59)
            script.get("/api/auth/me")
            assert ApiKey.objects.get().last_used_at == used_at
            now.shift(2)
            script.get("/api/auth/me")
            assert ApiKey.objects.get().last_used_at == clock.now()
            assert browser.get(KEYS).results[0]["last_used_at"] == "2026-11-22T12:01:01Z"

    @pytest.mark.parametrize("secret", ["", "sl_", "sl_wrong", "x" * 5000, "é", "sl_ wrong"])
    def test_a_key_that_is_none_is_refused_even_where_none_is_needed(self, secret):
        script = Api(authorization=f"Api-Key {secret}")
        for path in ("/api/models", "/api/auth/me"):
            assert script.get(path).refusal == (401, "UNAUTHENTICATED")

    def test_the_word_may_be_written_in_any_case(self, as_buyer):
        secret = make(as_buyer).data["secret"]
        assert Api(authorization=f"api-key  {secret} ").get("/api/auth/me").status == 200

    def test_a_key_of_a_deactivated_account_is_dead(self, program, buyer):
        script = program("read")
        buyer.is_active = False
        buyer.save()
        assert script.get("/api/auth/me").refusal == (401, "UNAUTHENTICATED")

    def test_a_key_beside_a_cookie_counts_before_it(self, as_buyer, program):
        """A program that keeps cookies has its key's rights, and no more."""
        script = program("read")
        script.http.cookies = as_buyer.http.cookies.copy()
        answer = script.patch("/api/users/me", {"bio": "x"})
        assert answer.refusal == (403, "PERMISSION_DENIED")
