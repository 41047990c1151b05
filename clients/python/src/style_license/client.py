"""The client for programs that do one thing after the other."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from style_license import access, operations, own, requests, steps
from style_license.models import (
    Collection,
    Item,
    Licence,
    OrderState,
    Picture,
    Quote,
    Style,
    Verdict,
    Wallet,
)
from style_license.steps import Pause, Step

Result = TypeVar("Result")


class Client:
    """Style License, in the name of an account.

    Without arguments, address and key are those of the environment (STYLE_LICENSE_URL,
    STYLE_LICENSE_KEY) or of `style-license login`. ``timeout`` is that of one request, in seconds.
    Requests are sent again where that is harmless. All methods raise ApiError and Unreachable.
    """

    def __init__(
        self, base_url: str | None = None, key: str | None = None, *, timeout: float = 60.0
    ) -> None:
        self._access = access.find(base_url, key)
        self._http = httpx.Client(**requests.options(self._access, timeout))

    def styles(
        self, words: str = "", *, tags: Iterable[str] = (), sort: str = "popular", limit: int = 20
    ) -> list[Style]:
        """Styles on offer, found by ``words``. ``sort`` is "popular" or "created_at"."""
        return self._run(operations.styles(words, tags, sort, limit))

    def quote(
        self,
        items: Iterable[Item],
        *,
        deadline: datetime | None = None,
        priority: str | None = None,
    ) -> Quote:
        """What ``items`` would cost. Nothing is charged. ``priority`` "high" costs more, and goes
        earlier."""
        return self._run(operations.quoted(items, deadline, priority))

    def generate(
        self,
        style: int | str,
        words: str | Iterable[str],
        *,
        count: int = 1,
        aspect_ratio: str = "1:1",
        seed: int | None = None,
        priority: str | None = None,
        key: str | None = None,
    ) -> Order:
        """Order ``count`` pictures of the same words. See ``order``."""
        items = [Item(style, words, count, aspect_ratio, seed)]
        return self.order(items, priority=priority, key=key)

    def order(
        self,
        items: Iterable[Item],
        *,
        quote: Quote | None = None,
        deadline: datetime | None = None,
        webhook_url: str | None = None,
        priority: str | None = None,
        key: str | None = None,
    ) -> Order:
        """Order up to 500 pictures: all are paid at once, or nothing is ordered.

        With a ``quote`` for the same items and priority, its price is paid or none; without one,
        that of a quote that is asked for now. However often the request is sent, it is charged
        once. ``key`` makes that hold for several runs of a program: choose one for each order, and
        say it again.

        Raises InvalidRequest (``fields`` names each wrong item), NotEnoughTokens, PriceChanged.
        """
        placed = operations.placed(items, quote, deadline, webhook_url, priority, key)
        return self.get_order(self._run(placed))

    def get_order(self, order_id: int) -> Order:
        """An order that was placed before."""
        return Order(self, self._run(operations.order_state(order_id)))

    def orders(self, limit: int = 20) -> list[Order]:
        """The latest orders, newest first."""
        return [Order(self, each) for each in self._run(operations.order_states(limit))]

    def wait_for_picture(self, picture_id: int, timeout: float | None = None) -> Picture:
        """One picture, once it is completed, failed or canceled. Raises TookTooLong."""
        return self._run(operations.picture_ended(picture_id, timeout))

    def pictures(
        self,
        *,
        status: str = "",
        visibility: str = "",
        collection: int | None = None,
        limit: int = 20,
    ) -> list[Picture]:
        """The latest pictures of the account, newest first. Empty values do not narrow: ``status``
        "completed", ``visibility`` "public", ``collection`` an id."""
        return self._run(own.pictures(status, visibility, collection, limit))

    def delete(self, picture_id: int) -> None:
        """Delete a picture that has ended. For a week it can be put back, then its files go. Its
        licence stays valid, and no tokens are given back. Raises NotFound, Conflict."""
        self._run(own.delete(picture_id))

    def restore(self, picture_id: int) -> Picture:
        """Put a deleted picture back, within a week. It is private then. Raises NotFound."""
        return self._run(own.restore(picture_id))

    def deleted(self) -> list[Picture]:
        """Those that can be put back, the latest first. ``raw["deleted_at"]`` says since when."""
        return self._run(own.deleted())

    def collections(self) -> list[Collection]:
        """The account's collections, newest first."""
        return self._run(own.collections())

    def collection(self, collection: int | str) -> Collection:
        """A collection by its id or name. Raises NotFound, StyleLicenseError."""
        return self._run(own.collection(collection))

    def create_collection(self, name: str) -> Collection:
        """A new, empty one. Raises InvalidRequest if another has this name, Conflict if there are
        200 already."""
        return self._run(own.create(name))

    def rename_collection(self, collection_id: int, name: str) -> Collection:
        """Give it another name. Raises InvalidRequest, NotFound."""
        return self._run(own.rename(collection_id, name))

    def delete_collection(self, collection_id: int) -> None:
        """Its pictures stay. Raises NotFound."""
        self._run(own.remove(collection_id))

    def add_to_collection(self, collection_id: int, picture_ids: Iterable[int]) -> Collection:
        """Put pictures in. One that is in already stays. Of each 500, all go in or none. Raises
        InvalidRequest, whose ``fields`` name those that are not yours; NotFound, Conflict."""
        return self._run(own.put_in(collection_id, picture_ids))

    def remove_from_collection(self, collection_id: int, picture_ids: Iterable[int]) -> Collection:
        """Take pictures out; they are not deleted. Raises InvalidRequest, NotFound."""
        return self._run(own.take_out(collection_id, picture_ids))

    def save_collection(
        self, collection_id: int, folder: str | os.PathLike[str], *, certificates: bool = True
    ) -> list[Path]:
        """Save its completed pictures, as ``Order.save`` does."""
        return self._run(own.saved(collection_id, folder, certificates))

    def wallet(self) -> Wallet:
        """The tokens of the account."""
        return self._run(operations.wallet())

    def licence(self, number: str) -> Licence:
        """A licence with its certificate."""
        return self._run(operations.licence(number))

    def verify(self, picture: str | os.PathLike[str]) -> Verdict:
        """Send a picture to be looked at. The site keeps nothing of it."""
        path = Path(picture)
        return self._run(operations.verified((path.name, path.read_bytes())))

    def public_keys(self) -> dict[str, Any]:
        """The keys that prove certificates: see ``certificates.read``."""
        return self._run(operations.public_keys())

    def fetch(self, url: str) -> bytes:
        """A file by its address, such as a status list or a picture. The key is not sent there."""
        return self._run(steps.fetch(url))

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _run(self, doing: Step[Result]) -> Result:
        try:
            wanted = next(doing)
            while True:
                if isinstance(wanted, Pause):
                    time.sleep(wanted.seconds)
                    wanted = doing.send(None)
                    continue
                try:
                    response = self._http.request(**requests.arguments(self._access, wanted))
                except httpx.TransportError as error:
                    wanted = doing.throw(error)
                else:
                    wanted = doing.send(response)
        except StopIteration as end:
            result: Result = end.value
            return result


