"""A backend to report to, an engine to steer, and tasks to run, all real and small."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
from PIL import Image

from protocol import (
    GenerationData,
    GenerationReport,
    GenerationTask,
    TrainingData,
    TrainingReport,
    TrainingTask,
)
from worker.engines.base import Artwork, Engine, EngineError, OnProgress, TrainedModel
from worker.runner import JobRunner, Outcome
from worker.workdir import WorkDir

TOKEN = "a-test-token-of-32-characters-or-more"
DEADLINE = 15.0  # seconds; far more than anything here takes


def wait_until(condition: Callable[[], Any], what: str = "the condition") -> Any:
    """The first true value of ``condition``; fails the test when it never comes."""
    give_up_at = time.monotonic() + DEADLINE
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < give_up_at, f"{what} did not come about"
        threading.Event().wait(0.01)


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    connection: int  # the client's port: the same for requests of one connection

    @property
    def status(self) -> str:
        return str(self.body.get("status") or self.body["training_status"])


class Backend:
    """Records reports; ``answer`` decides the HTTP status of each (200 unless changed).

    ``asked`` are requests for signatures, which ``answer_asked`` answers with status and body.
    """

    def __init__(self) -> None:
        self.reports: list[Received] = []
        self.answer: Callable[[Received], int] = lambda report: 200
        self.asked: list[Received] = []
        self.answer_asked: Callable[[Received], tuple[int, bytes]] = lambda asked: (404, b"{}")
        self._port = 0
        self._connections: list[socket.socket] = []
        self._server: ThreadingHTTPServer | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Listen, on the same port as before if there was one."""
        backend = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Headers and body are two writes: the second waits 40 ms for an ACK otherwise.
            disable_nagle_algorithm = True

            def setup(self) -> None:
                super().setup()
                backend._connections.append(self.connection)

            def do_PATCH(self) -> None:
                received = self.received()
                backend.reports.append(received)
                self.reply(backend.answer(received), b"{}")

            def do_POST(self) -> None:
                received = self.received()
                backend.asked.append(received)
                self.reply(*backend.answer_asked(received))

            def received(self) -> Received:
                length = int(self.headers["Content-Length"])
                return Received(
                    path=self.path,
                    headers=dict(self.headers.items()),
                    body=json.loads(self.rfile.read(length)),
                    connection=self.client_address[1],
                )

            def reply(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        self._server.daemon_threads = True
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
            for connection in self._connections:
                # Those of the past are closed already.
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self._connections.clear()

    def of(self, task: GenerationTask | TrainingTask) -> list[Received]:
        return [r for r in self.reports if r.body["task_id"] == str(task.task_id)]

    def statuses(self, task: GenerationTask | TrainingTask) -> list[str]:
        return [report.status for report in self.of(task)]


@dataclass
class GateEngine(Engine):
    """Draws one flat colour from the seed. What a prompt's first tag says steers it:

    ``wait``: reports progress until ``gate`` opens · ``stuck``: says nothing until ``gate`` opens ·
    ``refuse``, ``refuse for now``: EngineError · ``crash``: another error · ``print``: to stdout.
    """

    name: str = "gate"
    version: str = "2"
    steps: int = 4
    gate: Callable[[], bool] = lambda: True
    begun: threading.Event = field(default_factory=threading.Event)
    runs: int = 0
    metric: dict[str, Any] = field(default_factory=lambda: {"loss": 0.25})
    trained_on: list[tuple[Artwork, ...]] = field(default_factory=list)

    def train(
        self, artworks: Sequence[Artwork], tags: Sequence[str], *, output: Path, **rest: Any
    ) -> TrainedModel:
        self._work(tags[:1], rest["on_progress"])
        self.trained_on.append(tuple(artworks))
        path = output / "model.npz"
        path.write_bytes(",".join(tags).encode())
        return TrainedModel(path, {"artworks": len(artworks), **self.metric})

    def generate(
        self, model: Path, prompt: Sequence[str], *, size: tuple[int, int], seed: int, **rest: Any
    ) -> Image.Image:
        if not model.read_bytes():
            raise EngineError("The style's model is empty.")
        self._work(prompt, rest["on_progress"])
        drawn = Image.new("RGB", size, (seed % 256, 128, 64))
        drawn.info["settings"] = dict(rest.get("settings", {}))
        return drawn

    def _work(self, words: Sequence[str], on_progress: OnProgress) -> None:
        self.runs += 1
        word = words[0] if words else ""
        on_progress(0, self.steps)
        self.begun.set()
        if word == "refuse":
            raise EngineError("No artwork fits these words.")
        if word == "refuse for now":
            raise EngineError("The model at /srv/models/x.npz is locked.", retryable=True)
        if word == "crash":
            raise ZeroDivisionError("secret detail")
        if word == "print":
            print("a library says hello")  # noqa: T201
        while word in ("wait", "stuck") and not self.gate():
            threading.Event().wait(0.01)
            if word == "wait":
                on_progress(1, self.steps)
        for step in range(1, self.steps + 1):
            on_progress(step, self.steps)


def generation_task(
    folder: Path, backend_url: str, prompt: str = "harbour, dawn", **changes: Any
) -> GenerationTask:
    """A task whose model lies in ``folder`` and whose picture goes to ``folder / "out"``."""
    model = folder / "model.npz"
    if not model.exists():
        model.write_bytes(b"a trained style")
    values: dict[str, Any] = {
        "generation_id": 7,
        "style_id": 3,
        "lora_path": f"file://{model}",
        "prompt": prompt,
        "aspect_ratio": "1:1",
        "width": 96,
        "height": 64,
        "seed": 5,
        "signature_path": None,
        "output_path": f"file://{folder}/out",
        "artist_name": "Mina",
        "style_name": "Tide",
        "license_url": "https://example.test/licence",
    }
    return GenerationTask(
        task_id=changes.pop("task_id", None) or uuid4(),
        attempt=changes.pop("attempt", 1),
        request_id="req-1",
        data=GenerationData(**{**values, **changes}),
        webhook_url=f"{backend_url}/api/images/7/status",
    )


def training_task(
    folder: Path, backend_url: str, tags: Sequence[Sequence[str]] = (("Sea", "boat"), ("sea",))
) -> TrainingTask:
    """A task with one small PNG an entry of ``tags``."""
    paths = []
    for number in range(len(tags)):
        path = folder / f"work-{number}.png"
        Image.new("RGB", (32, 32), (number * 40, 90, 120)).save(path)
        paths.append(f"file://{path}")
    return TrainingTask(
        task_id=uuid4(),
        attempt=1,
        request_id="req-2",
        data=TrainingData(
            style_id=3,
            name="Tide",
            image_paths=paths,
            image_tags=[list(image_tags) for image_tags in tags],
            num_epochs=10,
            output_path=f"file://{folder}/style/",
        ),
        webhook_url=f"{backend_url}/api/models/3/status",
    )


def files_under(folder: Path) -> Iterator[str]:
    """Every file below ``folder``, hidden ones too, by its path from there."""
    return (str(p.relative_to(folder)) for p in sorted(folder.rglob("*")) if p.is_file())


def last_report(backend: Backend, task: GenerationTask | TrainingTask) -> dict[str, Any]:
    report = backend.of(task)[-1].body
    kind = GenerationReport if isinstance(task, GenerationTask) else TrainingReport
    msgspec.convert(report, kind)
    return report


def assert_nothing_left(work: WorkDir, out: Path) -> None:
    assert list(work.jobs.iterdir()) == []
    assert not out.exists() or list(files_under(out)) == []


def in_background(
    runner: JobRunner, task: GenerationTask | TrainingTask
) -> tuple[threading.Thread, list[Outcome]]:
    outcomes: list[Outcome] = []
    thread = threading.Thread(target=lambda: outcomes.append(runner.run(task)))
    thread.start()
    return thread, outcomes
