"""The client for programs with asyncio: each method of ``Client``, to be awaited."""

from __future__ import annotations

import asyncio
import os
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


class AsyncClient:
    """As ``Client``, which says what the methods do."""

    def __init__(
        self, base_url: str | None = None, key: str | None = None, *, timeout: float = 60.0
    ) -> None:
        self._access = access.find(base_url, key)
        self._http = httpx.AsyncClient(**requests.options(self._access, timeout))

    async def styles(
        self, words: str = "", *, tags: Iterable[str] = (), sort: str = "popular", limit: int = 20
    ) -> list[Style]:
        return await self._run(operations.styles(words, tags, sort, limit))

    async def quote(
        self,
        items: Iterable[Item],
        *,
        deadline: datetime | None = None,
        priority: str | None = None,
    ) -> Quote:
        return await self._run(operations.quoted(items, deadline, priority))

    async def generate(
        self,
        style: int | str,
        words: str | Iterable[str],
        *,
        count: int = 1,
        aspect_ratio: str = "1:1",
        seed: int | None = None,
        priority: str | None = None,
        key: str | None = None,
    ) -> AsyncOrder:
        items = [Item(style, words, count, aspect_ratio, seed)]
        return await self.order(items, priority=priority, key=key)

    async def order(
        self,
        items: Iterable[Item],
        *,
        quote: Quote | None = None,
        deadline: datetime | None = None,
        webhook_url: str | None = None,
        priority: str | None = None,
        key: str | None = None,
    ) -> AsyncOrder:
        placed = operations.placed(items, quote, deadline, webhook_url, priority, key)
        return await self.get_order(await self._run(placed))

    async def get_order(self, order_id: int) -> AsyncOrder:
        return AsyncOrder(self, await self._run(operations.order_state(order_id)))

    async def orders(self, limit: int = 20) -> list[AsyncOrder]:
        return [AsyncOrder(self, each) for each in await self._run(operations.order_states(limit))]

    async def wait_for_picture(self, picture_id: int, timeout: float | None = None) -> Picture:
        return await self._run(operations.picture_ended(picture_id, timeout))

    async def pictures(
        self,
        *,
        status: str = "",
        visibility: str = "",
        collection: int | None = None,
        limit: int = 20,
    ) -> list[Picture]:
        return await self._run(own.pictures(status, visibility, collection, limit))

    async def delete(self, picture_id: int) -> None:
        await self._run(own.delete(picture_id))

    async def restore(self, picture_id: int) -> Picture:
        return await self._run(own.restore(picture_id))

    async def deleted(self) -> list[Picture]:
        return await self._run(own.deleted())

    async def collections(self) -> list[Collection]:
        return await self._run(own.collections())

    async def collection(self, collection: int | str) -> Collection:
        return await self._run(own.collection(collection))

    async def create_collection(self, name: str) -> Collection:
        return await self._run(own.create(name))

    async def rename_collection(self, collection_id: int, name: str) -> Collection:
        return await self._run(own.rename(collection_id, name))

    async def delete_collection(self, collection_id: int) -> None:
        await self._run(own.remove(collection_id))

    async def add_to_collection(self, collection_id: int, picture_ids: Iterable[int]) -> Collection:
        return await self._run(own.put_in(collection_id, picture_ids))

    async def remove_from_collection(
        self, collection_id: int, picture_ids: Iterable[int]
    ) -> Collection:
        return await self._run(own.take_out(collection_id, picture_ids))

    async def save_collection(
        self, collection_id: int, folder: str | os.PathLike[str], *, certificates: bool = True
    ) -> list[Path]:
        return await self._run(own.saved(collection_id, folder, certificates))

    async def wallet(self) -> Wallet:
        return await self._run(operations.wallet())

    async def licence(self, number: str) -> Licence:
        return await self._run(operations.licence(number))

    async def verify(self, picture: str | os.PathLike[str]) -> Verdict:
        path = Path(picture)
        content = await asyncio.to_thread(path.read_bytes)
        return await self._run(operations.verified((path.name, content)))

    async def public_keys(self) -> dict[str, Any]:
        return await self._run(operations.public_keys())

    async def fetch(self, url: str) -> bytes:
        return await self._run(steps.fetch(url))

    async def close(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def _run(self, doing: Step[Result]) -> Result:
        try:
            wanted = next(doing)
            while True:
                if isinstance(wanted, Pause):
                    await asyncio.sleep(wanted.seconds)
                    wanted = doing.send(None)
                    continue
                try:
                    response = await self._http.request(**requests.arguments(self._access, wanted))
                except httpx.TransportError as error:
                    wanted = doing.throw(error)
                else:
                    wanted = doing.send(response)
        except StopIteration as end:
            result: Result = end.value
            return result


class AsyncOrder:
    """As ``Order``."""

    def __init__(self, client: AsyncClient, state: OrderState) -> None:
        self._client = client
        self.state = state

    @property
    def id(self) -> int:
        return self.state.id

    async def refresh(self) -> Self:
        self.state = await self._client._run(operations.order_state(self.id))
        return self

    async def wait(
        self, timeout: float | None = None, *, progress: operations.Progress | None = None
    ) -> Self:
        self.state = await self._client._run(operations.ended(self.id, timeout, progress))
        return self

    async def pictures(self) -> list[Picture]:
        return await self._client._run(operations.pictures(self.id))

    async def save(
        self, folder: str | os.PathLike[str], *, certificates: bool = True
    ) -> list[Path]:
        return await self._client._run(operations.saved(self.id, folder, certificates))

    async def cancel(self) -> Self:
        self.state = await self._client._run(operations.canceled(self.id))
        return self
