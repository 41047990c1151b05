"""The quick faults of ``make faults``, on fewer trials; each check is proved by its planted fault.

The others (brokers stopped, workers killed, databases restarted) take minutes: see
docs/reliability.md.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest

from tests.faults import broker, feed, money, repeats
from tests.faults.broker import BrokerStage
from tests.faults.stage import Stage
from tests.faults.verdict import Outcome, expect, judge
from tests.system import wait_for

pytestmark = pytest.mark.slow

ON_BOOKS: dict[str, tuple[Callable[..., Outcome], float]] = {
    "M1": (money.overdraft, 0.2),
    "M4": (repeats.same_key, 0.4),
    "M5": (repeats.cut_connection, 0.1),
    "M7": (money.price_changes, 0.1),
    "M8": (money.spoiled_books, 1),
    "Q7": (feed.zombie_worker, 0.3),
    "Q10": (feed.cancel_races_start, 0.05),
    "F2": (feed.likes_and_comments, 0.2),
    "F5": (feed.tags_in_both_orders, 1),
}
ON_BROKER: dict[str, tuple[Callable[..., Outcome], float]] = {
    "L1": (broker.latency, 0.1),
    "Q5": (broker.poison, 1),
}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    running = Stage(tmp_path_factory.mktemp("faults"), {})
    try:
        running.start(workers=0, web_processes=2, relays=0)
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def broker_stage(amqp_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerStage]:
    running = BrokerStage(tmp_path_factory.mktemp("broker-faults"), None, AMQP_URL=amqp_url)
    try:
        running.start(workers=1)
        yield running
    finally:
        running.stop()


@pytest.mark.parametrize("name", ON_BOOKS)
def test_the_books_stay_right(stage: Stage, name: str) -> None:
    _hold(stage, name, *ON_BOOKS[name])


@pytest.mark.parametrize("name", ON_BROKER)
def test_the_broker_loses_nothing(broker_stage: BrokerStage, name: str) -> None:
    _hold(broker_stage, name, *ON_BROKER[name])


def test_one_request_id_runs_from_the_browser_to_the_worker_and_back(
    broker_stage: BrokerStage,
) -> None:
    buyer = broker_stage.person("traced", tokens=100)
    style_id = broker_stage.trained_style("Traced")
    answer = broker_stage.order(buyer, style_id, **{"X-Request-ID": "from-the-browser"})
    assert answer.headers["X-Request-ID"] == "from-the-browser"
    broker_stage.wait_for_end([answer.json()["data"]["generation_id"]], seconds=30)

    def lines(name: str) -> list[str]:
        log = broker_stage.log(name).read_text().splitlines()
        return [line for line in log if '"request_id": "from-the-browser"' in line]

    # The order, the report that work began, and the one that it ended.
    wait_for(lambda: len(lines("web")) >= 3, seconds=10, what="the web process's lines")
    assert any('"published"' in line for line in lines("relay"))
    assert any('"task_begun"' in line for line in lines("worker-0"))
    assert any("PATCH" in line for line in lines("web"))


def test_a_relay_that_is_told_to_stop_ends_well_and_leaves_nothing(
    broker_stage: BrokerStage,
) -> None:
    relay = broker_stage.process("relay")
    broker_stage.end("relay")
    assert relay.returncode == 0
    broker_stage.start_relay()
    style_id = broker_stage.trained_style("Stopped")
    ids = broker_stage.order_many(broker_stage.person("stopper", tokens=100), style_id, 5)
    broker_stage.wait_for_end(ids, seconds=30)
    assert broker_stage.effects_once(ids, only={"completed"}) == []


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


def _hold(stage: Stage, name: str, run: Callable[..., Outcome], scale: float) -> None:
    rng = random.Random(name)
    verdict = judge(name, name, lambda: run(stage, rng, scale=scale))
    assert verdict.passed, f"{verdict.misses}\n{stage.logs()}"
