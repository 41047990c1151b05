"""Every row of the table on few trials, for each run of the tests (tests/test_faults.py)."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.faults import (
    away,
    broker,
    drafts,
    feed,
    hooks,
    money,
    orders,
    outages,
    payments,
    repeats,
    turns,
    workers,
)
from tests.faults.broker import BrokerStage
from tests.faults.playing import Run
from tests.faults.servers import Servers
from tests.faults.stage import Stage
from tests.faults.till import Till
from tests.faults.verdict import Outcome
from tests.system import database_with_tables_on, make_bucket

# Where tests of their own walk beside a model.
ELSEWHERE = {
    "M3": "app/tests/money/test_money_model.py::"
    "test_the_services_and_the_model_agree_after_every_step"
}


@dataclass(frozen=True)
class QuickScene:
    """Rows that share a system, and how much of each is played: 1 is what the document says."""

    build: Callable[[Servers], Stage]
    start: Callable[[Stage], None]
    rows: Mapping[str, tuple[Run, float]]


def _broker(servers: Servers) -> Stage:
    """Over a PostgreSQL and a RabbitMQ that may be stopped."""
    database = database_with_tables_on(servers.postgres.url)
    return BrokerStage(servers.folder / "broker", servers, DATABASE_URL=database)


def _mortal(servers: Servers) -> Stage:
    return BrokerStage(
        servers.folder / "mortal",
        servers,
        JOB_LEASE_SECONDS=str(workers.LEASE_SECONDS),
        WORKER_CONCURRENCY="2",
    )


def _away(servers: Servers) -> Stage:
    """With Redis and S3."""
    make_bucket(servers.s3.access, "faults")
    return BrokerStage(
        servers.folder / "away",
        servers,
        REDIS_URL=servers.redis.url,
        RATE_LIMIT_GENERATE=f"{away.GENERATE_LIMIT}/60",
        **servers.s3.access.environment("faults"),
    )


def _impatient(servers: Servers) -> Stage:
    """What connects to the broker from now on has 2 s for an acknowledgement."""
    for name, value in (("consumer_timeout", 2000), ("channel_tick_interval", 500)):
        servers.rabbitmq.evaluate(f"application:set_env(rabbit, {name}, {value}).")
    return BrokerStage(servers.folder / "impatient", servers, FAULT_TRAIN_MS="4000")


def _full_disk(stage: BrokerStage, rng: random.Random, *, scale: float) -> Outcome:
    """With one worker, whose disk it is."""
    stage.end("worker-1")
    try:
        return away.full_disk(stage, rng, scale=scale)
    finally:
        stage.start_worker("worker-1")


def _many_relays(stage: BrokerStage, rng: random.Random, *, scale: float) -> Outcome:
    stage.end("relay")
    stage.start_checker()
    stage.end("worker-0")
    return outages.many_relays(stage, rng, scale=scale)


QUICK = {
    "broker": QuickScene(
        build=_broker,
        start=lambda stage: stage.start(workers=2, web_processes=2),
        rows={
            "L1": (broker.latency, 0.1),
            "Q1": (outages.killed_processes, 0.05),
            "Q3": (broker.refused_message, 1),
            "Q5": (broker.poison, 1),
            "Q8": (outages.deaf_backend, 0.5),
            "Q13b": (_full_disk, 1),
            "Q14": (turns.whale, 0.06),
            "Q14b": (turns.whale_and_deaths, 0.06),
            "Q16": (hooks.bad_receivers, 0.2),
            "Q17": (hooks.killed_deliverer, 0.1),
            "Q2": (broker.broker_stopped, 0.1),
            "Q11": (outages.database_restarted, 0.2),
        },
    ),
    "books": QuickScene(
        build=lambda servers: Stage(servers.folder / "books", {}),
        start=lambda stage: stage.start(workers=0, web_processes=2, relays=0),
        rows={
            "M1": (money.overdraft, 0.2),
            "M4": (repeats.same_key, 0.4),
            "M5": (repeats.cut_connection, 0.1),
            "M7": (money.price_changes, 0.1),
            "Q7": (feed.zombie_worker, 0.3),
            "Q10": (feed.cancel_races_start, 0.05),
            "F2": (feed.likes_and_comments, 0.2),
            "F5": (feed.tags_in_both_orders, 1),
            "F1": (feed.growing_feed, 0.1),
            "M6": (money.callback_storm, 0.01),
            "M8": (money.spoiled_books, 1),
            "F4": (feed.dump_and_restore, 1),
            "M2": (money.audit, 1),
        },
    ),
    "till": QuickScene(
        build=lambda servers: Till(servers.folder / "till"),
        start=lambda stage: stage.start(workers=0, web_processes=2, relays=0),
        rows={
            "M9": (payments.deaf_provider, 0.1),
            "M10": (payments.killed_till, 0.1),
            "M11": (payments.webhook_storm, 0.1),
        },
    ),
    "mortal": QuickScene(
        build=_mortal,
        start=lambda stage: stage.start(workers=1, web_processes=2),
        rows={
            "Q4": (workers.killed_workers, 0.1),
            "Q15": (orders.killed_order, 0.06),
            "Q18": (drafts.killed_drafts, 0.1),
        },
    ),
    "away": QuickScene(
        build=_away,
        start=lambda stage: stage.start(workers=1, web_processes=2),
        rows={"Q12": (away.no_redis, 0.5), "Q13": (away.no_storage, 1)},
    ),
    "impatient": QuickScene(
        build=_impatient,
        start=lambda stage: stage.start(workers=1),
        rows={"Q6": (workers.long_training, 1), "Q9": (_many_relays, 0.1)},
    ),
}
