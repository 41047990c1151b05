"""The client and its command against the real program: web server, relay, worker and database."""

from __future__ import annotations

import asyncio
import html
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from losing_proxy import LosesAnswers
from PIL import Image
from standardwebhooks.webhooks import Webhook
from style_license import (
    AsyncClient,
    Client,
    InvalidRequest,
    Item,
    NotEnoughTokens,
    NotFound,
    NotSignedIn,
    PriceChanged,
    StyleLicenseError,
    TookTooLong,
    certificates,
    cli,
)

from tests.pictures import real_pictures
from tests.system import PROJECT, Person, System, running, wait_for

pytestmark = pytest.mark.slow
SOURCES = PROJECT / "clients" / "python" / "src"
SECONDS = 90.0


@dataclass
class World:
    """A program that runs, with a style on offer, and a buyer who has a key."""

    system: System
    buyer: Person
    artist: Person
    key: str
    home: Path

    @property
    def client(self) -> Client:
        return Client(self.system.url, self.key)

    def charges(self) -> int:
        rows = self.buyer.get("/api/tokens/transactions", type="consume", limit=100)["results"]
        return len(rows)

    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(SOURCES),
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home / "kept"),
            "STYLE_LICENSE_URL": self.system.url,
            "STYLE_LICENSE_KEY": self.key,
        }

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """The command as somebody runs it. It never shows a traceback."""
        done = subprocess.run(
            [sys.executable, "-m", "style_license", *arguments],
            cwd=self.home,
            env=self.environment() | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("client")
    with running(System(folder / "system", {})) as system:
        artist = Person(system, "ada").become_artist("Ada")
        artist.post(
            "/api/models",
            data={"name": "Wet Paper", "price": "2", "tags": "watercolour"},
            files=[("images", (f"{n}.png", data)) for n, data in enumerate(real_pictures(10))],
            status=201,
        )
        buyer = Person(system, "buyer")
        made = buyer.post("/api/keys", json={"name": "client", "scopes": ["read", "generate"]})
        wait_for(
            lambda: artist.get("/api/models/1")["is_ready"], seconds=SECONDS, what="the training"
        )
        home = folder / "home"
        home.mkdir()
        yield World(system, buyer, artist, made["secret"], home)


def test_thirty_prompts_by_six_lines(world: World, monkeypatch: Any, tmp_path: Path) -> None:
    """As the README prints them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STYLE_LICENSE_URL", world.system.url)
    monkeypatch.setenv("STYLE_LICENSE_KEY", world.key)
    things = ("castle", "cat", "boat", "tree", "house")
    times = ("sunset", "night", "snow", "rain", "morning", "fog")
    prompts = [f"{thing}, {time}" for thing in things for time in times]
    (tmp_path / "prompts.txt").write_text("\n".join(prompts))
    page = (SOURCES.parent / "README.md").read_text()
    code = re.search(r"<!-- thirty prompts -->\n```python\n(.*?)```", page, re.S)
    assert code is not None
    lines = [line for line in code.group(1).splitlines() if line.strip()]
    assert len(lines) == 6
    before = world.charges()
    exec(compile("\n".join(lines), "README.md", "exec"), {})
    saved = sorted((tmp_path / "out").glob("*.png"))
    assert len(saved) == len({path.name for path in saved}) == 30
    assert world.charges() == before + 1
    named = {re.sub(r"-SL-.*", "", path.name) for path in saved}
    assert named == {f"wet-paper-{prompt.replace(', ', '-')}" for prompt in prompts}
    keys = world.client.public_keys()
    for path in saved:
        with Image.open(path) as picture:
            assert picture.size == (512, 512)
        proved = certificates.read(path.with_suffix(".jwt").read_text(), keys)
        assert proved.is_about(path.read_bytes())
        assert not proved.is_about(path.read_bytes() + b".")
        assert path.stem.endswith(proved.number)
    assert proved.holds(world.client.fetch(proved.status_url).decode(), keys)
    # The site calls its download as the client calls the file.
    picture_id = proved.subject["id"].rpartition("/")[2]
    download = world.buyer.http.get(f"/pictures/{picture_id}/download")
    assert httpx.URL(download.headers["Location"]).params["name"] == path.name
    assert world.client.verify(path).verdict == "authentic"


def test_a_quote_is_what_is_paid(world: World) -> None:
    client = world.client
    [style] = client.styles("wet paper")
    items = [Item(style.id, ["castle", "xyzzy"]), Item("wet paper", "boat, sea", count=9)]
    quote = client.quote(items)
    assert (quote.cost, quote.unknown_words) == (20, ["xyzzy"])
    wallet = client.wallet()
    assert quote.balance_after == wallet.balance - 20
    world.artist.patch("/api/models/1", json={"price": 3})
    try:
        with pytest.raises(PriceChanged) as changed:
            client.order(items, quote=quote)
    finally:
        world.artist.patch("/api/models/1", json={"price": 2})
    assert changed.value.details == {"expected": 20, "cost": 30}
    assert client.wallet() == wallet
    order = client.order(items, quote=quote)
    assert (order.state.cost, order.state.item_count) == (20, 10)
    assert client.wallet().balance == wallet.balance - 20
    assert order.id == client.orders()[0].id
    assert [picture.words[0] for picture in order.pictures()] == ["castle", *["boat"] * 9]
    canceled = order.cancel().wait(SECONDS).state
    assert canceled.completed + canceled.counts["canceled"] == 10
    assert canceled.refunded == 2 * canceled.counts["canceled"]


def test_a_priority_is_quoted_and_paid(world: World) -> None:
    client, items = world.client, [Item("wet paper", "castle", count=2)]
    usual, quote = client.quote(items), client.quote(items, priority="high")
    assert (usual.cost, quote.cost) == (4, 6)
    order = client.order(items, quote=quote, priority="high")
    assert order.state.cost == 6
    assert {picture.raw["priority"] for picture in order.pictures()} == {"high"}
    with pytest.raises(InvalidRequest) as refused:
        client.order(items, quote=quote)
    assert set(refused.value.fields) == {"quote_id"}
    told = world.run("quote", "wet paper", "castle", "--priority", "high", "--json")
    assert json.loads(told.stdout)["cost"] == 3
    order.cancel().wait(SECONDS)


def test_an_answer_that_is_lost_is_not_paid_twice(world: World) -> None:
    proxy = LosesAnswers(world.system.port, lost=2)
    try:
        before, balance = world.charges(), world.client.wallet().balance
        order = Client(proxy.url, world.key).generate(1, "tree", key="once")
        assert proxy.orders == 3
        assert (world.charges(), world.client.wallet().balance) == (before + 1, balance - 2)
        # Another run of the program, with the key that it has chosen.
        assert world.client.generate(1, "tree", key="once").id == order.id
        assert world.charges() == before + 1
    finally:
        proxy.close()


def test_errors_are_of_a_kind_and_say_what_is_wrong(world: World) -> None:
    client, before = world.client, world.charges()
    with pytest.raises(InvalidRequest) as wrong:
        client.order([Item(1, "cat"), Item(999999, "dog")])
    assert list(wrong.value.fields) == ["items.1.style_id"]
    assert wrong.value.code == "VALIDATION_ERROR"
    with pytest.raises(NotEnoughTokens) as poor:
        client.generate(1, "cat", count=400)
    assert poor.value.details["required"] == 800
    with pytest.raises(NotFound):
        client.get_order(999_999)
    with pytest.raises(NotSignedIn) as unknown:
        Client(world.system.url, "sl_wrong").wallet()
    assert unknown.value.request_id
    with pytest.raises(StyleLicenseError, match="There is no style"):
        client.generate("No Such Style", "cat")
    assert world.charges() == before


def test_waiting_ends_in_time_and_can_go_on(world: World) -> None:
    looks: list[int] = []
    order = world.client.generate("Wet Paper", "house", aspect_ratio="1:2")
    with pytest.raises(TookTooLong, match=f"Order {order.id}"):
        order.wait(timeout=0)
    order.wait(SECONDS, progress=lambda state: looks.append(state.ended))
    assert looks[-1] == order.state.completed == 1
    [picture] = order.pictures()
    assert world.client.wait_for_picture(picture.id, SECONDS) == picture


def test_asyncio(world: World, tmp_path: Path) -> None:
    async def two_at_once() -> list[Path]:
        async with AsyncClient(world.system.url, world.key) as client:
            orders = await asyncio.gather(
                *(client.generate("Wet Paper", word) for word in ("fox", "호수"))
            )
            await asyncio.gather(*(order.wait(SECONDS) for order in orders))
            saved = await asyncio.gather(*(order.save(tmp_path) for order in orders))
            assert (await client.verify(saved[0][0])).verdict == "authentic"
            return [path for paths in saved for path in paths]

    fox, lake = asyncio.run(two_at_once())
    assert fox.name.startswith("wet-paper-fox-SL-")
    assert lake.name.startswith("wet-paper-호수-SL-")


def test_the_quick_start_works_as_it_is_printed(world: World, tmp_path: Path) -> None:
    """Each snippet of /api/docs, one after the other in the same shell, with a key in its place."""
    page = httpx.get(f"{world.system.url}/api/docs").text
    found = re.findall(r'<pre data-run="(\w+)">(.*?)</pre>', page, re.S)
    snippets = [(kind, html.unescape(text)) for kind, text in found]
    assert [kind for kind, _ in snippets] == ["sh", "sh", "python", "sh", "python"]
    # As pip would install it.
    command = tmp_path / "style-license"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m style_license "$@"\n')
    command.chmod(0o755)
    script = []
    for number, (kind, text) in enumerate(snippets[:4]):
        if kind == "python":
            (tmp_path / f"{number}.py").write_text(text)
            text = f"{sys.executable} {number}.py"
        script.append(text.replace("sl_...", world.key))
    before = world.charges()
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(script)],
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(SOURCES)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert world.charges() == before + 3
    pictures = [tmp_path / "castle.png", *(tmp_path / "out").glob("*.png")]
    assert len(pictures) == 5
    for path in pictures:
        with Image.open(path) as picture:
            assert picture.size == (512, 512)
    space: dict[str, Any] = {}
    exec(snippets[4][1], space)
    body, secret = b'{"type": "webhook.test", "data": {}}', "whsec_" + "A" * 43 + "="
    mark = Webhook(secret).sign("msg", datetime.now(UTC), body.decode())
    headers = {"webhook-id": "msg", "webhook-signature": mark}
    headers["webhook-timestamp"] = str(int(datetime.now(UTC).timestamp()))
    assert space["receive"](body, headers, secret) == ("webhook.test", {})


class TestCommand:
    def test_from_login_to_pictures(
        self,
        world: World,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        no_key = {"STYLE_LICENSE_KEY": ""}
        assert world.run("wallet", **no_key).returncode == 4
        login = subprocess.run(
            [sys.executable, "-m", "style_license", "login"],
            env=world.environment() | no_key,
            input=f"{world.key}\n",
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        assert login.returncode == 0, login.stderr
        assert world.key not in login.stdout
        kept = world.home / "kept" / "style-license" / "login.json"
        assert kept.stat().st_mode & 0o777 == 0o600
        (world.home / "prompts.csv").write_text('words,count\ncastle,2\n"cat, night",\n')
        arguments = ("order", "Wet Paper", "--file", "prompts.csv", "--out", "out", "--json")
        ordered = world.run(*arguments, **no_key, STYLE_LICENSE_URL="")
        assert ordered.returncode == 0, ordered.stderr
        said = json.loads(ordered.stdout)
        assert said["counts"]["completed"] == len(said["files"]) == 3
        assert f"Order {said['id']}: 3 completed; 6 tokens." in world.run("status").stdout
        picture = said["files"][0]
        number = "SL-" + Path(picture).stem.partition("-SL-")[2]
        assert f"{number} is active: Wet Paper by Ada." in world.run("licence", number).stdout
        # The keys that `login` has kept are those of before the site took another.
        [keys] = kept.parent.glob("keys-*.json")
        keys.write_text('{"keys": []}')
        whole = world.run("verify", picture)
        assert (whole.returncode, "this very file" in whole.stdout) == (0, True)
        # Without the network: nothing answers there.
        away = {"STYLE_LICENSE_URL": world.system.url, "HTTP_PROXY": "http://127.0.0.1:9"}
        assert world.run("verify", picture, "--offline", **away).returncode == 0
        with (world.home / picture).open("ab") as file:
            file.write(b".")
        changed = world.run("verify", picture, "--offline", **away)
        assert (changed.returncode, "does not name this file" in changed.stdout) == (1, True)
        # What the site calls altered, or only possible, is no success either.
        (world.home / picture).with_suffix(".jwt").unlink()
        monkeypatch.setenv("STYLE_LICENSE_URL", world.system.url)
        assert cli.main(["verify", str(world.home / picture)]) == 1
        assert "altered" in capsys.readouterr().out

    @pytest.mark.parametrize(
        ("command", "environment", "code", "said"),
        [
            ("order 1 cat --count 400", {}, 5, "buy tokens"),
            ("order 7777 cat", {}, 1, "items.0.style_id"),
            ("order Lost cat", {}, 1, "There is no style"),
            ("order 1", {}, 1, "What is to be painted?"),
            ("order 1 --file none.txt", {}, 1, "No such file"),
            ("quote 1 cat --format 7:5", {}, 1, "aspect_ratio"),
            ("status 999999", {}, 1, "There is no"),
            ("licence SL-1", {}, 1, "12 characters"),
            ("wallet", {"STYLE_LICENSE_KEY": "sl_wrong"}, 4, "Make a key"),
            ("wallet", {"STYLE_LICENSE_KEY": "schlüssel"}, 1, "no API key"),
            ("wallet", {"STYLE_LICENSE_URL": "nowhere"}, 1, "Which site?"),
            ("wallet", {"STYLE_LICENSE_URL": "http://[::1"}, 1, "Which site?"),
            ("verify none.png", {}, 1, "No such file"),
            ("verify .", {}, 1, "Is a directory"),
        ],
    )
    def test_mistakes_are_explained(
        self,
        world: World,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        command: str,
        environment: dict[str, str],
        code: int,
        said: str,
    ) -> None:
        """Whatever is not caught would be raised here."""
        monkeypatch.chdir(world.home)
        for name, value in (world.environment() | environment).items():
            monkeypatch.setenv(name, value)
        assert cli.main(command.split()) == code
        told = capsys.readouterr()
        assert told.out == ""
        assert said.lower() in told.err.lower()

    def test_stopped_it_says_how_to_come_back(self, world: World) -> None:
        """Its worker is held, so the order is under way for as long as this takes."""
        os.kill(world.system.process("worker-0").pid, signal.SIGSTOP)
        try:
            process = subprocess.Popen(
                [sys.executable, "-m", "style_license", "order", "1", "cat", "--wait"],
                cwd=world.home,
                env=world.environment(),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            assert process.stdout is not None
            first = process.stdout.readline()
            process.send_signal(signal.SIGINT)
            _, told = process.communicate(timeout=SECONDS)
        finally:
            os.kill(world.system.process("worker-0").pid, signal.SIGCONT)
        assert process.returncode == 130
        assert "Traceback" not in told
        again = re.search(r"style-license (status \d+ --wait)", told)
        assert again is not None, told
        assert first.startswith("Order ")
        assert world.run(*again.group(1).split()).returncode == 0
