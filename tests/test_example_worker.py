"""A worker by others, examples/worker.py, does the whole main job: it has but docs/protocol.md."""

from __future__ import annotations

import ast
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pika
import pytest
from PIL import Image

from app.services.rabbitmq_service import RabbitMQService
from protocol.messages import QUEUES, TRAINING_QUEUE, dead_queue_name
from tests.gates import GatedFile
from tests.pictures import real_pictures
from tests.system import PROJECT, Person, System, wait_for

pytestmark = pytest.mark.slow
EXAMPLE = PROJECT / "examples" / "worker.py"
SECONDS = 60.0


class Outsiders(System):
    """The system with workers that somebody else wrote."""

    def start_worker(self, name: str) -> None:
        self.spawn(name, str(EXAMPLE))


@pytest.fixture(scope="module")
def system(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Outsiders]:
    running = Outsiders(
        tmp_path_factory.mktemp("outsiders"),
        {"AMQP_URL": request.getfixturevalue("amqp_url"), "JOB_RETRY_DELAYS": "0,0,0"},
    )
    try:
        running.start(workers=0)
        # The relay declares the queues when it has something to send, so it goes first.
        running.manage("dead_letters", "list")
        # Other tests have used the queues.
        with pika.BlockingConnection(pika.URLParameters(running.environment["AMQP_URL"])) as broker:
            channel = broker.channel()
            for queue in QUEUES:
                channel.queue_purge(queue)
                channel.queue_purge(dead_queue_name(queue))
        running.start_worker("worker")
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def artist(system: Outsiders) -> Person:
    return Person(system, "ada").become_artist("Ada Quill")


@pytest.fixture(scope="module")
def style(system: Outsiders, artist: Person) -> dict[str, Any]:
    return trained(artist, "Blots")


@pytest.fixture(scope="module")
def buyer(system: Outsiders) -> Person:
    return Person(system, "bo")


def trained(artist: Person, name: str) -> dict[str, Any]:
    return ended(artist, f"/api/models/{upload(artist, name)}", "training_status")


def upload(artist: Person, name: str) -> int:
    made = artist.post(
        "/api/models",
        data={"name": name, "price": "10", "tags": "sea"},
        files=[("images", (f"{n}.png", data)) for n, data in enumerate(real_pictures(10))],
        status=201,
    )
    return int(made["id"])


def order(buyer: Person, style: dict[str, Any]) -> int:
    accepted = buyer.post(
        "/api/images/generate",
        json={"style_id": style["id"], "prompt_tags": ["sea"], "aspect_ratio": "1:2", "seed": 3},
        status=202,
    )
    return int(accepted["generation_id"])


