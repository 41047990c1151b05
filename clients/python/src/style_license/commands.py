"""What each command of `style-license` does."""

from __future__ import annotations

import argparse
import getpass
import json
import os
import sys
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from style_license import access, certificates, lists
from style_license.client import Client, Order
from style_license.errors import NotProved, StyleLicenseError
from style_license.models import Item, OrderState

Arguments = argparse.Namespace


class Told:
    """What a command says; ``way_back`` is how to go on if it is stopped, and ``doubt`` how to find
    out whether it did something, if it is stopped before that is known."""

    def __init__(self, is_json: bool) -> None:
        self.is_json = is_json
        self.way_back = self.doubt = ""

    def say(self, text: str) -> None:
        """For people, who get no JSON."""
        if not self.is_json:
            print(text, flush=True)  # noqa: T201

    def show(self, facts: object) -> None:
        """For programs, which get nothing else."""
        if self.is_json:
            print(json.dumps(facts, default=_plain, ensure_ascii=False), flush=True)  # noqa: T201

    def progress(self, state: OrderState) -> None:
        """On a terminal, a line that is written over and over."""
        if sys.stderr.isatty():
            said = f"\r{state.ended} of {state.item_count} pictures"
            print(said, end="\n" if state.is_ended else "", file=sys.stderr)  # noqa: T201


@dataclass(frozen=True)
class Command:
    name: str
    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[Arguments, Told], int]


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return {name: each for name, each in asdict(value).items() if name != "raw"}
    return str(value)


# --- login ----------------------------------------------------------------------------------------


def _login_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Keep address and key of the site for later. The key is asked for, or read from the"
        " standard input: nobody finds it in the list of processes."
    )


def _login(given: Arguments, told: Told) -> int:
    site = given.url or os.environ.get(access.URL_NAME) or input("Address of the site: ")
    asked = getpass.getpass("API key: ") if sys.stdin.isatty() else sys.stdin.readline()
    if not asked.strip():
        raise StyleLicenseError("There is no key. Paste the one that the site has shown you.")
    wanted = access.find(site, asked)
    with Client(wanted.url, wanted.key) as client:
        balance = client.wallet().balance
        keys = client.public_keys()
    path = access.keep(wanted)
    _keep_keys(wanted.url, keys)
    told.say(f"The key works: {balance} tokens. It is kept in {path}.")
    told.show({"url": wanted.url, "file": path, "balance": balance})
    return 0


# --- styles, wallet, licence ----------------------------------------------------------------------


def _styles_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("words", nargs="*", help="in a style's name, tags or description")
    parser.add_argument("--tag", action="append", default=[], help="may be given several times")
    parser.add_argument("--limit", type=int, default=20)


def _styles(given: Arguments, told: Told) -> int:
    with Client(given.url) as client:
        found = client.styles(" ".join(given.words), tags=given.tag, limit=given.limit)
    for style in found:
        told.say(f"{style.id:>6}  {style.price:>5} tokens  {style.name}, by {style.artist}")
    if not found:
        told.say("There is no such style.")
    told.show(found)
    return 0


def _no_arguments(parser: argparse.ArgumentParser) -> None:
    return None


def _wallet(given: Arguments, told: Told) -> int:
    with Client(given.url) as client:
        wallet = client.wallet()
    told.say(f"{wallet.balance} tokens" + (f", {wallet.earned} earned" if wallet.earned else ""))
    told.show(wallet)
    return 0


def _licence_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("number", help="such as SL-7Q2M-0XKD-4T9S")


def _licence(given: Arguments, told: Told) -> int:
    with Client(given.url) as client:
        found = client.licence(given.number)
    told.say(f"{found.number} is {found.state}: {found.style} by {found.artist}. {found.url}")
    told.show(found)
    return 0


# --- quote, order, status -------------------------------------------------------------------------


def _item_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("style", nargs="?", default="", help="its id or name")
    parser.add_argument("words", nargs="*", help="what to paint, as in: castle sunset")
    parser.add_argument("--count", type=int, default=1, help="pictures of each prompt")
    parser.add_argument("--format", default="1:1", help="such as 1:1 (default), 1:2 or 3:2")
    parser.add_argument("--seed", type=int, help="the same seed gives the same picture")
    parser.add_argument("--file", type=Path, help="prompts: one in each line, or a .csv")
    parser.add_argument("--priority", help="high costs more, and goes earlier")


