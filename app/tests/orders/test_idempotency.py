"""The same request with the same Idempotency-Key takes effect once."""

import socket
import threading
from collections import Counter
from contextlib import contextmanager
from functools import partial
from urllib.parse import urlsplit

import pytest
import time_machine
from django.db import connection
from rest_framework import serializers

from app.http import bodies
from app.models import Artist, Generation, IdempotencyKey, OutboxMessage, Purchase, Style
from app.services import generation_service, idempotency_service, storage
from app.tests import ledger
from app.tests.api import Api
from app.tests.factories import ArtistFactory, StyleFactory, UserFactory
from app.tests.ordering import GENERATE, order, order_of
from app.tests.together import all_at_once
from app.tests.uploads import check_all, files_in, style_form
from app.views import base
from devtools.servers.process import wait_for

KEY = "order-2026-11"


def purchase(client: Api, *, key: str = KEY, amount: int = 300):
    body = {"amount": amount, "payment_method": "card"}
    return client.post("/api/tokens/purchase", body, headers={"Idempotency-Key": key})


def is_replayed(answer) -> bool:
    return answer.headers.get("Idempotent-Replayed") == "true"


@pytest.mark.django_db
class TestOneAfterTheOther:
    def test_the_first_answer_is_given_again_to_the_byte(self, as_buyer, buyer):
        style = StyleFactory()
        first = order(as_buyer, style, key=KEY, seed=None)
        before = ledger.snapshot()
        again = order(as_buyer, style, key=KEY, seed=None)
        assert (again.status, again.content) == (202, first.content)
        assert (is_replayed(first), is_replayed(again)) == (False, True)
        assert again.headers["Content-Type"] == "application/json"
        assert ledger.snapshot() == before
        assert Generation.objects.count() == 1
        assert ledger.balance_of(buyer) == 990

    def test_a_purchase_with_the_same_key_is_made_once(self, as_buyer, buyer):
        first, again = purchase(as_buyer), purchase(as_buyer)
        assert (first.status, first.content) == (again.status, again.content)
        assert is_replayed(again)
        assert Purchase.objects.count() == 1
        assert ledger.balance_of(buyer) == 1300

    def test_without_a_key_every_request_counts(self, as_buyer, buyer):
        style = StyleFactory()
        assert [order(as_buyer, style).status for _ in range(2)] == [202, 202]
        assert ledger.balance_of(buyer) == 980
        assert not IdempotencyKey.objects.exists()

    def test_the_same_key_with_another_body_is_refused(self, as_buyer):
        style = StyleFactory()
        order(as_buyer, style, key=KEY, seed=1)
        before = ledger.snapshot()
        assert order(as_buyer, style, key=KEY, seed=2).refusal == (422, "IDEMPOTENCY_KEY_REUSED")
        assert ledger.snapshot() == before

    def test_the_same_key_at_another_address_is_refused(self, as_buyer):
        order(as_buyer, StyleFactory(), key=KEY)
        before = ledger.snapshot()
        assert purchase(as_buyer).refusal == (422, "IDEMPOTENCY_KEY_REUSED")
        assert ledger.snapshot() == before

    def test_the_address_with_a_slash_is_the_same_address(self, as_buyer):
        style = StyleFactory()
        order(as_buyer, style, key=KEY)
        again = as_buyer.post(f"{GENERATE}/", order_of(style), headers={"Idempotency-Key": KEY})
        assert is_replayed(again)
        assert Generation.objects.count() == 1

    def test_keys_of_two_users_are_not_the_same(self, as_buyer):
        style = StyleFactory()
        other = Api(UserFactory(tokens=100))
        answers = [order(client, style, key=KEY) for client in (as_buyer, other)]
        assert [answer.status for answer in answers] == [202, 202]
        assert not any(is_replayed(answer) for answer in answers)
        assert Generation.objects.count() == 2

    def test_a_failed_validation_is_not_remembered(self, as_buyer):
        style = StyleFactory()
        refused = order(as_buyer, style, key=KEY, aspect_ratio="3:1")
        assert refused.refusal == (400, "VALIDATION_ERROR")
        assert not IdempotencyKey.objects.exists()
        assert order(as_buyer, style, key=KEY).status == 202

    def test_a_refusal_is_not_remembered(self):
        client = Api(UserFactory())
        style = StyleFactory(price=100)
        refused = order(client, style, key=KEY)
        assert refused.refusal == (402, "INSUFFICIENT_TOKENS")
        purchase(client, key="", amount=100)
        assert order(client, style, key=KEY).status == 202
        assert Generation.objects.count() == 1

    @pytest.mark.parametrize("key", ["k" * 256, "tab\there"])
    def test_a_key_that_cannot_be_kept_is_refused(self, as_buyer, key):
        before = ledger.snapshot()
        answer = purchase(as_buyer, key=key)
        assert answer.refusal == (400, "VALIDATION_ERROR")
        assert list(answer.details) == ["Idempotency-Key"]
        assert ledger.snapshot() == before

    def test_the_longest_key_is_taken(self, as_buyer):
        assert purchase(as_buyer, key="k" * 255).status == 201
        assert is_replayed(purchase(as_buyer, key="k" * 255))

    def test_a_key_is_forgotten_after_a_day(self, as_buyer, buyer):
        with time_machine.travel("2026-11-22T12:00:00Z", tick=False) as clock:
            as_buyer = Api(buyer)
            purchase(as_buyer)
            clock.move_to("2026-11-23T11:59:59Z")
            assert is_replayed(purchase(as_buyer))
            clock.move_to("2026-11-23T12:00:01Z")
            assert not is_replayed(purchase(as_buyer, amount=400))
            assert is_replayed(purchase(as_buyer, amount=400))
        assert ledger.balance_of(buyer) == 1000 + 300 + 400
        assert IdempotencyKey.objects.count() == 1

    def test_old_answers_are_deleted(self, buyer):
        with time_machine.travel("2026-11-22T12:00:00Z", tick=False) as clock:
            as_buyer = Api(buyer)
            purchase(as_buyer, key="old")
            clock.move_to("2026-11-23T11:00:00Z")
            purchase(as_buyer, key="new")
            clock.move_to("2026-11-23T13:00:00Z")
            assert idempotency_service.forget_old() == 1
        assert IdempotencyKey.objects.get().key == "new"


