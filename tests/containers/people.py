"""People at browsers, who find the site by its name."""

from __future__ import annotations

import io
import ssl
from pathlib import Path
from typing import Any

import httpx
from PIL import Image

from app.tests.identity_provider import IdentityProvider
from devtools.servers.nginx import trusting
from provenance.metadata import read_provenance
from tests.containers.machines import HOSTS, Machine
from tests.containers.printing import say
from tests.pictures import real_pictures, signature_png
from tests.production.running import Visitor
from tests.system import wait_for

PRICE = 7
BONUS = 100
BOUGHT = 100
ENDED = {"completed", "failed", "canceled"}


class ToMachine(httpx.HTTPTransport):
    """Connects to ``address`` for the names of the site, as their DNS entries would have it."""

    def __init__(self, address: str, verify: ssl.SSLContext) -> None:
        super().__init__(verify=verify)
        self._address = address

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host not in HOSTS:
            return super().handle_request(request)
        return super().handle_request(
            httpx.Request(
                request.method,
                request.url.copy_with(host=self._address),
                headers=request.headers,
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": request.url.host},
            )
        )


class Site:
    """The site as people see it."""

    url = f"https://{HOSTS[0]}"

    def __init__(self, address: str, certificate: Path, provider: IdentityProvider) -> None:
        self._address = address
        self._certificate = certificate
        self._provider = provider

    def client(self, **options: Any) -> httpx.Client:
        transport = ToMachine(self._address, trusting(self._certificate))
        return httpx.Client(base_url=self.url, transport=transport, timeout=60, **options)

    def signed_in(self, person: str) -> Visitor:
        """As soon as it works: on a busy machine the provider may be too slow at first."""

        def try_it() -> Visitor | None:
            try:
                return Visitor(self, self._provider, person)  # type: ignore[arg-type]
            except AssertionError as refused:
                if "SERVICE_UNAVAILABLE" not in str(refused):
                    raise
                say("the provider did not answer in time; once more")
                return None

        return wait_for(try_it, seconds=60, what="signing in")

    def wait_until_it_answers(self) -> None:
        def answers() -> bool:
            with self.client() as client:
                try:
                    return client.get("/api/ready").status_code == 200
                except httpx.TransportError:
                    return False

        wait_for(answers, seconds=120, what="all servers being ready, through nginx")


class MainJob:
    """An artist uploads works, a buyer orders pictures; what both have is known to the token."""

    def __init__(self, site: Site) -> None:
        self.site = site
        say("an artist and a buyer sign in")
        self.artist = site.signed_in("10003")
        self.buyer = site.signed_in("10001")
        self.ordered: list[int] = []
        self.cost = 0

    def play(self) -> None:
        """From ten works to a signed picture that is paid."""
        self.artist.post(
            "/api/users/me/artist",
            data={"artist_name": "Ada Lovelace"},
            files={"signature_image": ("signature.png", signature_png(), "image/png")},
            status=201,
        )
        say("the artist uploads 10 works")
        works = [(f"{n}.png", picture) for n, picture in enumerate(real_pictures(10))]
        style = self.artist.post(
            "/api/models",
            data={"name": "Analytical", "price": str(PRICE), "tags": "sea, castle"},
            files=[("images", work) for work in works],
            status=201,
        )
        self.style_id = style["id"]
        trained = wait_for(
            lambda: _ended(self.artist.get(f"/api/models/{self.style_id}"), "training_status"),
            seconds=300,
            what="the training",
        )
        assert trained["training_status"] == "completed", trained
        say("the style is trained; the buyer buys tokens and orders a picture")
        self.buyer.post(
            "/api/tokens/purchase", json={"amount": BOUGHT, "payment_method": "card"}, status=201
        )
        self.order()
        self.see_all_paid()

    def order(self) -> None:
        accepted = self.buyer.post(
            "/api/images/generate",
            json={
                "style_id": self.style_id,
                "prompt_tags": ["castle", "sea"],
                "aspect_ratio": "1:1",
                "seed": len(self.ordered) + 1,
            },
            status=202,
        )
        self.ordered.append(accepted["generation_id"])
        self.cost += PRICE

    def see_all_paid(self) -> None:
        """Each ordered picture is made, signed, and paid once."""
        for number in self.ordered:
            picture = wait_for(
                lambda number=number: _ended(
                    self.buyer.get(f"/api/images/{number}/status"), "status"
                ),
                seconds=300,
                what=f"picture {number}",
            )
            assert picture["status"] == "completed", picture
        assert self.buyer.get("/api/tokens/balance") == {"balance": BONUS + BOUGHT - self.cost}
        assert self.artist.get("/api/tokens/balance") == {
            "balance": BONUS + self.cost,
            "earned": self.cost,
        }
        self.see_the_picture()
        say(f"{len(self.ordered)} pictures are made, signed and paid")

    def see_the_picture(self) -> None:
        """The first one, by a fresh link to its file, with what the worker wrote into it."""
        found = self.buyer.get(f"/api/images/{self.ordered[0]}")
        assert found["image_url"].startswith(f"https://{HOSTS[1]}/"), found
        with self.site.client() as anonymous:
            file = anonymous.get(found["image_url"])
        assert file.status_code == 200, file.text
        assert Image.open(io.BytesIO(file.content)).size == (512, 512)
        assert read_provenance(io.BytesIO(file.content)).artist == "Ada Lovelace"


def audit(machine: Machine) -> None:
    """The books are right, and the database is as the migrations say."""
    told = machine.run("docker compose exec -T backend python manage.py audit_ledger")
    assert "right" in told, told


def _ended(thing: dict[str, Any], field: str) -> dict[str, Any] | None:
    return thing if thing[field] in ENDED else None
