"""Every fault of ``make faults``, on fewer trials; each check is proved by its planted fault.

So what is changed for speed meets all of them at once. The figures of docs/reliability.md, and
enough trials to meet what is rare, are for ``make faults``.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator

import pytest

from tests.faults.playing import Player
from tests.faults.quick import ELSEWHERE, QUICK
from tests.faults.scenes import SCENES
from tests.faults.servers import Servers
from tests.faults.stage import PATIENCE, Stage
from tests.faults.verdict import Outcome, expect, judge
from tests.system import PROJECT, wait_for

ROWS = [(scene, name) for scene, rows in QUICK.items() for name in rows.rows]


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with Servers() as started:
        yield started


@pytest.fixture(scope="module")
def player(servers: Servers) -> Iterator[Player]:
    playing = Player(servers)
    yield playing
    playing.stop()


def on(player: Player, scene: str) -> Stage:
    return player.on(scene, QUICK[scene].build, QUICK[scene].start)


def test_every_row_has_a_quick_version() -> None:
    played = {name for _, name in ROWS} | set(ELSEWHERE)
    assert played == {name for scene in SCENES for name in scene.rows}
    page = (PROJECT / "docs" / "reliability.md").read_text()
    assert played == set(re.findall(r"^\| ([MQFL]\d+b?) \|", page, re.MULTILINE))


@pytest.mark.parametrize("place", ELSEWHERE.values())
def test_what_is_elsewhere_is_there(place: str) -> None:
    path, _, name = place.partition("::")
    assert f"def {name}(" in (PROJECT / path).read_text()


@pytest.mark.slow
def test_one_request_id_runs_from_the_browser_to_the_worker_and_back(player: Player) -> None:
    stage = on(player, "broker")
    buyer = stage.person("traced", tokens=100)
    style_id = stage.trained_style("Traced")
    answer = stage.order(buyer, style_id, **{"X-Request-ID": "from-the-browser"})
    assert answer.headers["X-Request-ID"] == "from-the-browser"
    stage.wait_for_end([answer.json()["data"]["generation_id"]], seconds=PATIENCE)

    def lines(name: str) -> list[str]:
        log = stage.log(name).read_text().splitlines()
        # The web servers write JSON without blanks.
        return [line for line in log if re.search(r'"request_id": ?"from-the-browser"', line)]

    # The order, the report that work began, and the one that it ended.
    wait_for(lambda: len(lines("web")) >= 3, seconds=PATIENCE, what="the web process's lines")
    assert any('"published"' in line for line in lines("relay"))
    assert any('"task_begun"' in line for line in lines("worker-0") + lines("worker-1"))
    assert any("PATCH" in line for line in lines("web"))


@pytest.mark.slow
def test_a_relay_that_is_told_to_stop_ends_well_and_leaves_nothing(player: Player) -> None:
    stage = on(player, "broker")
    relay = stage.process("relay")
    stage.end("relay")
    assert relay.returncode == 0
    stage.start_relay()
    style_id = stage.trained_style("Stopped")
    ids = stage.order_many(stage.person("stopper", tokens=100), style_id, 5)
    stage.wait_for_end(ids, seconds=PATIENCE)
    assert stage.effects_once(ids, only={"completed"}) == []


@pytest.mark.slow
@pytest.mark.parametrize(("scene", "name"), ROWS)
def test_it_holds(player: Player, scene: str, name: str) -> None:
    run, scale = QUICK[scene].rows[name]
    on(player, scene)
    verdict, logs = player.play(name, name, run, random.Random(name), scale=scale)
    assert verdict.passed, f"{verdict.misses}\n{logs}"


def test_a_check_that_sees_nothing_is_a_miss() -> None:
    blind = Outcome(1, "fine", check=list, plant=lambda: None)
    verdict = judge("X1", "a blind check", lambda: blind)
    assert not verdict.passed
    assert verdict.misses == ["the planted fault was not caught"]


def test_a_row_that_breaks_off_is_a_miss_and_healed_is_what_was_planted() -> None:
    def break_off() -> Outcome:
        raise TimeoutError("the end did not come")

    assert judge("X2", "", break_off).misses == ["TimeoutError: the end did not come"]
    steps: list[str] = []
    outcome = Outcome(
        1,
        "fine",
        check=lambda: expect("planted" not in steps, "planted"),
        plant=lambda: steps.append("planted"),
        heal=lambda: steps.clear(),
    )
    verdict = judge("X3", "", lambda: outcome)
    assert verdict.passed
    assert verdict.caught == "planted"
    assert steps == []


def test_a_row_that_misses_leaves_nothing_to_the_next() -> None:
    """Whatever it did: the next one has a system and servers of its own."""
    done: list[str] = []

    class Set:
        def renew(self) -> None:
            done.append("new servers")

    class System:
        def stop(self) -> None:
            done.append("stopped")

        def logs(self) -> str:
            return "the last lines"

    def build(_: object) -> System:
        done.append("built")
        return System()

    def holds(*_: object, **__: object) -> Outcome:
        found: list[str] = []
        return Outcome(
            1,
            "fine",
            check=lambda: [*found],
            plant=lambda: found.append("planted"),
            heal=found.clear,
        )

    def breaks_off(*_: object, **__: object) -> Outcome:
        raise TimeoutError("the end did not come")

    def is_stopped(*_: object, **__: object) -> Outcome:
        raise KeyboardInterrupt

    player = Player(Set())  # type: ignore[arg-type]

    def play(run: Callable[..., Outcome]) -> str:
        player.on("scene", build, lambda _: done.append("started"))
        return player.play("X", "", run, random.Random(1), scale=1)[1]

    assert [play(holds), play(holds)] == ["", ""]
    assert done == ["built", "started"]
    assert play(breaks_off) == "the last lines"
    assert done[2:] == ["stopped", "new servers"]
    with pytest.raises(KeyboardInterrupt):
        play(is_stopped)
    assert done[4:] == ["built", "started", "stopped", "new servers"]
    assert play(holds) == ""
    player.on("another", build, lambda _: None)
    assert done[8:] == ["built", "started", "stopped", "built"]
