"""The main job with two engines at once, for tests that bring the second one's worker."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import httpx
import pika
import psycopg

from tests.pictures import real_pictures
from tests.system import Person, System, wait_for

ENGINES = {"ENGINES": "stylenet,diffusion"}
TRAINING_QUEUE = "model_training.diffusion"


def upload(artist: Person, name: str, engine: str) -> int:
    """Upload a style. Returns its id."""
    style = artist.post(
        "/api/models",
        data={
            "name": name,
            "price": "7",
            "engine": engine,
            "training": '{"epochs": 3}',
            "image_tags": '{"0": ["boat"]}',
        },
        files=[
            ("images", (f"{number}.png", picture, "image/png"))
            for number, picture in enumerate(real_pictures(10))
        ],
        status=201,
    )
    assert style["engine"] == engine
    return int(style["id"])


def trained(artist: Person, style_id: int, *, seconds: float = 60) -> dict[str, Any]:
    """The style, once its training has ended well."""
    path = f"/api/models/{style_id}"
    style = wait_for(
        lambda: _if_ended(artist.get(path), "training_status"),
        seconds=seconds,
        what=f"the end of the training of {style_id}",
    )
    assert style["training_status"] == "completed", style
    return style


def see_each_get_its_own(system: System, start_other: Callable[[], None]) -> None:
    """Styles of both engines are trained and sold, each by the worker that has its engine.

    ``system`` runs with a worker of stylenet's alone; ``start_other`` adds the other one.
    """
    artist = Person(system, "ada").become_artist("Ada Quill")
    buyer = Person(system, "bo")
    made = upload(artist, "Made", "diffusion")
    painted = upload(artist, "Painted", "stylenet")
    styles = {"stylenet": trained(artist, painted)}
    # The worker has been idle since, and left alone what it has no engine for.
    wait_for(lambda: _waiting(system, TRAINING_QUEUE) == 1, seconds=10, what="the other's task")
    assert artist.get(f"/api/models/{made}")["engine_version"] is None
    warned = system.try_manage("workers")
    assert warned.returncode == 1
    assert "no living worker has: 1 for diffusion" in warned.stderr
    start_other()
    styles["diffusion"] = trained(artist, made, seconds=120)
    orders = {engine: _order(buyer, style["id"]) for engine, style in styles.items()}
    for engine, number in orders.items():
        path = f"/api/images/{number}"
        status = wait_for(
            lambda: _if_ended(buyer.get(f"{path}/status"), "status"),  # noqa: B023
            seconds=120,
            what=f"a picture of {engine}",
        )
        assert status["status"] == "completed", status
        assert _drawn_by(system, number) == engine
        assert styles[engine]["engine_version"]
        _see_the_certificate_says_so(system, buyer.get(path), styles[engine])
    wait_for(
        lambda: "1 of stylenet, 1 of diffusion" in system.manage("workers").stdout,
        seconds=60,
        what="both workers' announcements",
    )


def _order(buyer: Person, style_id: int) -> int:
    order = {"style_id": style_id, "prompt_tags": ["boat"], "aspect_ratio": "4:3", "seed": 5}
    accepted = buyer.post("/api/images/generate", json=order, status=202)
    return int(accepted["generation_id"])


def _see_the_certificate_says_so(
    system: System, picture: dict[str, Any], style: dict[str, Any]
) -> None:
    number = picture["licence"]["number"]
    licence = httpx.get(f"{system.url}/api/licences/{number}").json()["data"]
    manifest = httpx.get(f"{system.url}/styles/{style['id']}/manifest.json").content
    assert hashlib.sha256(manifest).hexdigest() == licence["training_manifest_sha256"]
    engine = json.loads(manifest)["engine"]
    assert (engine["name"], engine["version"]) == (style["engine"], style["engine_version"])


def _drawn_by(system: System, generation_id: int) -> str:
    with psycopg.connect(system.environment["DATABASE_URL"]) as connection:
        row = connection.execute(
            "SELECT metadata->>'engine' FROM app_generation WHERE id = %s", [generation_id]
        ).fetchone()
    assert row is not None
    return str(row[0])


def _waiting(system: System, queue: str) -> int:
    parameters = pika.URLParameters(system.environment["AMQP_URL"])
    with pika.BlockingConnection(parameters) as connection:
        declared = connection.channel().queue_declare(queue, passive=True)
        return int(declared.method.message_count)


def _if_ended(thing: dict[str, Any], field: str) -> dict[str, Any] | None:
    return thing if thing[field] in {"completed", "failed", "canceled"} else None
