"""What the services say, as pages say it: not as programs hear it, in the reader's language."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import translation

from app import exceptions as domain
from app.models import Generation, Style, User
from app.services import generation_service
from app.services.jobs import lease_service
from web import phrases
from web.tests.test_orders import key_of
from worker import runner

REFUSED = [
    domain.IdempotencyKeyReused(),
    domain.RequestInProgress(),
    domain.EarningsLeft(earned=1, under_way=0),
    domain.PayoutAccountRequired(),
    domain.AccountSuspended(),
    domain.DeclarationRequired(),
    domain.InvalidTransition(),
    *(domain.InvalidInput.field("quote_id", message) for message in phrases.OF_QUOTES),
]
OF_PROGRAMS = ("Idempotency", "forfeit_", "/api/", "quote", "job")


@pytest.mark.parametrize("error", REFUSED, ids=lambda error: error.code)
@pytest.mark.parametrize("language", ["en", "ko"])
def test_pages_do_not_speak_to_programs(error: domain.DomainError, language: str) -> None:
    with translation.override(language):
        said = phrases.explain_all(error)
        assert not any(word in said for word in OF_PROGRAMS), said
        # It says more than that something is wrong.
        assert said != phrases.say("VALIDATION_ERROR", "Some of the values are not valid.")
        assert said.isascii() == (language == "en")


@pytest.mark.parametrize(
    "reason",
    [
        generation_service.MISSED,
        lease_service.LOST,
        lease_service.NO_WORKER,
        runner.STORAGE_AWAY,
        runner.NOT_SIGNED,
        runner.NO_REASON,
        runner.UNEXPECTED,
        runner.OTHER_ENGINE,
        runner.TOO_LONG,
    ],
)
def test_our_own_reasons_of_failures_are_translated(reason: str) -> None:
    with translation.override("ko"):
        assert reason in phrases.OF_FAILURES
        assert not translation.gettext(reason).isascii()


def test_a_form_that_was_sent_with_other_words_says_so(
    buyer: User, style: Style, signed_in: Any
) -> None:
    client = signed_in(buyer)
    path, form = f"/styles/{style.pk}/make", {"aspect_ratio": "1:1", "count": "1", "price": "10"}
    form["key"] = key_of(client.get(f"/styles/{style.pk}").content.decode())
    assert client.post(path, form | {"words": "sea"}).status_code == 302
    again = client.post(path, form | {"words": "moon"})
    assert "This form was already sent. Check it and send it again." in again.content.decode()
    assert Generation.objects.count() == 1


def test_who_orders_too_many_hears_how_many_may_be_ordered(
    buyer: User, style: Style, signed_in: Any, settings: LazySettings
) -> None:
    settings.MAX_IN_WORK = settings.MAX_IN_WORK_PAID = 3
    settings.MAX_WAITING = 6
    client, path = signed_in(buyer), f"/styles/{style.pk}/list"

    def order(count: int) -> Any:
        asked = {"lines": "sea\n" * count, "aspect_ratio": "1:1", "count": "1"}
        page = client.post(path, asked).content.decode()
        quote = page.partition('name="quote" value="')[2].partition('"')[0]
        return client.post(path, asked | {"order": "1", "quote": quote, "key": key_of(page)})

    assert "So many can be ordered now: 9." in order(10).content.decode()
    assert order(9).status_code == 302
    assert "So many can be ordered now: 0." in order(1).content.decode()
