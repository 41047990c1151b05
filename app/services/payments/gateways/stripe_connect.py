"""Stripe Connect: Express accounts, and separate charges and transfers.

A payout is two movements there. A transfer goes from the platform's balance to the artist's
account; a payout of Stripe's takes it to their bank. Accounts are paid out by hand (ours), so that
each of the two belongs to one payout of ours. Both carry our name of it in their metadata.
"""

from __future__ import annotations

import stripe

from app.services.payments.gateways.outcomes import NotYet, Refused
from app.services.payments.gateways.sending import Account, BankPayment, Transfer
from app.services.payments.gateways.stripe_client import (
    BANKS,
    GONE,
    asking,
    asking_only,
    code_of,
    of_account,
    to_account,
)

MOST_NOTE = 300
# As Stripe says it.
TOO_LITTLE = "balance_insufficient"


class StripeConnect:
    """Idempotency keys are made of our names, so nothing happens twice within a day; after it, all
    is looked for before it is done again."""

    is_test = False

    def __init__(self, client: stripe.StripeClient, name: str = "stripe") -> None:
        self._api = client.v1
        self.name = name

    # --- The artist's account ---------------------------------------------------------------------

    def open_account(self, *, reference: str, email: str, country: str) -> str:
        params: stripe.params.AccountCreateParams = {
            "type": "express",
            "capabilities": {"transfers": {"requested": True}},
            # Each payout of ours is one of theirs.
            "settings": {"payouts": {"schedule": {"interval": "manual"}}},
            "metadata": {"profile": reference},
        }
        if country:
            params["country"] = country
        if email:
            params["email"] = email
        with asking():
            return self._api.accounts.create(
                params, {"idempotency_key": f"account-{reference}-{country}"}
            ).id

    def link(self, account_id: str, *, back: str, again: str) -> str:
        with asking():
            link = self._api.account_links.create(
                {
                    "account": account_id,
                    "type": "account_onboarding",
                    "return_url": back,
                    "refresh_url": again,
                }
            )
        return link.url

    def account(self, account_id: str) -> Account | None:
        try:
            with asking():
                found = self._api.accounts.retrieve(account_id)
        except (NotYet, Refused) as error:
            # An account that was deleted is one that we may not see.
            if code_of(error.__cause__) in GONE:
                return None
            raise NotYet(getattr(error, "code", str(error))) from error
        return None if getattr(found, "deleted", False) else _account_of(found)

    # --- From us to the account -------------------------------------------------------------------

    def transfer(self, *, reference: str, account_id: str, amount: int, currency: str) -> Transfer:
        with to_account(), asking():
            if self._lacks(amount, currency):
                if sent := self.find_transfer(reference=reference):
                    return sent
                raise NotYet(TOO_LITTLE)
            made = self._api.transfers.create(
                {
                    "amount": amount,
                    "currency": currency,
                    "destination": account_id,
                    "transfer_group": _group_of(reference),
                    "metadata": {"payout": reference},
                },
                {"idempotency_key": f"payout-{reference}-transfer"},
            )
        return _transfer_of(made)

    def find_transfer(self, *, reference: str, transfer_id: str = "") -> Transfer | None:
        with asking_only():
            if transfer_id:
                return _transfer_of(self._api.transfers.retrieve(transfer_id))
            found = self._api.transfers.list({"transfer_group": _group_of(reference), "limit": 100})
            mine = [each for each in found.data if _named(each) == reference]
        # The first, if somebody made another one by hand: reconcile_stripe names it.
        return _transfer_of(mine[-1]) if mine else None

    def take_back(self, *, reference: str, transfer_id: str) -> None:
        with asking():
            self._api.transfers.reversals.create(
                transfer_id,
                {"metadata": {"payout": reference}},
                {"idempotency_key": f"payout-{reference}-reversal"},
            )

    def _lacks(
        self, amount: int, currency: str, options: stripe.RequestOptions | None = None
    ) -> bool:
        """Whether there is too little to send, perhaps because it has left already by our name.
        Asked first: what a key has refused it refuses for a day."""
        balance = self._api.balance.retrieve(options=options)
        available = [part.amount for part in balance.available if part.currency == currency]
        return sum(available) < amount

    # --- From the account to the bank -------------------------------------------------------------

    def pay(self, *, reference: str, account_id: str, amount: int, currency: str) -> BankPayment:
        options: stripe.RequestOptions = {"stripe_account": account_id}
        with of_account(), asking():
            if self._lacks(amount, currency, options):
                if sent := self.find_payment(reference=reference, account_id=account_id):
                    return sent
                raise NotYet(TOO_LITTLE)
            made = self._api.payouts.create(
                {
                    "amount": amount,
                    "currency": currency,
                    "metadata": {"payout": reference},
                },
                {
                    "idempotency_key": f"payout-{reference}-bank",
                    "stripe_account": account_id,
                },
            )
        return _payment_of(made)

    def find_payment(
        self, *, reference: str, account_id: str, payment_id: str = ""
    ) -> BankPayment | None:
        options: stripe.RequestOptions = {"stripe_account": account_id}
        with of_account(), asking_only():
            if payment_id:
                return _payment_of(self._api.payouts.retrieve(payment_id, options=options))
            listed = self._api.payouts.list({"limit": 100}, options)
            for each in listed.auto_paging_iter():
                if _named(each) == reference:
                    return _payment_of(each)
        return None

    def payout_of(self, object_id: str, *, account_id: str = "") -> str:
        with asking_only():
            if account_id:
                options: stripe.RequestOptions = {"stripe_account": account_id}
                return _named(self._api.payouts.retrieve(object_id, options=options))
            return _named(self._api.transfers.retrieve(object_id))


def _named(thing: stripe.Transfer | stripe.Payout) -> str:
    """Our name of the payout that an object of Stripe's belongs to."""
    metadata = thing.metadata
    return str(metadata["payout"]) if metadata and "payout" in metadata else ""


def _group_of(reference: str) -> str:
    return f"payout-{reference}"


def _account_of(found: stripe.Account) -> Account:
    needs = found.requirements
    reason = (needs.disabled_reason if needs else None) or ""
    due = list(needs.currently_due or []) if needs else []
    note = ", ".join(filter(None, [reason, *due]))[:MOST_NOTE]
    if reason.startswith("rejected"):
        return Account("rejected", note)
    if found.payouts_enabled and found.capabilities and found.capabilities.transfers == "active":
        return Account("enabled", note)
    return Account("restricted" if found.details_submitted else "onboarding", note)


def _transfer_of(found: stripe.Transfer) -> Transfer:
    return Transfer(found.id, found.amount, found.currency, found.amount_reversed)


def _payment_of(found: stripe.Payout) -> BankPayment:
    failure = found.failure_message or found.failure_code or found.status
    status = BANKS.get(found.status, "pending")
    return BankPayment(found.id, status, failure if status == "failed" else "")