def _items(given: Arguments) -> list[Item]:
    default = Item(given.style, given.words, given.count, given.format, given.seed)
    items = lists.read(given.file, default) if given.file else [default]
    if given.file and given.words:
        raise StyleLicenseError("Give the words in the file or in the command, not in both.")
    if not all(item.style for item in items):
        raise StyleLicenseError(
            "Which style? Give its id or name; `style-license styles` lists them."
        )
    if not all(item.words for item in items):
        raise StyleLicenseError("What is to be painted? Give some words after the style.")
    return items


def _quote(given: Arguments, told: Told) -> int:
    with Client(given.url) as client:
        quote = client.quote(_items(given), priority=given.priority)
    told.say(
        f"{quote.cost} tokens; {quote.balance_after} would be left."
        f" Expected in about {quote.expected_seconds} seconds."
    )
    _say_unknown(told, quote.unknown_words)
    told.show(quote)
    return 0


def _say_unknown(told: Told, words: list[str]) -> None:
    if words:
        told.say(f"These words will not show in the picture: {', '.join(words)}.")


def _order_arguments(parser: argparse.ArgumentParser) -> None:
    _item_arguments(parser)
    parser.add_argument(
        "--key", help="your own name for this order: however often it is run, it is charged once"
    )
    _waiting_arguments(parser)


def _waiting_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--wait", action="store_true", help="until all pictures are made")
    parser.add_argument("--out", type=Path, help="save them in this folder; waits for them")
    parser.add_argument("--timeout", type=float, help="wait for at most so many seconds")


def _make_folder(given: Arguments) -> None:
    """Before anything is paid or waited for: where a file is in its place, nothing can be saved.
    Raises OSError."""
    if given.out:
        given.out.mkdir(parents=True, exist_ok=True)


def _counted(count: int, name: str) -> str:
    return f"{count} {name}" if count == 1 else f"{count} {name}s"


def _order(given: Arguments, told: Told) -> int:
    key = given.key or f"cli-{uuid.uuid4()}"
    with Client(given.url) as client:
        items = _items(given)
        _make_folder(given)
        told.doubt = (
            "The order may have been placed: `style-license status` lists your orders. The same"
            f" command with --key {key} is charged once in all."
        )
        order = client.order(items, priority=given.priority, key=key)
        told.way_back, told.doubt = _way_back(given, order), ""
        count, cost = order.state.item_count, order.state.cost
        # Each once, in the order of the items.
        styles = dict.fromkeys(f"{each.style} by {each.artist}" for each in order.pictures())
        told.say(
            f"Order {order.id}: {_counted(count, 'picture')}, {_counted(cost, 'token')}."
            f" {', '.join(styles)}."
        )
        return _followed(given, told, order)


def _status_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("order", nargs="?", type=int, help="its id; without, the latest orders")
    parser.add_argument("--cancel", action="store_true", help="cancel what is still queued")
    _waiting_arguments(parser)


def _status(given: Arguments, told: Told) -> int:
    with Client(given.url) as client:
        if given.order is None:
            if given.wait or given.out or given.cancel:
                raise StyleLicenseError("Which order? `style-license status` lists them.")
            latest = [order.state for order in client.orders()]
            for state in latest:
                told.say(_line(state))
            if not latest:
                told.say("There are no orders yet.")
            told.show(latest)
            return 0
        _make_folder(given)
        order = client.get_order(given.order)
        if given.cancel:
            order.cancel()
        return _followed(given, told, order)


def _followed(given: Arguments, told: Told, order: Order) -> int:
    """Wait and save as far as that is asked for, and say how the order is."""
    paths: list[Path] = []
    if given.wait or given.out:
        told.way_back = _way_back(given, order)
        order.wait(given.timeout, progress=told.progress)
        if given.out:
            paths = order.save(given.out)
        told.way_back = ""
    told.say(_line(order.state))
    for path in paths:
        told.say(str(path))
    wrong = [each for each in order.pictures() if each.status in ("failed", "canceled")]
    for each in wrong:
        why = each.failure_reason or "It was refunded."
        told.say(f"{', '.join(each.words)}: {each.status}. {why}")
    told.show({**asdict(order.state), "raw": None, "files": paths})
    return 1 if wrong and not getattr(given, "cancel", False) else 0