def ended(person: Person, path: str, field: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        seen: dict[str, Any] = person.get(path)
        return seen if seen[field] in {"completed", "failed", "canceled"} else None

    return wait_for(look, seconds=SECONDS, what=f"the end of {path}")


def newest_model(system: Outsiders) -> Path:
    models = Path(system.environment["DATA_DIR"]).glob("media/models/*/1/model.json")
    return max(models, key=lambda path: path.stat().st_mtime)


def colours(image: Image.Image) -> set[Any]:
    return {colour for _, colour in image.getcolors(image.width * image.height) or []}


def test_it_trains_paints_signs_and_the_artist_is_paid(
    system: Outsiders, artist: Person, style: dict[str, Any], buyer: Person
) -> None:
    assert style["is_ready"], style
    assert artist.get("/api/notifications")["results"][0]["type"] == "training_complete"
    before = artist.get("/api/tokens/balance")["balance"]
    number = order(buyer, style)
    picture = ended(buyer, f"/api/images/{number}/status", "status")
    assert picture["status"] == "completed", picture
    content = httpx.get(picture["image_url"]).content
    with Image.open(io.BytesIO(content)) as image:
        assert (image.format, image.size) == ("PNG", (512, 1024))
        assert image.text["artist_name"] == "Ada Quill"
        assert image.text["generation_id"] == str(number)
        painted = image.convert("RGB")
    # The signature, and nothing else, has other colours than the model.
    corner = (410, 940, 512, 1024)
    model = {tuple(colour) for colour in json.loads(newest_model(system).read_text())}
    assert colours(painted.crop((0, 0, 512, 940))) <= model
    assert not colours(painted.crop(corner)) <= model
    assert artist.get("/api/tokens/balance")["balance"] == before + 12
    assert buyer.get("/api/notifications")["results"][0]["type"] == "generation_complete"


def test_what_it_cannot_make_is_refunded(system: Outsiders, artist: Person, buyer: Person) -> None:
    """Its model is spoilt: three attempts, then the buyer has everything back."""
    style = trained(artist, "Spoilt")
    newest_model(system).write_text("no colours")
    before = buyer.get("/api/tokens/balance")["balance"]
    picture = ended(buyer, f"/api/images/{order(buyer, style)}/status", "status")
    assert picture["status"] == "failed"
    assert picture["failure_reason"] == "The worker could not do this."
    assert buyer.get("/api/tokens/balance")["balance"] == before
    assert buyer.get("/api/notifications")["results"][0]["type"] == "generation_failed"


@pytest.mark.parametrize("how", ["killed", "told to stop"])
def test_what_it_leaves_in_the_middle_the_next_one_completes(
    system: Outsiders, style: dict[str, Any], buyer: Person, how: str
) -> None:
    system.end("worker")
    # One whose model takes its time.
    slow = system.folder / "slow.py"
    slow.write_text(
        f"import sys, time\nsys.path.insert(0, {str(EXAMPLE.parent)!r})\nimport worker\n"
        "_, *names = worker.JOBS['image_generation']\n"
        "worker.JOBS['image_generation'] = (lambda *_: time.sleep(600), *names)\n"
        "worker.main()\n"
    )
    system.spawn("slow", str(slow))
    path = f"/api/images/{order(buyer, style)}/status"
    wait_for(lambda: buyer.get(path)["status"] == "processing", seconds=SECONDS, what="its begin")
    process = system.process("slow")
    (system.kill if how == "killed" else system.end)("slow")
    assert process.returncode == (-9 if how == "killed" else 0)
    system.start_worker("worker")
    assert ended(buyer, path, "status")["status"] == "completed"


def test_a_training_whose_worker_is_killed_the_next_one_completes(
    system: Outsiders, artist: Person
) -> None:
    system.end("worker")
    path = f"/api/models/{upload(artist, 'Killed')}"
    # Before it is ordered, the relay reads the works itself, to look for copies.
    wait_for(lambda: waiting_trainings(system) == 1, seconds=SECONDS, what="its order")
    folders = Path(system.environment["DATA_DIR"]).glob("media/styles/*/originals")
    newest = max(folders, key=lambda folder: folder.stat().st_mtime)
    gate = GatedFile(sorted(newest.iterdir())[5])
    system.start_worker("worker")
    gate.wait_for_reader()
    halfway = artist.get(path)
    assert (halfway["training_status"], halfway["progress"]["progress_percent"]) == ("training", 50)
    system.kill("worker")
    gate.restore()
    system.start_worker("worker")
    assert ended(artist, path, "training_status")["is_ready"]


def test_with_a_wrong_token_it_stops_and_leaves_the_work_to_others(
    system: Outsiders, style: dict[str, Any], buyer: Person
) -> None:
    system.end("worker")
    stranger = system.folder / "stranger.py"
    stranger.write_text(
        f"import os, sys\nsys.path.insert(0, {str(EXAMPLE.parent)!r})\nimport worker\n"
        "os.environ['INTERNAL_API_TOKEN'] = 'wrong'\nworker.main()\n"
    )
    system.spawn("stranger", str(stranger))
    before = dead_bodies(system)
    number = order(buyer, style)
    assert system.process("stranger").wait(timeout=SECONDS) == 1
    system.start_worker("worker")
    assert "does not take this INTERNAL_API_TOKEN" in system.log("stranger").read_text()
    assert dead_bodies(system) == before
    assert ended(buyer, f"/api/images/{number}/status", "status")["status"] == "completed"


def test_what_is_no_task_goes_to_the_dead_letters_and_more_fields_do_no_harm(
    system: Outsiders, style: dict[str, Any], buyer: Person
) -> None:
    parameters = pika.URLParameters(system.environment["AMQP_URL"])
    with pika.BlockingConnection(parameters) as connection:
        channel = connection.channel()
        bodies = {b"no JSON", b'{"type": "watercolour"}', b"[]"}
        for body in bodies:
            channel.basic_publish("", "image_generation", body)
        wait_for(
            lambda: bodies <= set(dead_bodies(system)),
            seconds=SECONDS,
            what="three dead letters",
        )
        channel.queue_purge(dead_queue_name("image_generation"))
        # A task as a later version may send it, straight to the worker: the relay waits.
        system.end("relay")
        number = order(buyer, style)
        task = _message_of(system, number)
        task["priority"] = 1
        task["data"]["licence_number"] = "SL-1"
        channel.basic_publish("", "image_generation", json.dumps(task).encode())
        seen = ended(buyer, f"/api/images/{number}/status", "status")
        assert seen["status"] == "completed"
    system.start_relay()


def waiting_trainings(system: Outsiders) -> int:
    broker = RabbitMQService(system.environment["AMQP_URL"])
    try:
        return broker.depths()[TRAINING_QUEUE]
    finally:
        broker.close()


def dead_bodies(system: Outsiders) -> list[bytes]:
    broker = RabbitMQService(system.environment["AMQP_URL"])
    try:
        return sorted(letter.body for letter in broker.dead_letters("image_generation"))
    finally:
        broker.close()


def _message_of(system: Outsiders, generation_id: int) -> dict[str, Any]:
    code = (
        "from app.models import OutboxMessage, Generation; "
        f"task = Generation.objects.get(pk={generation_id}).task_id; "
        "print(bytes(OutboxMessage.objects.get(task_id=task).body).decode())"
    )
    found: dict[str, Any] = json.loads(
        system.manage("shell", "--no-imports", "-c", code).stdout.splitlines()[-1]
    )
    return found


def test_it_imports_nothing_of_ours() -> None:
    imported = set()
    for node in ast.walk(ast.parse(EXAMPLE.read_text())):
        if isinstance(node, ast.Import):
            imported |= {name.name.partition(".")[0] for name in node.names}
        if isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])
    assert imported - sys.stdlib_module_names == {"pika", "PIL"}
    assert set(QUEUES) == {"image_generation", "model_training"}
