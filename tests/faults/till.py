"""A system whose tokens cost money: at the fake provider, which signs and sends its own events."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from pathlib import Path
from time import time
from typing import Any

import httpx

from devtools.fake_stripe.events import signature
from devtools.fake_stripe.private import PrivateStripe
from tests.faults.stage import Stage
from tests.faults.verdict import Misses, expect
from tests.system import Person, wait_for

KEY = "sk_test_of_the_faults"
PRICE = 100
# Everything the relay waits for, in a past long enough.
HURRY = (
    "UPDATE app_purchase SET created_at = created_at - interval '3 minutes', checked_at = NULL"
    " WHERE status = 'pending'",
    "UPDATE app_purchaserefund SET checked_at = NULL",
    "UPDATE app_payout SET checked_at = checked_at - interval '31 minutes'",
)


class Till(Stage):
    """A site, the provider, and nobody else: what the relay would ask is asked when a row says so
    (``ask``)."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, {})
        self.provider = PrivateStripe(folder / "provider", keeps=True, funds="50000000:usd")
        self.provider.start()
        self._style_id, self._has_account = 0, False
        self.fake = httpx.Client(base_url=self.provider.url, timeout=60)
        self.keyed = {"Authorization": f"Bearer {KEY}"}
        answers = [self._endpoint(connect) for connect in ("false", "true")]
        self.environment |= {
            # The site may lead on to its pages.
            "PAYMENT_GATEWAY": "stripe-fake",
            "STRIPE_SECRET_KEY": KEY,
            "STRIPE_API_BASE": self.provider.url,
            "STRIPE_WEBHOOK_SECRET": ",".join(answer["secret"] for answer in answers),
            "EARNINGS_HOLD_DAYS": "0",
            "PAYOUT_MINIMUM": "100",
        }

    def stop(self) -> None:
        super().stop()
        self.provider.stop()

    # --- The provider ----------------------------------------------------------------------------

    def act(self, door: str, **given: Any) -> dict[str, Any]:
        answer = self.fake.post(f"/_fake/{door}", json=given)
        assert answer.status_code == httpx.codes.OK, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def told(self, what: str) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self.fake.get(f"/_fake/{what}").json()["data"]
        return listed

    def api(self, path: str, **data: Any) -> dict[str, Any]:
        answer = self.fake.post(f"/v1/{path}", data=data, headers=self.keyed)
        assert answer.status_code == httpx.codes.OK, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def _endpoint(self, connect: str) -> dict[str, Any]:
        url = f"{self.url}/api/payments/stripe/webhook"
        return self.api("webhook_endpoints", url=url, connect=connect, **{"enabled_events[]": "*"})

    def signed(self, event: dict[str, Any]) -> tuple[bytes, str]:
        """The body and the signature of an event, as the provider sends it now."""
        body = json.dumps(event).encode()
        secret = self.environment["STRIPE_WEBHOOK_SECRET"].partition(",")[0]
        return body, signature(body, secret, int(time()))

    def press(self, url: str, act: str) -> None:
        answer = self.fake.post(url, data={"act": act})
        assert answer.status_code in (200, 303), answer.text

    def wait_for_events(self) -> None:
        """Until the provider has nothing more to send, retries of a later hour included."""

        def has_sent() -> bool:
            waiting = [one for one in self.told("deliveries") if one["state"] == "pending"]
            if waiting and all(one["attempts"] for one in waiting):
                self.act("clock", advance=60)
            return not waiting

        wait_for(has_sent, seconds=60, what="the delivery of all events")

    # --- The site --------------------------------------------------------------------------------

    def ask(self, *, dies_at: int = 0) -> int:
        """Ask the provider about all that waits. Returns how the process that did ended, if it was
        to die."""
        self.break_rules(*HURRY)
        if not dies_at:
            assert self.ask_for("ask") == []
            return 0
        name = f"asking-{secrets.token_hex(4)}"
        self.spawn(name, "-m", "tests.faults.asking", str(dies_at))
        code = self._processes.pop(name).wait(timeout=60)
        assert code in (0, -9), self.log(name).read_text()
        return code

    def buy(
        self, buyer: Person, tokens: int = 100, *, key: str = "", fault: str = ""
    ) -> httpx.Response:
        headers = {"Idempotency-Key": key or secrets.token_hex(8)}
        order = {"amount": tokens, "payment_method": "card"}
        return self.send(buyer, "/api/tokens/purchase", json=order, headers=headers, fault=fault)

    def send(self, person: Person, path: str, *, fault: str = "", **how: Any) -> httpx.Response:
        headers = {"X-CSRFToken": person.http.cookies.get("csrftoken", ""), "X-Fault": fault}
        return person.http.post(path, headers={**headers, **how.pop("headers", {})}, **how)

    def bought(self, buyer: Person, tokens: int = 100) -> int:
        """A purchase that is paid, and known to be. Returns its number."""
        answer = self.buy(buyer, tokens)
        assert answer.status_code == httpx.codes.ACCEPTED, answer.text
        made = answer.json()["data"]
        self.press(made["checkout_url"], "pay")
        self.wait_for_events()
        assert self.state("purchase", made["id"]) == "paid"
        return int(made["id"])

    def sold_style(self) -> int:
        """One that buyers can order from for 100 tokens."""
        if not self._style_id:
            self._style_id = self.style("Sold for money", price=PRICE)
        return self._style_id

    def earner(self) -> Person:
        """Its artist, who has an account at the provider."""
        artist = self.artist()
        if not self._has_account:
            link = artist.post("/api/payouts/account", json={"country": "US"})["url"]
            self.press(link, "complete")
            self.wait_for_events()
            self._has_account = True
        return artist

    def sell(self, buyer: Person) -> None:
        """The artist earns 100 tokens, which are payable."""
        self.bought(buyer, PRICE)
        ordered = self.order(buyer, self.sold_style())
        assert ordered.status_code == httpx.codes.ACCEPTED, ordered.text
        self.complete(int(ordered.json()["data"]["generation_id"]))

    def complete(self, generation_id: int) -> None:
        assert self.hand.reports(generation_id)["completed"]() == httpx.codes.OK

    def state(self, table: str, row_id: int) -> str:
        return str(self.one(f"SELECT status FROM app_{table} WHERE id = %s", row_id))

    # --- What must hold --------------------------------------------------------------------------

    def books_misses(self) -> Misses:
        """The audit, and our books against the provider's."""
        return self.ask_for("books")[:9]

    def once_misses(self, purchases: list[int]) -> Misses:
        """Each is paid, and gave its tokens once."""
        found = self.rows(
            """SELECT p.id, p.status, p.amount, COALESCE(sum(t.amount), 0) AS given,
                 count(t.id) AS entries
               FROM app_purchase p LEFT JOIN app_transaction t
                 ON t.purchase_id = p.id AND t.type = 'purchase'
               WHERE p.id = ANY(%s) GROUP BY p.id ORDER BY p.id""",
            purchases,
        )
        return [
            *expect(len(found) == len(purchases), f"{len(found)} of {len(purchases)} purchases"),
            *(
                f"purchase {row['id']} is {row['status']}, gave {row['given']} of {row['amount']}"
                for row in found
                if (row["given"], row["entries"]) != (row["amount"], 1)
            ),
        ]

    def misprice(self, purchase_id: int) -> tuple[Callable[[], None], Callable[[], None]]:
        """How to make a purchase differ from the provider's books by a cent, and how to mend it."""
        change = "UPDATE app_purchase SET price = price {} WHERE id = {}"
        return (
            lambda: self.break_rules(change.format("+ 1", purchase_id)),
            lambda: self.break_rules(change.format("- 1", purchase_id)),
        )