@pytest.mark.django_db
class TestUploads:
    def test_a_repeated_upload_makes_one_style_and_leaves_no_second_set_of_files(
        self, as_artist, media
    ):
        headers = {"Idempotency-Key": KEY}
        first = as_artist.upload("/api/models", style_form(), headers=headers)
        assert first.status == 201
        kept = files_in(media)
        again = as_artist.upload("/api/models", style_form(), headers=headers)
        assert (again.status, again.content) == (201, first.content)
        assert is_replayed(again)
        assert Style.objects.count() == check_all() == OutboxMessage.objects.count() == 1
        assert files_in(media) == kept
        assert len(kept) == 20

    def test_other_pictures_under_the_same_key_are_refused(self, as_artist, media):
        headers = {"Idempotency-Key": KEY}
        as_artist.upload("/api/models", style_form(), headers=headers)
        kept = files_in(media)
        other = as_artist.upload("/api/models", style_form(first=50), headers=headers)
        assert other.refusal == (422, "IDEMPOTENCY_KEY_REUSED")
        assert files_in(media) == kept

    def test_an_upload_whose_rows_cannot_be_written_leaves_no_files(
        self, as_artist, media, monkeypatch
    ):
        """Another upload took the name between the check and the insert."""
        save, has_taken_the_name = storage.save, []

        def save_after_the_name_is_taken(key, content):
            if not has_taken_the_name:
                has_taken_the_name.append(
                    StyleFactory(artist=Artist.objects.get(), name="Wet Paper")
                )
            save(key, content)

        monkeypatch.setattr(storage, "save", save_after_the_name_is_taken)
        form = style_form(name="wet paper")
        answer = as_artist.upload("/api/models", form, headers={"Idempotency-Key": KEY})
        assert answer.refusal == (400, "DUPLICATE_STYLE_NAME")
        assert files_in(media) == set()
        assert Style.objects.count() == 1
        assert not IdempotencyKey.objects.exists()


def upload(client: Api, *, key: str):
    return client.upload("/api/models", style_form(), headers={"Idempotency-Key": key})


def order_a_picture(client: Api, *, key: str):
    return order(client, StyleFactory(), key=key)


