"""Which rows happen to which system."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
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
from tests.faults.playing import Player, Run
from tests.faults.servers import Servers
from tests.faults.stage import Stage, at_once
from tests.faults.till import Till
from tests.faults.verdict import Misses, Outcome, Verdict
from tests.system import PROJECT, make_bucket, new_database


@dataclass(frozen=True)
class Scene:
    """Rows that share one system, in the order in which they are played."""

    rows: Mapping[str, tuple[str, Run]]
    build: Callable[[Servers], Stage]
    start: Callable[[Stage], None]

    @property
    def names(self) -> list[str]:
        return list(self.rows)

    def play(
        self, servers: Servers, seed: int, *, only: set[str], scale: float
    ) -> Iterator[Verdict]:
        player = Player(servers)
        try:
            for name, (title, run) in self.rows.items():
                if only and name.lower() not in only:
                    continue
                player.on("", self.build, self.start)
                rng = random.Random(f"{seed} {name}")
                verdict, logs = player.play(name, title, run, rng, scale=scale)
                if logs:
                    sys.stdout.write(f"{logs}\n")
                yield verdict
        finally:
            player.stop()


def _plain(servers: Servers) -> Stage:
    return Stage(servers.folder / "plain", {})


def walk(stage: Stage, rng: random.Random, *, scale: float = 1) -> Outcome:
    """M3 in processes of its own, each over a seed of its own."""
    seeds = [rng.randrange(10**6) for _ in range(3)]
    steps = int(5000 * scale)

    def walk_once(seed: int, *options: str) -> subprocess.CompletedProcess[str]:
        environment = {**stage.environment, "DATABASE_URL": new_database()}
        for command in (
            ["manage.py", "migrate", "--verbosity=0"],
            ["-m", "tests.faults.model_check", f"--seed={seed}", *options],
        ):
            done = subprocess.run(
                [sys.executable, *command],
                cwd=PROJECT,
                env=environment,
                capture_output=True,
                text=True,
                timeout=600,
            )
        return done

    walks = at_once(
        [lambda seed=seed: walk_once(seed, f"--steps={steps}") for seed in seeds], threads=2
    )
    planted: list[subprocess.CompletedProcess[str]] = []

    def check() -> Misses:
        return [
            done.stdout.strip() or done.stderr[-300:]
            for done in (*walks, *planted)
            if done.returncode != 0
        ]

    jobs = sum(sum(json.loads(done.stdout).get("states", {}).values()) for done in walks)
    return Outcome(
        steps * len(seeds),
        f"{len(seeds)} walks over {jobs} jobs, equal after every step",
        check,
        plant=lambda: planted.append(walk_once(seeds[0], "--steps=200", "--plant")),
    )


def _impatient(servers: Servers) -> Stage:
    """Over a broker that waits 2 s for an acknowledgement, and looks twice a second."""
    server = servers.another_rabbitmq("impatient", consumer_timeout="2000")
    server.evaluate("application:set_env(rabbit, channel_tick_interval, 500).")
    return BrokerStage(
        servers.folder / "patience", servers, AMQP_URL=server.url, FAULT_TRAIN_MS="8000"
    )


def _stored(servers: Servers) -> Stage:
    make_bucket(servers.s3.access, "faults")
    return BrokerStage(
        servers.folder / "stored", servers, **servers.s3.access.environment("faults")
    )


SCENES = [
    Scene(
        build=_plain,
        start=lambda stage: stage.start(workers=0, web_processes=2, relays=0),
        rows={
            "M1": ("200 orders of 50 at once on 1 000", money.overdraft),
            "M4": ("one key 50 times at once", repeats.same_key),
            "M5": ("connection cut after the commit", repeats.cut_connection),
            "M7": ("price edited under 200 orders", money.price_changes),
            "Q7": ("reports of an old attempt", feed.zombie_worker),
            "Q10": ("cancel races with start", feed.cancel_races_start),
            "F2": ("likes and comments at once", feed.likes_and_comments),
            "F5": ("tags in both orders", feed.tags_in_both_orders),
            "F1": ("paging a feed that grows", feed.growing_feed),
            "M6": ("storm of callbacks", money.callback_storm),
            "M8": ("spoiled books", money.spoiled_books),
            "F4": ("dump and restore", feed.dump_and_restore),
            "M2": ("audit after all of these", money.audit),
            "M3": ("random steps beside a model", walk),
        },
    ),
    Scene(
        build=lambda servers: Till(servers.folder / "till"),
        start=lambda stage: stage.start(workers=0, web_processes=2, relays=0),
        rows={
            "M9": ("payment provider away, slow, silent", payments.deaf_provider),
            "M10": ("processes killed at each write of a payment", payments.killed_till),
            "M11": ("storm of signed webhooks", payments.webhook_storm),
        },
    ),
    Scene(
        build=lambda servers: BrokerStage(servers.folder / "broker", servers),
        start=lambda stage: stage.start(workers=2, web_processes=2),
        rows={
            "L1": ("202 until the worker has begun", broker.latency),
            "Q1": ("processes killed at the commit and after a publish", outages.killed_processes),
            "Q3": ("messages the broker refuses", broker.refused_message),
            "Q5": ("poison messages", broker.poison),
            "Q8": ("webhook broken, then away", outages.deaf_backend),
            "Q14": ("a whale against 99", turns.whale),
            "Q14b": ("the same, workers and relays killed", turns.whale_and_deaths),
            "Q16": ("receivers of webhooks away, slow, lying", hooks.bad_receivers),
            "Q17": ("what sends webhooks killed at each write", hooks.killed_deliverer),
            "Q2": ("RabbitMQ stopped for 20 s", broker.broker_stopped),
            "Q11": ("PostgreSQL restarted under load", outages.database_restarted),
        },
    ),
    Scene(
        build=lambda servers: BrokerStage(
            servers.folder / "mortal",
            servers,
            JOB_LEASE_SECONDS=str(workers.LEASE_SECONDS),
            WORKER_CONCURRENCY="2",
        ),
        start=lambda stage: stage.start(workers=1, web_processes=2),
        rows={
            "Q4": ("workers killed in the middle of a job", workers.killed_workers),
            "Q15": ("an order of 200, workers and relay killed", orders.killed_order),
            "Q18": ("drafts: workers and backends killed", drafts.killed_drafts),
        },
    ),
    Scene(
        build=_impatient,
        start=lambda stage: stage.start(workers=1),
        rows={"Q6": ("training beyond the acknowledgement timeout", workers.long_training)},
    ),
    Scene(
        build=lambda servers: BrokerStage(servers.folder / "relays", servers),
        start=lambda stage: stage.start(workers=0, relays=0),
        rows={"Q9": ("four relays and sweepers at once", outages.many_relays)},
    ),
    Scene(
        build=lambda servers: BrokerStage(
            servers.folder / "cache",
            servers,
            REDIS_URL=servers.redis.url,
            RATE_LIMIT_GENERATE=f"{away.GENERATE_LIMIT}/60",
        ),
        start=lambda stage: stage.start(workers=1, web_processes=2),
        rows={"Q12": ("Redis gone, and frozen", away.no_redis)},
    ),
    Scene(
        build=_stored,
        start=lambda stage: stage.start(workers=1, web_processes=2),
        rows={"Q13": ("S3 away", away.no_storage)},
    ),
    Scene(
        build=lambda servers: BrokerStage(servers.folder / "full", servers),
        start=lambda stage: stage.start(workers=1, web_processes=2),
        rows={"Q13b": ("disk full", away.full_disk)},
    ),
]
