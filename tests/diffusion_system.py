"""The whole system with a worker of the engine diffusion, in that engine's own environment.

``make test-diffusion`` runs this; DIFFUSION_PYTHON is the interpreter of that environment. The base
model has random weights, so nothing is fetched.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.system import Person, System, running
from tests.two_engines import ENGINES, see_each_get_its_own, trained, upload

KILLS = 5
# As many messages as the broker delivers of one attempt; after that the lease has to run out.
QUICK = {"JOB_LEASE_SECONDS": "15", "JOB_RETRY_DELAYS": "0,0,0"}


@pytest.fixture
def system(amqp_url: str, tmp_path: Path) -> Iterator[System]:
    with running(System(tmp_path, {"AMQP_URL": amqp_url, **ENGINES, **QUICK})) as system:
        yield system


@pytest.fixture
def start(system: System) -> Callable[..., None]:
    """Start a worker that is killed ``kills`` times, each time after its second checkpoint."""

    def started(name: str, *, kills: int) -> None:
        system.spawn(
            name,
            *("-m", "worker.engines.diffusion.tests.worker_main", str(kills)),
            *("--engine", "diffusion", "--broker", system.environment["AMQP_URL"]),
            *("--work-dir", str(system.folder / name)),
            python=os.environ["DIFFUSION_PYTHON"],
        )

    return started


@pytest.mark.time_limit(600)
def test_each_worker_gets_the_tasks_of_its_engine(
    system: System, start: Callable[..., None]
) -> None:
    see_each_get_its_own(system, lambda: start("diffusion", kills=0))


@pytest.mark.time_limit(600)
def test_killed_five_times_in_a_training_it_makes_the_same_file(
    system: System, start: Callable[..., None]
) -> None:
    """Three times the broker delivers the task again; then the next attempt goes on."""
    artist = Person(system, "ada").become_artist("Ada Quill")
    start("diffusion", kills=KILLS)
    broken = upload(artist, "Harbour", "diffusion")
    trained(artist, broken, seconds=300)
    assert system.log("diffusion").read_text().count("killed by signal 9") == KILLS
    assert _attempt_of(system, broken) == 2
    # Another of the same name and works, by a worker that is left alone.
    assert artist.http.delete(f"/api/models/{broken}", headers=artist._csrf()).status_code == 204
    unbroken = upload(artist, "Harbour", "diffusion")
    trained(artist, unbroken, seconds=300)
    first, second = (_model_of(system, each) for each in (broken, unbroken))
    assert first == second
    assert len(first) > 1000
    # Neither keeps what it would have gone on from.
    assert not list((Path(system.environment["DATA_DIR"]) / "media").rglob("checkpoints/*"))


def _attempt_of(system: System, style_id: int) -> int:
    return int(_style(system, "attempt", style_id))


def _model_of(system: System, style_id: int) -> bytes:
    return Path(_style(system, "model_path", style_id).removeprefix("file://")).read_bytes()


def _style(system: System, column: str, style_id: int) -> str:
    with psycopg.connect(system.environment["DATABASE_URL"]) as connection:
        sql = f"SELECT {column} FROM app_style WHERE id = %s"
        row = connection.execute(sql, [style_id]).fetchone()
    assert row is not None
    return str(row[0])
