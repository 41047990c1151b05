"""Each gateway keeps what ``gateways/paying.py`` and ``gateways/sending.py`` say of it. A second
provider has to pass here before it takes or pays money."""

from __future__ import annotations

import inspect
from datetime import timedelta
from typing import Any

import pytest

from app.services.payments.gateways.outcomes import Gone, InvalidSignature, NotYet, Refused
from app.services.payments.gateways.paying import PaymentGateway
from app.services.payments.gateways.sending import PayoutGateway
from app.tests.payments import contract
from app.tests.payments.contract import (
    CURRENCY,
    PRICE,
    Sending,
    Taking,
    looked_up,
    name,
    order,
)
from app.utils import clock

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

TAKING = {"test": contract.TakingTest, "stripe": contract.TakingStripe}
SENDING = {"test": contract.SendingTest, "stripe": contract.SendingStripe}
# Where money moves: answers may be lost, banks take back, and events are told.
REAL_TAKING = [name for name in TAKING if name != "test"]
REAL_SENDING = [name for name in SENDING if name != "test"]


@pytest.fixture(params=TAKING)
def taking(request: Any, stripe: Any) -> Taking:
    return TAKING[request.param](stripe=stripe)


@pytest.fixture(params=REAL_TAKING)
def real_taking(request: Any, stripe: Any) -> Taking:
    return TAKING[request.param](stripe=stripe)


@pytest.fixture(params=SENDING)
def sending(request: Any, provider: Any) -> Sending:
    return SENDING[request.param](provider=provider)


@pytest.fixture(params=REAL_SENDING)
def real_sending(request: Any, provider: Any) -> Sending:
    return SENDING[request.param](provider=provider)


@pytest.mark.parametrize(
    ("protocol", "made"),
    [
        *((PaymentGateway, each) for each in TAKING.values()),
        *((PayoutGateway, each) for each in SENDING.values()),
    ],
)
def test_it_takes_what_it_is_given(protocol: Any, made: Any, stripe: Any, provider: Any) -> None:
    gateway = made(stripe=stripe, provider=provider).gateway
    for method, promised in inspect.getmembers(protocol, inspect.isfunction):
        if not method.startswith("_"):
            wanted = list(inspect.signature(promised).parameters.values())[1:]
            takes = list(inspect.signature(getattr(gateway, method)).parameters.values())
            assert [(p.name, p.kind, p.default) for p in takes] == [
                (p.name, p.kind, p.default) for p in wanted
            ], method
    assert isinstance(gateway.name, str)
    assert gateway.is_test is (gateway.name == "test")


