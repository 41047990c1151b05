"""An earlier version is measured with its own code and tables, and the page shows it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import psycopg
import pytest

from benchmarks import earlier, writing
from benchmarks.cases import Case
from benchmarks.figures import Told, of_versions
from benchmarks.servers import Server, Web, production
from benchmarks.tests.test_report import made_up, round_of
from tests.system import new_database

FEED = Told("feed", "feed, anonymous", mark=0.6, statements=2, flat=True)
ORDER = Told("generate", "generate, 100 buyers", mark=0.35, statements=9, writes=True)


def page(**cpu: float) -> str:
    """With one order and one feed, each with this web CPU beside the earlier version's."""
    turn = [round_of(each) for each in (cpu["ours"], 0.5, cpu["gunicorn"], 1.0)]
    figures = made_up()
    figures["cases"] = [FEED.as_dict(), ORDER.as_dict()]
    figures["paths"] = {
        "2000": {case.name: figures["paths"]["2000"][case.name] for case in (FEED, ORDER)}
    }
    cases = {case.name: of_versions([turn, turn]) for case in (FEED, ORDER)}
    return writing.page(
        figures | {"versions": {"commit": "881053c", "size": 2000, "cases": cases}}, "performance"
    )


def rows(text: str) -> dict[str, list[str]]:
    """The lines of the table of versions, by path."""
    section = text.partition("## Beside an earlier version")[2].partition("\n## ")[0]
    lines = [line.strip("|").split("|") for line in section.splitlines() if line[:1] == "|"]
    return {line[0].strip(): [cell.strip() for cell in line[1:]] for line in lines[2:]}


def test_times_are_told_beside_the_earlier_version() -> None:
    text = page(ours=0.8, gunicorn=1.1)
    assert "All of them were met." in text
    assert rows(text)["feed, anonymous"] == [
        *("0.80", "0.88", "0.64", "0.40", "≤ 0.85"),
        *("0.80 (0.80–0.80)", "1.10 (1.10–1.10)", "1.00 (1.00–1.00)"),
        *("1,000 / 1,000 / 1,000 / 1,000", "met"),
    ]


@pytest.mark.parametrize(
    ("ours", "gunicorn", "missed"),
    [
        (0.86, 1.0, "feed, anonymous: CPU"),
        (1.01, 1.0, "feed, anonymous: CPU; generate, 100 buyers: CPU"),
        (0.8, 1.2, "feed, anonymous: CPU under gunicorn; generate, 100 buyers: CPU under gunicorn"),
    ],
)
def test_what_takes_more_than_the_earlier_version_is_told(
    ours: float, gunicorn: float, missed: str
) -> None:
    text = page(ours=ours, gunicorn=gunicorn)
    assert f"Missed: {missed}." in " ".join(text.split())
    assert rows(text)["feed, anonymous"][-1] == "**MISS**"


@pytest.mark.parametrize(
    ("program", "missed"), [(0, "requests a second"), (2, "requests a second under gunicorn")]
)
def test_fewer_requests_a_second_are_told(program: int, missed: str) -> None:
    turn = [round_of(0.8) for _ in range(4)]
    turn[program] = replace(turn[program], seconds=1.12)
    cases = {"feed": of_versions([turn])}
    text = writing.page(
        made_up() | {"versions": {"commit": "881053c", "size": 2000, "cases": cases}}, "performance"
    )
    assert f"; feed, anonymous: {missed}." in " ".join(text.split())


def test_without_an_earlier_version_nothing_is_told_of_it() -> None:
    assert "## Beside an earlier version" not in writing.page(made_up(), "performance")


# --- The earlier version itself ---


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return earlier.checked_out(tmp_path_factory.mktemp("earlier") / "code")


@pytest.fixture(scope="module")
def environment(code: Path, redis_url: str) -> dict[str, str]:
    """Of production, with a database that the earlier version has filled."""
    found = production(
        database_url=new_database(),
        redis_url=redis_url,
        folder=code.parent,
        secret_key=secrets.token_urlsafe(50),
        token=secrets.token_urlsafe(40),
    )
    earlier.fill(code, found, 1000)
    return found


@pytest.fixture(scope="module")
def requests(code: Path, environment: dict[str, str]) -> Iterator[earlier.Requests]:
    with earlier.Requests(code, environment, code.with_name("requests.log")) as made:
        yield made


def test_it_has_the_files_of_its_commit(code: Path) -> None:
    assert (code / "app" / "page_cache.py").exists()
    assert not (code / "serving").exists()


@pytest.mark.slow
def test_it_answers_what_it_asks_itself(
    code: Path, environment: dict[str, str], requests: earlier.Requests, tmp_path: Path
) -> None:
    name, application = "earlier", "config.wsgi:application"
    like = Case("balance", "balance", lambda _: [])
    order = Case("generate", "generate", lambda _: [])
    settings = {"server": Server.GUNICORN, "code": code}
    with Web(name, application, environment, tmp_path, **settings) as web:
        web.wait()
        (asked, *_) = requests.case(like).make(1)
        answer = send(web, asked.raw())
        assert answer.status_code == 200
        assert answer.json()["data"]["balance"] > 0
        ordered = requests.case(order).make(3)
        assert len(ordered) == 3
        assert [send(web, each.raw()).status_code for each in ordered] == [202, 202, 202]
    with psycopg.connect(environment["DATABASE_URL"]) as connection:
        (count,) = connection.execute("SELECT COUNT(*) FROM app_generation").fetchone() or (0,)
    assert count > 1000


def send(web: Web, raw: bytes) -> httpx.Response:
    """Send a request as it stands."""
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, path, _ = first.split(" ")
    headers = dict(line.split(": ", 1) for line in lines)
    return httpx.request(method, f"{web.url}{path}", headers=headers, content=body, timeout=30)


def test_a_case_that_it_does_not_have_is_told(requests: earlier.Requests) -> None:
    # The last use of the process: it ends.
    with pytest.raises(RuntimeError, match="881053c makes no requests"):
        requests.case(Case("unknown", "unknown", lambda _: [])).make(1)


def test_a_commit_that_is_not_there_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(earlier, "COMMIT", "0123456789")
    with pytest.raises(RuntimeError, match="Commit 0123456789 can't be read"):
        earlier.checked_out(tmp_path / "code")
