"""``make bench-engine``: how fast the engine ``diffusion`` is on this machine.

It measures on the device that it finds, with the base model that DIFFUSION_MODEL names, or else
with a tiny one of random numbers, keeps the figures in docs/engine-performance.json and writes
docs/engine-performance.md. Rivals take turns, and the best turn of each counts: other programs only
make a turn slower.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import json
import os
import platform
import resource
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import diffusers
import msgspec
import peft
import torch
import transformers
from PIL import Image
from torch.nn.functional import mse_loss

from benchmarks import engine_page
from protocol import GenerationTask, LicenceData, TermsData, decode_signature_request
from provenance.tests.signing import FACTS, signer
from worker.__main__ import exit_now
from worker.engines.base import Engine, TrainedModel
from worker.engines.diffusion.base_models import BaseModel, known_base_model
from worker.engines.diffusion.engine import DiffusionEngine
from worker.engines.diffusion.pipelines import Base
from worker.engines.diffusion.settings import EngineSettings, TrainingSettings, read_environment
from worker.engines.diffusion.style_file import write_style
from worker.engines.diffusion.tests import tiny
from worker.engines.diffusion.training import Training
from worker.engines.diffusion.works import prepare
from worker.engines.scene import paint
from worker.jobs import Workshop
from worker.reports import ReportClient
from worker.runner import JobRunner, Outcome
from worker.signatures import SignatureClient
from worker.storage import FileCache, Storage
from worker.tests.helpers import TOKEN, Backend, Received, generation_task
from worker.workdir import WorkDir

STYLES = 64
WARM_UP = 4  # steps that nobody counts


class Enough(BaseException):
    """Ends a training that has been measured."""


class Bench:
    """``is_tiny``: the base model is of random numbers, and works are small."""

    def __init__(self, settings: EngineSettings, folder: Path, *, is_tiny: bool) -> None:
        self.settings, self.folder, self.is_tiny = settings, folder, is_tiny
        self.model: BaseModel = known_base_model(
            settings.model, is_production=settings.is_production, allowed=settings.allowed
        )
        side = 128 if is_tiny else None
        self.training = TrainingSettings(
            rank=4 if is_tiny else 16, alpha=4.0 if is_tiny else 16.0, resolution=side, held_out=0.0
        )
        self.steps = 10 if is_tiny else 30
        self.works = tiny.artworks(folder, 10)
        # One thread does all on a CPU: its own time is what an idle machine would take.
        self._clock = time.process_time if is_tiny else time.perf_counter

    # --- Training ---------------------------------------------------------------------------------

    def trainings(self, rounds: int, steps: int) -> dict[str, float]:
        ours, bare = [], []
        for _ in range(rounds):
            ours.append(self._ours(steps))
            bare.append(self._bare(steps))
        return {"steps_per_second": 1 / min(ours), "share_of_bare": min(bare) / min(ours)}

    def _ours(self, steps: int) -> float:
        """Seconds a step of our loop, as the engine runs it."""
        base = Base(self.settings, self.model)
        works = prepare(base, self.works, self.training, lambda done: None)
        training = Training(base, works, self.training, 100, identity="")
        times: list[float] = []

        def on_step(done: int, total: int) -> None:
            times.append(self._clock())
            if done == WARM_UP + steps:
                raise Enough

        with contextlib.suppress(Enough):
            training.run(on_step, folder=self.folder, save_checkpoint=None, checkpoint_seconds=3600)
        return (times[-1] - times[WARM_UP]) / steps

    def _bare(self, steps: int) -> float:
        """Seconds a step of the loop that diffusers' own example is, on the same latents, texts and
        layers."""
        base = Base(self.settings, self.model)
        works = prepare(base, self.works, self.training, lambda done: None)
        training = Training(base, works, self.training, 100, identity="")  # the layers
        network, schedule, device = base.network, training._noise, base.device
        parameters = [each for each in network.parameters() if each.requires_grad]
        optimizer = torch.optim.AdamW(parameters, lr=1e-4)
        square = [number for number in works.learned if works.all[number].shape[1:] == (16, 16)]
        square = square if self.is_tiny else works.learned[:1]
        latents = torch.stack([works.all[number].mean for number in square]).to(device)
        began = 0.0
        for step in range(WARM_UP + steps):
            if step == WARM_UP:
                began = self._clock()
            at = step % len(square)
            noise = torch.randn_like(latents[at : at + 1])
            times = torch.randint(0, 1000, (1,), device=device)
            noisy = schedule.add_noise(latents[at : at + 1], noise, times)
            made = base.predicted(noisy, times, works.conditions.of([square[at]]))
            loss = mse_loss(made, noise)
            loss.item()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            optimizer.zero_grad()
        return (self._clock() - began) / steps

    # --- Drawing ----------------------------------------------------------------------------------

    def styles(self, base: Base) -> list[Path]:
        """Files of 64 styles, with random numbers."""
        training = Training(
            base,
            prepare(base, self.works[:1], self.training, lambda done: None),
            self.training,
            1,
            identity="",
        )
        paths = []
        for number in range(STYLES):
            torch.manual_seed(number)
            weights = {
                name.replace(".default", ""): 0.01 * torch.randn(each.shape)
                for name, each in training._parameters.items()
            }
            paths.append(self.folder / f"style-{number}.safetensors")
            write_style(paths[-1], weights, self.training, self.model, training_set="0" * 64)
        return paths

    def pictures(
        self, engine: DiffusionEngine, styles: Sequence[Path], rounds: int
    ) -> dict[str, float]:
        def draw(count: int) -> float:
            began = self._clock()
            for number in range(STYLES):
                self._draw(engine, styles[number % count], number)
            return STYLES / (self._clock() - began)

        self._draw(engine, styles[0], 0)
        best = dict.fromkeys((1, 8, STYLES), 0.0)
        for _ in range(rounds):
            for count in best:
                best[count] = max(best[count], draw(count))
        return {
            "pictures_per_second": best[1],
            "with_8_styles": best[8] / best[1],
            "with_64_styles": best[STYLES] / best[1],
        }

    def _draw(self, engine: Engine, style: Path, seed: int) -> Image.Image:
        return engine.generate(
            style,
            ["boat", "sea"],
            size=self.size,
            seed=seed,
            on_progress=lambda done, total: None,
            settings={"steps": self.steps},
        )

    @property
    def size(self) -> tuple[int, int]:
        return (128, 128) if self.is_tiny else (1024, 1024)

    def swaps(self, engine: DiffusionEngine, styles: Sequence[Path]) -> dict[str, float]:
        """Milliseconds to take another style, from memory and from its file."""
        drawer = engine._drawer
        assert drawer is not None
        from_memory, from_file = [], []
        for path in styles:
            drawer._styles.clear()
            began = time.perf_counter()
            style = drawer._style(path)
            _wait_for(drawer._base)
            read = time.perf_counter()
            drawer._hold(style)
            _wait_for(drawer._base)
            done = time.perf_counter()
            from_memory.append(done - read)
            from_file.append(done - began)
        return {
            "swap_ms": 1000 * statistics.median(from_memory),
            "swap_from_file_ms": 1000 * statistics.median(from_file),
        }

    def deliveries(self, engine: DiffusionEngine, style: Path, count: int) -> dict[str, float]:
        """Milliseconds that the worker adds to a picture: fetch, sign, mark, store, report."""
        # A size that is sold: what follows the drawing grows with it.
        size = (512, 512) if self.is_tiny else self.size
        drawn = DrawnBefore(engine, size)
        backend, stop = Backend(), threading.Event()
        backend.answer_asked = sign
        work, storage = WorkDir(self.folder / "work"), Storage()
        reports = ReportClient(token=TOKEN, work=work, stop=stop)
        signatures = SignatureClient(token=TOKEN, stop=stop)
        shop = Workshop(drawn, storage, FileCache(storage, work.models), signatures)
        runner = JobRunner(shop, reports, work, stop=stop, job_timeout=3600, grace=1)
        beyond = []
        try:
            for _ in range(count + 1):
                task = licensed_task(self.folder, backend, style, size)
                began = time.perf_counter()
                assert runner.run(task) is Outcome.DONE
                beyond.append(time.perf_counter() - began)
                assert backend.statuses(task)[-1] == "completed", backend.of(task)[-1].body
        finally:
            reports.close()
            signatures.close()
            backend.stop()
        return {"beyond_engine_ms": 1000 * statistics.median(beyond[1:])}


def licensed_task(
    folder: Path, backend: Backend, style: Path, size: tuple[int, int]
) -> GenerationTask:
    terms = TermsData("commercial", 1, FACTS.terms.url, FACTS.terms.sha256)
    licence = LicenceData(
        number=FACTS.number,
        terms=terms,
        artist=FACTS.artist,
        style=FACTS.style,
        mark_id=2**32 - 1,
        verify_url=FACTS.verify_url,
        chain=list(signer().chain),
        signatures_url=f"{backend.url}/api/internal/signatures",
    )
    return generation_task(
        folder,
        backend.url,
        lora_path=style.as_uri(),
        width=size[0],
        height=size[1],
        licence=licence,
    )


def sign(asked: Received) -> tuple[int, bytes]:
    """What the backend does."""
    request = decode_signature_request(json.dumps(asked.body).encode())
    signature = base64.b64encode(signer().sign(request.to_sign)).decode()
    return 200, json.dumps({"success": True, "data": {"signature": signature}}).encode()


class DrawnBefore(Engine):
    """Takes no time to draw: what is measured is the rest."""

    def __init__(self, engine: DiffusionEngine, size: tuple[int, int]) -> None:
        self.name, self.version = engine.name, engine.version
        self._picture = paint(["castle", "forest", "sunset"], size=size, seed=7)

    def train(self, *arguments: Any, **named: Any) -> TrainedModel:
        raise NotImplementedError

    def generate(self, *arguments: Any, **named: Any) -> Image.Image:
        return self._picture.copy()


def _wait_for(base: Base) -> None:
    if base.device.type == "cuda":
        torch.cuda.synchronize()


def memory_of(work: Callable[[], dict[str, float]], name: str) -> dict[str, float]:
    """What ``work`` found, and the most memory that there was until then, in GB."""
    if not torch.cuda.is_available():
        found = work()
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    else:
        torch.cuda.reset_peak_memory_stats()
        found = work()
        most = torch.cuda.max_memory_allocated()
    return found | {name: most / 1e9}


def growth(bench: Bench, engine: DiffusionEngine, styles: Sequence[Path]) -> dict[str, float]:
    """Megabytes that the process grows by while 200 styles are swapped in, once warm."""
    drawer = engine._drawer
    assert drawer is not None

    def swap(count: int) -> None:
        for number in range(count):
            drawer._hold(drawer._style(styles[number % len(styles)]))

    swap(200)
    before = _resident()
    swap(200)
    return {"growth_mb": (_resident() - before) / 1e6}


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def measured(
    bench: Bench, *, rounds: int, steps: int, say: Callable[[str], None]
) -> dict[str, Any]:
    found: dict[str, Any] = {}

    def keep(values: dict[str, float]) -> None:
        found.update({name: round(value, 4) for name, value in values.items()})
        say("  " + ", ".join(f"{name} {value:.3g}" for name, value in values.items()))

    keep(memory_of(lambda: bench.trainings(rounds, steps), "training_gb"))
    styles = bench.styles(Base(bench.settings, bench.model))
    engine = DiffusionEngine(bench.settings)
    keep(memory_of(lambda: bench.pictures(engine, styles, rounds), "drawing_gb"))
    keep(bench.swaps(engine, styles))
    keep(growth(bench, engine, styles))
    keep(bench.deliveries(engine, styles[0], 5 * rounds))
    return found


def machine(base: Base) -> dict[str, Any]:
    return {
        "device": base.card if base.device.type == "cuda" else f"CPU, {_processor()}",
        "is_gpu": base.device.type == "cuda",
        "dtype": str(base.dtype).removeprefix("torch."),
        "base_model": f"{base.model.name}@{base.model.revision[:12]}",
        "versions": {
            "Python": platform.python_version(),
            **{
                each.__name__: str(each.__version__)
                for each in (torch, diffusers, transformers, peft)
            },
            **({"CUDA": torch.version.cuda} if base.device.type == "cuda" else {}),
        },
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next(line.partition(": ")[2] for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        name = platform.machine()
    return f"{name}, {torch.get_num_threads()} of {os.cpu_count()} cores"


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engine", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=40, help="of a training, each round")
    parser.add_argument("--out", type=Path, default=engine_page.PAGE)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="style-license-engine-") as made:
        folder = Path(made)
        is_tiny = not os.environ.get("DIFFUSION_MODEL")
        if is_tiny:
            # As the tests: on a busy machine more threads wait for each other.
            torch.set_num_threads(1)
            settings = tiny.settings(tiny.sd1(folder), checkpoint_seconds=180, styles_in_memory=16)
        else:
            settings = read_environment(os.environ)
        bench = Bench(settings, folder, is_tiny=is_tiny)
        about = machine(Base(settings, bench.model))
        print(f"{about['device']}: {about['base_model']}, {about['dtype']}; {about['versions']}")
        figures = measured(bench, rounds=given.rounds, steps=given.steps, say=print)
    kept = given.out.with_suffix(".json")
    runs = msgspec.json.decode(kept.read_bytes()) if kept.exists() else []
    now = {"at": datetime.now(UTC).date().isoformat(), **about, "figures": figures}
    same = ("device", "base_model")
    runs = [run for run in runs if any(run[key] != now[key] for key in same)] + [now]
    kept.write_bytes(msgspec.json.format(msgspec.json.encode(runs)) + b"\n")
    given.out.write_text(engine_page.page(runs))
    print(f"{given.out} is written.")
    return 0


if __name__ == "__main__":
    # As the worker: torch and onnxruntime may wait for each other when Python ends.
    exit_now(main(sys.argv[1:]))