class TestBuyers:
    def test_begun_twice_is_once(self, taking: Taking) -> None:
        given = order()
        first, again = (taking.gateway.begin(given) for _ in range(2))
        assert (first.session_id, first.reference) == (again.session_id, given.reference)
        assert first.status == ("paid" if taking.gateway.is_test else "pending")
        assert bool(first.url) is not taking.gateway.is_test

    def test_who_has_paid_has(self, taking: Taking) -> None:
        given, found = taking.buy()
        assert (found.status, found.reference) == ("paid", given.reference)

    def test_a_refund_twice_is_once(self, taking: Taking) -> None:
        _, found = taking.buy()
        reference = name()
        made, again = (
            taking.gateway.refund(
                reference=reference, payment_id=found.payment_id, price=PRICE // 5
            )
            for _ in range(2)
        )
        assert made.id == again.id
        assert (made.reference, made.price) == (reference, PRICE // 5)
        assert made.status in ("sent", "paid")
        other = taking.gateway.refund(
            reference=name(), payment_id=found.payment_id, price=PRICE // 5
        )
        assert other.id != made.id

    def test_what_is_forged_is_refused(self, taking: Taking) -> None:
        for header in ("", "t=1,v1=00", "t=1764417801,v1=" + "0" * 64):
            with pytest.raises(InvalidSignature):
                taking.gateway.read_event(b"{}", header)


class TestBuyersWithMoney:
    def test_nobody_has_paid_what_was_only_begun(self, real_taking: Taking) -> None:
        given = order()
        begun = real_taking.gateway.begin(given)
        found = looked_up(real_taking, given, clock.now(), session_id=begun.session_id)
        assert (found.status, found.url) == ("pending", begun.url)

    def test_what_is_expired_nobody_pays(self, real_taking: Taking) -> None:
        given = order()
        begun = real_taking.gateway.begin(given)
        assert real_taking.gateway.expire(begun).status == "expired"
        real_taking.pay(begun, works=False)
        found = looked_up(real_taking, given, clock.now(), session_id=begun.session_id)
        assert found.status == "expired"

    def test_what_is_paid_does_not_expire(self, real_taking: Taking) -> None:
        given, found = real_taking.buy()
        real_taking.gateway.expire(found)
        seen = looked_up(real_taking, given, clock.now(), session_id=found.session_id)
        assert seen.status == "paid"

    def test_a_lost_answer_is_found_by_our_name(self, real_taking: Taking) -> None:
        given = order()
        real_taking.lose("begin")
        with pytest.raises(NotYet):
            real_taking.gateway.begin(given)
        found = looked_up(real_taking, given, clock.now() - timedelta(minutes=1))
        assert (found.status, found.reference) == ("pending", given.reference)
        assert real_taking.gateway.begin(given).session_id == found.session_id
        unknown = real_taking.gateway.look_up(reference=name(), session_id="", since=clock.now())
        assert unknown is None

    def test_another_payment_is_not_taken_for_ours(self, real_taking: Taking) -> None:
        _, theirs = real_taking.buy()
        found = real_taking.gateway.look_up(
            reference=name(), session_id=theirs.session_id, since=clock.now()
        )
        assert found is None

    def test_price_and_currency_are_what_was_paid(self, real_taking: Taking) -> None:
        _, found = real_taking.buy()
        assert (found.price, found.currency) == (PRICE, CURRENCY)
        assert found.payment_id

    def test_an_event_names_what_it_is_about(self, real_taking: Taking) -> None:
        given, found = real_taking.buy()
        body, signature = real_taking.signed_event()
        event = real_taking.gateway.read_event(body, signature)
        assert (event.gateway, event.kind) == (real_taking.gateway.name, "purchase")
        assert (event.object_id, event.reference) == (found.session_id, given.reference)
        assert real_taking.gateway.read_event(body, signature).id == event.id
        with pytest.raises(InvalidSignature):
            real_taking.gateway.read_event(body + b" ", signature)

    def test_a_refund_is_found_whatever_is_known_of_it(self, real_taking: Taking) -> None:
        given, found = real_taking.buy()
        gateway, reference = real_taking.gateway, name()
        real_taking.lose("refund")
        with pytest.raises(NotYet):
            gateway.refund(reference=reference, payment_id=found.payment_id, price=PRICE)
        by_name = gateway.find_refund(
            reference=reference, payment_id=found.payment_id, provider_id=""
        )
        assert by_name is not None
        by_id = gateway.find_refund(reference="", payment_id="", provider_id=by_name.id)
        assert by_id is not None
        assert (by_id.id, by_id.reference, by_id.price) == (by_name.id, reference, PRICE)
        assert by_id.purchase == given.reference
        assert [each.id for each in gateway.refunds_of(found.payment_id)] == [by_name.id]
        unknown = gateway.find_refund(reference=name(), payment_id=found.payment_id, provider_id="")
        assert unknown is None

    def test_more_than_was_paid_is_refused(self, real_taking: Taking) -> None:
        _, found = real_taking.buy()
        with pytest.raises(Refused):
            real_taking.gateway.refund(
                reference=name(), payment_id=found.payment_id, price=PRICE + 1
            )

    @pytest.mark.parametrize("end", ["won", "lost"])
    def test_a_dispute_is_told_and_found(self, real_taking: Taking, end: str) -> None:
        given, found = real_taking.buy()
        opened = real_taking.dispute(found.payment_id)
        gateway = real_taking.gateway
        assert opened in gateway.disputes_since(clock.now() - timedelta(days=1))
        assert real_taking.gateway.read_event(*real_taking.signed_event()).kind == "dispute"
        seen = gateway.dispute(opened)
        assert (seen.status, seen.purchase, seen.price) == ("open", given.reference, PRICE)
        real_taking.end(opened, end)
        assert gateway.dispute(opened).status == end


class TestArtists:
    def test_an_account_is_opened_once_and_becomes_ready(self, sending: Sending) -> None:
        reference = name()
        first, again, other = (
            sending.gateway.open_account(reference=each, email="", country="US")
            for each in (reference, reference, name())
        )
        assert first == again != other
        sending.set_up(sending.gateway.link(first, back="http://b", again="http://a"))
        account = sending.gateway.account(first)
        assert account is not None
        assert account.status == "enabled"

    def test_sent_twice_is_once(self, sending: Sending) -> None:
        sent = {"account_id": sending.ready(), "amount": PRICE, "currency": CURRENCY}
        reference = name()
        for act in (sending.gateway.transfer, sending.gateway.pay):
            first, again = (act(reference=reference, **sent) for _ in range(2))  # type: ignore[operator]
            assert first == again
        other = sending.gateway.transfer(reference=name(), **sent)  # type: ignore[arg-type]
        assert other.id != sending.gateway.transfer(reference=reference, **sent).id  # type: ignore[arg-type]
        assert (other.amount, other.is_taken_back) == (PRICE, False)


class TestArtistsWithMoney:
    def test_lost_answers_are_found_by_our_name(self, real_sending: Sending) -> None:
        gateway, account, reference = real_sending.gateway, real_sending.ready(), name()
        assert gateway.find_transfer(reference=reference) is None
        assert gateway.find_payment(reference=reference, account_id=account) is None
        sent: dict[str, Any] = {"account_id": account, "amount": PRICE, "currency": CURRENCY}
        for what, act in (("transfer", gateway.transfer), ("pay", gateway.pay)):
            real_sending.lose(what)
            with pytest.raises(NotYet):
                act(reference=reference, **sent)  # type: ignore[operator]
        transfer = gateway.find_transfer(reference=reference)
        payment = gateway.find_payment(reference=reference, account_id=account)
        assert transfer is not None
        assert payment is not None
        assert gateway.find_transfer(reference=reference, transfer_id=transfer.id) == transfer
        assert payment == gateway.find_payment(
            reference=reference, account_id=account, payment_id=payment.id
        )
        # And events by what they are about.
        assert gateway.payout_of(transfer.id) == reference
        assert gateway.payout_of(payment.id, account_id=account) == reference

    @pytest.mark.parametrize("status", ["paid", "failed"])
    def test_what_the_bank_did_is_seen(self, real_sending: Sending, status: str) -> None:
        gateway, account, reference = real_sending.gateway, real_sending.ready(), name()
        sent: dict[str, Any] = {"account_id": account, "amount": PRICE, "currency": CURRENCY}
        transfer = gateway.transfer(reference=reference, **sent)
        payment = gateway.pay(reference=reference, **sent)
        assert payment.status == "pending"
        real_sending.bank(account, payment.id, status)
        seen = gateway.find_payment(reference=reference, account_id=account, payment_id=payment.id)
        assert seen is not None
        assert (seen.status, bool(seen.failure)) == (status, status == "failed")
        if status == "failed":
            for _ in range(2):
                gateway.take_back(reference=reference, transfer_id=transfer.id)
            back = gateway.find_transfer(reference=reference, transfer_id=transfer.id)
            assert back is not None
            assert (back.is_taken_back, back.taken_back) == (True, PRICE)

    def test_an_account_that_nobody_has_is_none_and_gets_nothing(
        self, real_sending: Sending
    ) -> None:
        gateway = real_sending.gateway
        assert gateway.account("acct_nobody") is None
        with pytest.raises(Gone):
            gateway.pay(reference=name(), account_id="acct_nobody", amount=PRICE, currency=CURRENCY)
        with pytest.raises(Refused):
            gateway.transfer(
                reference=name(), account_id="acct_nobody", amount=PRICE, currency=CURRENCY
            )

    def test_more_than_there_is_waits(self, real_sending: Sending) -> None:
        """It is not refused: tomorrow there may be more."""
        account, reference = real_sending.ready(), name()
        sent: dict[str, Any] = {"account_id": account, "currency": CURRENCY}
        with pytest.raises(NotYet):
            real_sending.gateway.transfer(reference=reference, amount=10**9, **sent)
        made = real_sending.gateway.transfer(reference=reference, amount=PRICE, **sent)
        assert (made.amount, made.taken_back) == (PRICE, 0)
