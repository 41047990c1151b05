"""What the client can do, in steps that ``Client`` and ``AsyncClient`` carry out."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from style_license.errors import (
    ApiError,
    Conflict,
    InvalidRequest,
    NotFound,
    RateLimited,
    ServerProblem,
    TookTooLong,
    UnknownStyle,
    Unreachable,
)
from style_license.models import (
    ENDED,
    MAX_COUNT,
    MAX_PICTURES,
    Item,
    Licence,
    OrderState,
    Picture,
    Quote,
    Style,
    Verdict,
    Wallet,
)
from style_license.names import file_name
from style_license.steps import PATIENCE, Call, Pause, Said, Step, ask, backoff, fetch

Progress = Callable[[OrderState], None]
PAGE = 100
ORDERS = "/api/orders"
# Between two looks at an order, in seconds, where the site says nothing else.
SHORTEST_WAIT, LONGEST_WAIT = 0.5, 30.0
GOES_ON = "It goes on, and can be waited for again."


def get(path: str, **query: Any) -> Step[Any]:
    said = yield from ask(Call("GET", path, query=query or None))
    return said.data


def pages(path: str, part: str = "", most: int | None = None, **query: Any) -> Step[list[Any]]:
    """The rows of a list, ``most`` of them or all; ``part`` names the field that holds its
    pages."""
    rows: list[Any] = []
    while True:
        # What is no number of rows is sent as it is: the site says what is wrong with it.
        wanted = PAGE if most is None else min(most - len(rows), PAGE)
        page = yield from get(path, **query, limit=wanted)
        page = page[part] if part else page
        rows += page["results"]
        if not page["next"] or len(rows) == most:
            return rows
        query["cursor"] = cursor_in(page["next"])


def cursor_in(address: str) -> str:
    """Where the page at ``address`` begins. The address itself may be another than that which a
    proxy shows to us."""
    return parse_qs(urlsplit(address).query)["cursor"][0]


# --- Finding --------------------------------------------------------------------------------------


def styles(words: str, tags: Iterable[str], sort: str, limit: int) -> Step[list[Style]]:
    query = {"q": words, "tags": ",".join(tags), "sort": sort}
    given = {name: value for name, value in query.items() if value}
    rows = yield from pages("/api/models", most=limit, **given)
    return [Style.of(each) for each in rows]


def style_id(style: int | str) -> Step[int]:
    """The id of the style that is called so; its whole name counts, in any case. A search finds
    more, by tags and descriptions too, but nobody pays for what was only found. Raises
    UnknownStyle."""
    if isinstance(style, int):
        return style
    wanted = style.strip()
    # Python makes no number of thousands of digits, and no id has them.
    if wanted.isdecimal() and len(wanted) < 20:
        return int(wanted)
    # Of "", every style would be found.
    rows = (yield from pages("/api/models", q=wanted, sort="popular")) if wanted else []
    found = [Style.of(row) for row in rows]
    called = [each for each in found if each.name.casefold() == wanted.casefold()]
    if len(called) == 1:
        return called[0].id
    if not found:
        raise UnknownStyle(f"There is no style “{style}”. Look for one by other words.")
    listed = ", ".join(
        f"{each.id} ({each.name} by {each.artist})" for each in (called or found)[:5]
    )
    if called:
        raise UnknownStyle(f"“{style}” are several styles. Give one by its id: {listed}.")
    raise UnknownStyle(
        f"No style is called “{style}”. Give one by its whole name or its id; found: {listed}."
    )


# --- Ordering -------------------------------------------------------------------------------------


def quoted(items: Iterable[Item], deadline: datetime | None, priority: str | None) -> Step[Quote]:
    body = yield from bodies_of(items)
    return (yield from _quote(body, deadline, priority))


def placed(
    items: Iterable[Item],
    seen: Quote | None,
    deadline: datetime | None,
    webhook_url: str | None,
    priority: str | None,
    key: str | None,
) -> Step[int]:
    """Order, and return the order's id. Without a quote that the caller has seen, ask for one: no
    other price is paid. With a key of the caller's own, an order that was placed before is found
    whatever it would cost now, and even if it could not be placed any more."""
    body = yield from bodies_of(items)
    order: dict[str, Any] = {"items": body}
    if deadline is not None:
        order["deadline"] = deadline.isoformat()
    if webhook_url is not None:
        order["webhook_url"] = webhook_url
    if priority is not None:
        order["priority"] = priority
    try:
        now = seen or (yield from _quote(body, deadline, priority))
    except (Conflict, InvalidRequest, NotFound) as refused:
        if key is None:
            raise
        return (yield from _placed_before(order, key, refused))
    order["expected_cost"] = now.cost
    # A site of the version before takes another quote for another order.
    if seen is not None or key is None:
        order["quote_id"] = now.id
    call = Call("POST", ORDERS, body=order, key=key or str(uuid.uuid4()))
    said = yield from ask(call)
    return int(said.data["id"])


def _placed_before(order: dict[str, Any], key: str, refused: ApiError) -> Step[int]:
    """The id of the order that was placed with ``key``; what it expects is not compared. If there
    is none, nothing is ordered: there is no such quote. Raises ``refused``."""
    try:
        said = yield from ask(Call("POST", ORDERS, body=order | {"quote_id": "none"}, key=key))
    except ApiError as error:
        raise refused from error
    return int(said.data["id"])


def _quote(
    body: list[dict[str, Any]], deadline: datetime | None, priority: str | None
) -> Step[Quote]:
    order: dict[str, Any] = {"items": body}
    if deadline is not None:
        order["deadline"] = deadline.isoformat()
    if priority is not None:
        order["priority"] = priority
    said = yield from ask(Call("POST", "/api/quotes", body=order))
    return Quote.of(said.data)


def bodies_of(items: Iterable[Item]) -> Step[list[dict[str, Any]]]:
    """The items as the API takes them. A count above its largest is parted."""
    ids: dict[int | str, int] = {}
    bodies: list[dict[str, Any]] = []
    for item in items:
        if item.style not in ids:
            ids[item.style] = yield from style_id(item.style)
        body: dict[str, Any] = {
            "style_id": ids[item.style],
            **({"prompt": item.prompt} if item.prompt else {"prompt_tags": words_of(item.words)}),
            "aspect_ratio": item.aspect_ratio,
        }
        if item.seed is not None:
            body["seed"] = item.seed
        bodies += ({**body, "count": count} for count in _parts(item.count))
    return bodies


def words_of(words: str | Iterable[str]) -> list[str]:
    """``castle, sunset`` are two phrases of a prompt."""
    said = words.split(",") if isinstance(words, str) else words
    return [each.strip() for each in said if each.strip()]


def _parts(count: int) -> Iterator[int]:
    # What is no count is sent as it is: the site says what is wrong with it. Of more pictures than
    # an order takes, no more are sent than it needs to say so.
    count = min(count, MAX_PICTURES + 1)
    while count > MAX_COUNT:
        yield MAX_COUNT
        count -= MAX_COUNT
    yield count


# --- Waiting --------------------------------------------------------------------------------------


def order_state(order_id: int) -> Step[OrderState]:
    return OrderState.of((yield from get(f"/api/orders/{order_id}", limit=1)))


def ended(order_id: int, timeout: float | None, progress: Progress | None) -> Step[OrderState]:
    """Wait until each picture is completed, failed or canceled. Raises TookTooLong."""
    until = _until(timeout)
    look, seen = 0, -1
    while True:
        call = Call("GET", f"/api/orders/{order_id}", query={"limit": 1})
        said = yield from _looked(call, until, f"Order {order_id}")
        state = OrderState.of(said.data)
        if progress is not None:
            progress(state)
        if state.is_ended:
            return state
        # As long as pictures come, it looks often; then less and less.
        look = 1 if state.ended != seen else look + 1
        seen = state.ended
        missing = f"Order {order_id} has {state.ended} of {state.item_count} pictures."
        yield _wait(look, said.retry_after, until, missing)


def picture_ended(picture_id: int, timeout: float | None) -> Step[Picture]:
    """The same of one picture, whose state is the cheapest question there is."""
    until = _until(timeout)
    look = 0
    while True:
        call = Call("GET", f"/api/images/{picture_id}/status")
        said = yield from _looked(call, until, f"Picture {picture_id}")
        if said.data["status"] in ENDED:
            return Picture.of((yield from get(f"/api/images/{picture_id}")))
        look += 1
        missing = f"Picture {picture_id} is {said.data['status']}."
        yield _wait(look, said.retry_after, until, missing)


def _until(timeout: float | None) -> float | None:
    return None if timeout is None else time.monotonic() + timeout


def _looked(call: Call, until: float | None, what: str) -> Step[Said]:
    """One look at what is waited for. A restart of the site takes from the time for it. Raises
    TookTooLong."""
    if until is None:
        return (yield from ask(call, PATIENCE))
    try:
        return (yield from ask(call, max(until - time.monotonic(), 0)))
    except (Unreachable, RateLimited, ServerProblem) as error:
        told = getattr(error, "retry_after", None) or 0
        if time.monotonic() + told < until:
            raise
        raise TookTooLong(f"{what} cannot be seen now: {error} {GOES_ON}") from error


def _wait(look: int, told: float | None, until: float | None, missing: str) -> Pause:
    """What the site says counts; else it is longer with each look. Raises TookTooLong."""
    own = min(max(SHORTEST_WAIT, backoff(min(look, 8))), LONGEST_WAIT)
    seconds = own if told is None else told
    if until is not None:
        left = until - time.monotonic()
        if left <= 0:
            raise TookTooLong(f"{missing} {GOES_ON}")
        seconds = min(seconds, left)
    return Pause(seconds)


def order_states(limit: int) -> Step[list[OrderState]]:
    rows = yield from pages(ORDERS, most=limit)
    return [OrderState.of(each) for each in rows]


def canceled(order_id: int) -> Step[OrderState]:
    # Canceled twice, it is canceled once; the API takes no key for that.
    said = yield from ask(Call("POST", f"/api/orders/{order_id}/cancel"))
    return OrderState.of(said.data)


def pictures(order_id: int) -> Step[list[Picture]]:
    rows = yield from pages(f"/api/orders/{order_id}", "items")
    return [Picture.of(each) for each in rows]


# --- Saving ---------------------------------------------------------------------------------------


def saved(order_id: int, folder: str | os.PathLike[str], certificates: bool) -> Step[list[Path]]:
    """Save the completed pictures of an order; see ``saved_pictures``."""
    # Read again: links to files live for an hour.
    return (yield from saved_pictures((yield from pictures(order_id)), folder, certificates))


def saved_pictures(
    shown: Sequence[Picture], folder: str | os.PathLike[str], certificates: bool
) -> Step[list[Path]]:
    """Save those that are completed, with their certificates beside them, and return the paths of
    the pictures. Files that are there already are kept: their numbers are theirs alone."""
    into = Path(folder)
    into.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    for picture in shown:
        if picture.status != "completed":
            continue
        path = into / file_name(picture.style, picture.words, picture.licence or str(picture.id))
        if not path.exists():
            _write(path, (yield from fetch(picture.image_url)))
        proof = path.with_suffix(".jwt")
        if certificates and picture.licence and not proof.exists():
            said = yield from licence(picture.licence)
            _write(proof, (said.certificate or "").encode())
        paths.append(path)
    return paths


def _write(path: Path, content: bytes) -> None:
    """All of it or nothing, however it ends."""
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    part.replace(path)


# --- Wallet, licences, verification ---------------------------------------------------------------


def wallet() -> Step[Wallet]:
    said = yield from get("/api/tokens/balance")
    return Wallet(said["balance"], said.get("earned"))


def licence(number: str) -> Step[Licence]:
    return Licence.of((yield from get(f"/api/licences/{quote(number.strip(), safe='')}")))


def verified(file: tuple[str, bytes]) -> Step[Verdict]:
    said = yield from ask(Call("POST", "/api/verify", file=file))
    return Verdict.of(said.data)


def public_keys() -> Step[dict[str, Any]]:
    """The keys that prove certificates. Keep them to check without the network."""
    keys: dict[str, Any] = yield from get("/.well-known/jwks.json")
    if "keys" not in keys:
        raise NotFound(404, "NOT_FOUND", "The site shows no keys.")
    return keys
