"""One's own pictures and collections, against the API: it answers in this very process."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.test import Client as Browser
from style_license import (
    AsyncClient,
    Client,
    Conflict,
    InvalidRequest,
    NotAllowed,
    NotFound,
    StyleLicenseError,
    cli,
    operations,
    own,
    requests,
    steps,
)

from app.models import Collected, Generation, User
from app.services import api_key_service
from app.tests.conftest import media  # noqa: F401
from app.tests.factories import GenerationFactory, StyleFactory, UserFactory
from tests.pictures import signature_png

pytestmark = pytest.mark.django_db

SITE = "http://127.0.0.1:8000"
Run = Callable[..., tuple[int, str]]


class Within(httpx.BaseTransport):
    """Leads to the API in this process, and to its files."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer: Any = Browser().generic(
            request.method,
            request.url.raw_path.decode(),
            request.read(),
            request.headers.get("Content-Type", ""),
            headers=dict(request.headers),
        )
        content = b"".join(answer) if answer.streaming else answer.content
        return httpx.Response(answer.status_code, headers=list(answer.items()), content=content)


@pytest.fixture
def buyer() -> User:
    return UserFactory(tokens=100)


@pytest.fixture
def pictures(buyer: User, media: Path) -> list[Generation]:  # noqa: F811
    """Three, the newest first, as the API lists them."""
    style = StyleFactory(name="Wet Paper")
    made = [GenerationFactory(user=buyer, style=style, prompt_tags=[f"sea {n}"]) for n in range(3)]
    for picture in made:
        (media / picture.image_path).write_bytes(signature_png())
    return made[::-1]


@pytest.fixture
def key(buyer: User, monkeypatch: pytest.MonkeyPatch) -> str:
    """A key that may do all of this, of a site to which no network leads."""
    options = requests.options

    def within(*given: Any) -> dict[str, Any]:
        return {**options(*given), "transport": Within()}

    monkeypatch.setattr(requests, "options", within)
    scopes = ["read", "generate", "manage"]
    return str(api_key_service.create_key(user=buyer, name="Client", scopes=scopes).secret)


@pytest.fixture
def client(key: str) -> Client:
    return Client(SITE, key)