@pytest.mark.django_db(transaction=True)
class TestRendering:
    @pytest.mark.parametrize("key", ["", KEY])
    @pytest.mark.parametrize("ask", [order_a_picture, purchase, upload])
    def test_nothing_is_rendered_under_the_locks_of_the_request(self, ask, key, monkeypatch):
        artist = ArtistFactory(user__tokens=1000).user
        rendered = []

        def to_json(data):
            rendered.append(connection.in_atomic_block)
            return written(data)

        def to_representation(serializer, instance):
            rendered.append(connection.in_atomic_block)
            return represented(serializer, instance)

        represented, written = serializers.Serializer.to_representation, bodies.to_json
        monkeypatch.setattr(bodies, "to_json", to_json)
        monkeypatch.setattr(serializers.Serializer, "to_representation", to_representation)
        assert ask(Api(artist), key=key).status in {201, 202}
        assert rendered
        assert not any(rendered)

    def test_where_the_process_died_before_it_answered_the_next_request_does(self, monkeypatch):
        buyer, style = UserFactory(tokens=1000), StyleFactory(price=50)
        client = Api(buyer)
        client.http.raise_request_exception = False
        with monkeypatch.context() as patch:
            patch.setattr(base.ApiViewSet, "_render", lambda *_: 1 / 0)
            assert order(client, style, key=KEY, seed=7).status == 500
        assert ledger.entries_of(buyer) == [("earn", 1000), ("consume", 50)]
        answers = [order(client, style, key=KEY, seed=7) for _ in range(2)]
        assert [(each.status, is_replayed(each)) for each in answers] == [(202, True)] * 2
        assert answers[0].content == answers[1].content
        assert answers[0].data == {
            "generation_id": Generation.objects.get().pk,
            "status": "queued",
            "cost": 50,
            "seed": 7,
            "balance": 950,
            "unknown_words": [],
        }
        assert ledger.entries_of(buyer) == [("earn", 1000), ("consume", 50)]


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_fifty_at_once_make_one_job_and_one_charge(self):
        buyer = UserFactory(tokens=1000)
        client, style = Api(buyer), StyleFactory(price=50)
        calls = [partial(order, client.twin(), style, key=KEY) for _ in range(50)]
        answers = all_at_once(calls, threads=20)
        counted = Counter(answer.status for answer in answers)
        assert set(counted) <= {202, 409}
        assert {a.code for a in answers if a.status == 409} <= {"REQUEST_IN_PROGRESS"}
        accepted = [answer for answer in answers if answer.status == 202]
        assert [is_replayed(answer) for answer in accepted].count(False) == 1
        assert len({answer.content for answer in accepted}) == 1
        assert Generation.objects.count() == OutboxMessage.objects.count() == 1
        assert ledger.entries_of(buyer) == [("earn", 1000), ("consume", 50)]
        again = order(client, style, key=KEY)
        assert (again.content, is_replayed(again)) == (accepted[0].content, True)
        ledger.assert_right()

    def test_a_second_request_while_the_first_runs_is_told_so(self, monkeypatch):
        buyer = UserFactory(tokens=1000)
        client, style = Api(buyer), StyleFactory()
        has_begun, may_end = threading.Event(), threading.Event()

        @contextmanager
        def slow(*_):
            has_begun.set()
            assert may_end.wait(10)
            yield

        request_generation = generation_service.request_generation

        def request_slowly(**arguments):
            with slow():
                return request_generation(**arguments)

        monkeypatch.setattr(generation_service, "request_generation", request_slowly)

        def second():
            assert has_begun.wait(10)
            answer = order(client.twin(), style, key=KEY)
            may_end.set()
            return answer

        first, refused = all_at_once([partial(order, client.twin(), style, key=KEY), second])
        assert first.status == 202
        assert refused.refusal == (409, "REQUEST_IN_PROGRESS")
        assert ledger.entries_of(buyer) == [("earn", 1000), ("consume", 10)]


def held_keys() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database"
            " WHERE locktype = 'advisory' AND datname = current_database()"
        )
        return cursor.fetchone()[0]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_who_lost_the_answer_asks_again_and_pays_once(live_server):
    """The connection is cut before the answer arrives; five retries carry the same key."""
    buyer = UserFactory(tokens=1000)
    client, style = Api(buyer), StyleFactory(price=50)
    body = client.http._encode_json(order_of(style), "application/json")
    address = urlsplit(live_server.url)
    assert client.get("/api/auth/me").status == 200
    csrf = client.http.cookies["csrftoken"].value
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in client.http.cookies.items())
    request = (
        f"POST {GENERATE} HTTP/1.1\r\nHost: {address.netloc}\r\nCookie: {cookies}\r\n"
        f"X-CSRFToken: {csrf}\r\nIdempotency-Key: {KEY}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    )
    with socket.create_connection((address.hostname, address.port), timeout=10) as client_socket:
        client_socket.sendall(request.encode())
    # Until it has released its key, the request is in progress.
    assert wait_for(lambda: IdempotencyKey.objects.exists() and not held_keys(), seconds=10)

    answers = [order(client, style, key=KEY) for _ in range(5)]
    assert [(answer.status, is_replayed(answer)) for answer in answers] == [(202, True)] * 5
    assert ledger.entries_of(buyer) == [("earn", 1000), ("consume", 50)]
    assert Generation.objects.count() == 1