class Order:
    """An order and what has become of it; ``state`` is as it was when it was last looked at."""

    def __init__(self, client: Client, state: OrderState) -> None:
        self._client = client
        self.state = state

    @property
    def id(self) -> int:
        return self.state.id

    def refresh(self) -> Self:
        """Look at it again."""
        self.state = self._client._run(operations.order_state(self.id))
        return self

    def wait(
        self, timeout: float | None = None, *, progress: operations.Progress | None = None
    ) -> Self:
        """Until each picture is completed, failed or canceled. ``progress`` is called with
        the state at each look. Raises TookTooLong after ``timeout`` seconds; the order goes on."""
        self.state = self._client._run(operations.ended(self.id, timeout, progress))
        return self

    def pictures(self) -> list[Picture]:
        """All of its pictures, in the order of its items, in every state."""
        return self._client._run(operations.pictures(self.id))

    def save(self, folder: str | os.PathLike[str], *, certificates: bool = True) -> list[Path]:
        """Save what is completed as ``{style}-{words}-{number}.png``, certificates beside as
        ``.jwt``. Files that are there already are kept. Returns the paths of the pictures."""
        return self._client._run(operations.saved(self.id, folder, certificates))

    def cancel(self) -> Self:
        """Cancel what is still queued; it is refunded. What is being made goes on."""
        self.state = self._client._run(operations.canceled(self.id))
        return self