@pytest.fixture
def run(
    key: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Run:
    monkeypatch.setenv("STYLE_LICENSE_URL", SITE)
    monkeypatch.setenv("STYLE_LICENSE_KEY", key)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> tuple[int, str]:
        code = cli.main([str(each) for each in arguments])
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


def ids_of(pictures: list[Any]) -> list[int]:
    return [picture.id for picture in pictures]


def test_pictures_are_deleted_and_put_back(client: Client, pictures: list[Generation]) -> None:
    newest = pictures[0].pk
    assert ids_of(client.pictures()) == [picture.pk for picture in pictures]
    assert ids_of(client.pictures(limit=1)) == [newest]
    client.delete(newest)
    assert newest not in ids_of(client.pictures(status="completed", visibility="private"))
    [deleted] = client.deleted()
    assert (deleted.id, deleted.words) == (newest, ("sea 2",))
    assert deleted.raw["deleted_at"]
    with pytest.raises(NotFound):
        client.delete(newest)
    # Put back twice, it is there once.
    assert [client.restore(newest).id for _ in range(2)] == [newest] * 2
    assert (client.deleted(), len(client.pictures())) == ([], 3)


def test_a_limit_is_kept_over_several_pages(
    client: Client, run: Run, pictures: list[Generation], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "PAGE", 2)
    ids = [picture.pk for picture in pictures]
    style = StyleFactory()
    for limit in (2, 3, 500):
        assert ids_of(client.pictures(limit=limit)) == ids[:limit]
    orders = [client.generate(style.pk, "cat").id for _ in range(3)][::-1]
    assert [order.id for order in client.orders(3)] == orders
    assert len(client.styles(limit=1)) == 1
    monkeypatch.setattr(operations, "PAGE", 1)
    assert len(client.styles(limit=500)) == 2
    for limit in (0, -1):
        for command in ("pictures", "styles"):
            code, said = run(command, "--limit", limit)
            assert (code, "limit: Give a number from 1" in said) == (1, True)


def test_what_is_under_way_is_not_deleted(client: Client, buyer: User) -> None:
    making = GenerationFactory(user=buyer, status="processing")
    with pytest.raises(Conflict) as refused:
        client.delete(making.pk)
    assert refused.value.code == "INVALID_TRANSITION"
    assert ids_of(client.pictures()) == [making.pk]


def test_a_collection_from_its_making_to_its_end(
    client: Client, pictures: list[Generation], tmp_path: Path
) -> None:
    ids = [picture.pk for picture in pictures]
    made = client.create_collection("Calendar")
    assert (made.name, made.picture_count) == ("Calendar", 0)
    assert made.url == f"{SITE}/mine?collection={made.id}"
    assert client.add_to_collection(made.id, ids).picture_count == 3
    # Once more is no more; of none, nothing changes.
    assert client.add_to_collection(made.id, ids[:1]).picture_count == 3
    assert client.remove_from_collection(made.id, []).picture_count == 3
    assert client.remove_from_collection(made.id, ids[:1]).picture_count == 2
    assert ids_of(client.pictures(collection=made.id)) == ids[1:]
    saved = client.save_collection(made.id, tmp_path / "out")
    assert [path.name for path in saved] == [
        f"wet-paper-sea-{n}-{picture.licence_number}.png"
        for n, picture in ((1, pictures[1]), (0, pictures[2]))
    ]
    assert all(path.read_bytes() == signature_png() for path in saved)
    assert all(path.with_suffix(".jwt").exists() for path in saved)
    renamed = client.rename_collection(made.id, "Posters")
    assert client.collections() == [renamed]
    assert client.collection(" posters ") == client.collection(made.id) == renamed
    client.delete_collection(made.id)
    assert client.collections() == []
    assert len(client.pictures()) == 3
    with pytest.raises(NotFound):
        client.collection(made.id)
    with pytest.raises(StyleLicenseError, match="no collection “Posters”"):
        client.collection("Posters")


def test_what_is_refused(client: Client, pictures: list[Generation]) -> None:
    made = client.create_collection("Calendar")
    with pytest.raises(InvalidRequest) as taken:
        client.create_collection("CALENDAR")
    assert list(taken.value.fields) == ["name"]
    strange = GenerationFactory(user=UserFactory()).pk
    with pytest.raises(InvalidRequest) as wrong:
        client.add_to_collection(made.id, [pictures[0].pk, strange])
    assert list(wrong.value.fields) == ["image_ids.1"]
    assert not Collected.objects.exists()


def test_a_key_that_may_only_order_deletes_nothing(
    buyer: User, pictures: list[Generation], client: Client
) -> None:
    scopes = ["read", "generate"]
    key = api_key_service.create_key(user=buyer, name="Orders", scopes=scopes).secret
    other = Client(SITE, key)
    for act in (lambda: other.delete(pictures[0].pk), lambda: other.create_collection("Mine")):
        with pytest.raises(NotAllowed):
            act()
    assert (len(client.pictures()), client.collections()) == (3, [])


def test_more_than_one_request_takes_go_in_parts() -> None:
    sent: list[int] = []
    said = {"id": 1, "name": "All", "picture_count": 0, "url": ""}
    doing = own.put_in(1, range(1, 1202))
    wanted: Any = next(doing)
    with suppress(StopIteration):
        while True:
            assert isinstance(wanted, steps.Call)
            assert wanted.is_safe
            sent.append(len((wanted.body or {})["image_ids"]))
            wanted = doing.send(httpx.Response(200, json={"success": True, "data": said}))
    assert sent == [500, 500, 201]


def test_both_clients_have_the_same_methods() -> None:
    def methods(kind: type) -> dict[str, list[tuple[str, Any, Any]]]:
        found = inspect.getmembers(kind, inspect.isfunction)
        return {
            name: [
                (each.name, each.kind, each.default)
                for each in inspect.signature(method).parameters.values()
            ]
            for name, method in found
            if not name.startswith("_")
        }

    assert methods(Client) == methods(AsyncClient)


def test_the_command_deletes_and_puts_back(run: Run, pictures: list[Generation]) -> None:
    first, second, third = (picture.pk for picture in pictures)
    code, said = run("pictures", "--limit", 2)
    assert code == 0
    assert f"{first}  {pictures[0].licence_number}  Wet Paper: sea 2" in said
    assert str(third) not in said.split()
    code, said = run("delete", first, second)
    assert (code, said) == (0, f"Deleted. Within a week: style-license restore {first} {second}\n")
    # Up to the one that is refused, it is done.
    code, said = run("delete", third, first)
    assert code == 1
    assert f"style-license restore {third}\n" in said
    listed = json.loads(run("restore", "--json")[1])
    assert [row["id"] for row in listed] == [third, second, first]
    assert run("restore", first, second)[0] == 0
    assert json.loads(run("pictures", "--json")[1])[0]["id"] == first
    assert run("delete", 10**9)[0] == 1


def test_the_command_keeps_collections(
    run: Run, pictures: list[Generation], tmp_path: Path
) -> None:
    first, second, _ = (picture.pk for picture in pictures)
    assert "no collections yet" in run("collections")[1]
    code, said = run("collection", "Calendar 2027", "--create", "--add", first, second)
    assert code == 0
    assert said.strip().endswith("2 pictures  Calendar 2027")
    assert run("collection", "calendar 2027", "--remove", first, "--rename", "Poster")[0] == 0
    code, said = run("collection", "Poster", "--out", "out", "--json")
    [path] = json.loads(said)["files"]
    assert Path(path).name.startswith("wet-paper-sea-1-SL-")
    assert (tmp_path / path).exists()
    assert json.loads(run("pictures", "--collection", "Poster", "--json")[1])[0]["id"] == second
    both = run("collection", "Poster", "--delete", "--add", first)
    assert (both[0], "not both" in both[1]) == (1, True)
    assert run("collection", "Poster", "--delete")[1] == "Deleted: Poster. Its pictures stay.\n"
    assert run("collection", "Poster")[0] == 1
    assert run("collections", "--json")[1] == "[]\n"
    assert len(json.loads(run("pictures", "--json")[1])) == 3