def _way_back(given: Arguments, order: Order) -> str:
    out = f" --out {given.out}" if given.out else ""
    back = f"style-license status {order.id} --wait{out}"
    return f"Order {order.id} goes on. Come back with: {back}"


def _line(state: OrderState) -> str:
    counted = ", ".join(f"{number} {name}" for name, number in state.counts.items() if number)
    refunded = f", {state.refunded} refunded" if state.refunded else ""
    return f"Order {state.id}: {counted}; {state.cost} tokens{refunded}."


# --- verify ---------------------------------------------------------------------------------------


def _verify_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "First without the network: the certificate beside the picture (.jwt), by the site's keys"
        " that `login` or an earlier check has kept. Then the site is asked about the picture."
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("--certificate", type=Path, help="default: the .jwt beside the picture")
    parser.add_argument("--keys", type=Path, help="a file: jwks.json of the site")
    parser.add_argument("--offline", action="store_true", help="do not ask the site")


def _verify(given: Arguments, told: Told) -> int:
    content = given.file.read_bytes()
    site = access.find(given.url).url
    facts: dict[str, Any] = {"file": given.file}
    is_good = True
    path = given.certificate or given.file.with_suffix(".jwt")
    token = _token_in(path)
    keys = _kept_keys(given.keys or _keys_path(site))
    # The site may sign with another key by now.
    if not given.offline and (keys is None or not (given.keys or _is_proved(token, keys))):
        with Client(given.url) as client:
            _keep_keys(site, keys := client.public_keys())
    if token is None:
        told.say(f"There is no certificate beside it ({path}).")
        is_good = not given.offline
    elif keys is None:
        raise StyleLicenseError("The keys of the site are not kept yet. Run this once on-line.")
    else:
        is_good = _say_certificate(told, facts, content, token, keys)
    if not given.offline:
        with Client(given.url) as client:
            found = client.verify(given.file)
        licence = found.licence
        about = f" {licence.number} is {licence.state}." if licence else ""
        told.say(f"The site says: {found.verdict}.{about}")
        facts |= {"verdict": found.verdict, "licence": licence}
        is_sure = found.verdict in {"authentic", "match"}
        is_good = is_good and is_sure and licence is not None and licence.state == "active"
    told.show(facts)
    return 0 if is_good else 1


def _token_in(path: Path) -> str | None:
    """None if there is no file."""
    try:
        return path.read_text()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise StyleLicenseError(f"{path} is no certificate.") from error


def _is_proved(token: str | None, keys: dict[str, Any]) -> bool:
    """Whether ``keys`` are enough."""
    try:
        return token is None or bool(certificates.read(token, keys))
    except NotProved:
        return False


def _say_certificate(
    told: Told, facts: dict[str, Any], content: bytes, token: str, keys: dict[str, Any]
) -> bool:
    try:
        proved = certificates.read(token, keys)
    except NotProved as error:
        told.say(str(error))
        facts["certificate"] = "not proved"
        return False
    is_same = proved.is_about(content)
    told.say(
        f"The certificate is signed by {proved.issuer}: {proved.number},"
        f" {proved.subject['style']} by {proved.subject['artist']}."
    )
    told.say("It names this very file." if is_same else "It does not name this file.")
    facts |= {"certificate": "proved", "number": proved.number, "is_this_file": is_same}
    return is_same


def _keys_path(site: str) -> Path:
    place = urlsplit(site)
    return access.folder() / f"keys-{place.hostname}-{place.port or place.scheme}.json"


def _keep_keys(site: str, keys: dict[str, Any]) -> None:
    path = _keys_path(site)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_text(json.dumps(keys))


def _kept_keys(path: Path) -> dict[str, Any] | None:
    try:
        keys: dict[str, Any] = json.loads(path.read_text())
        return keys
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise StyleLicenseError(f"{path} holds no keys.") from error


ALL = (
    Command("login", "keep address and key", _login_arguments, _login),
    Command("styles", "look for styles", _styles_arguments, _styles),
    Command("quote", "what pictures would cost", _item_arguments, _quote),
    Command("order", "order pictures", _order_arguments, _order),
    Command("status", "how far orders are", _status_arguments, _status),
    Command("wallet", "how many tokens there are", _no_arguments, _wallet),
    Command("licence", "look at a licence", _licence_arguments, _licence),
    Command("verify", "check a picture and its certificate", _verify_arguments, _verify),
)
