import dataclasses
import errno
import json
import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image

from worker.engines.base import Artwork, EngineError
from worker.engines.diffusion import works as works_module
from worker.engines.diffusion.base_models import known_base_model
from worker.engines.diffusion.engine import DiffusionEngine
from worker.engines.diffusion.pipelines import Base
from worker.engines.diffusion.settings import TrainingSettings
from worker.engines.diffusion.style_file import open_file, save
from worker.engines.diffusion.tests import tiny
from worker.engines.diffusion.tests.doing import EPOCHS, ignore, train
from worker.engines.diffusion.training import CHECKPOINT, Training
from worker.engines.diffusion.works import Work, Works, prepare, size_for, split

STEPS = 8  # four works to learn from, one held out, two epochs


class Killed(BaseException):
    """As the worker stops a job."""


@pytest.fixture(scope="module")
def unbroken(
    engine: DiffusionEngine, works: list[Artwork], tmp_path_factory: pytest.TempPathFactory
) -> bytes:
    return train(engine, works, tmp_path_factory.mktemp("unbroken")).path.read_bytes()


def test_training_leaves_one_file_and_tells_what_it_used(
    engine: DiffusionEngine, works: list[Artwork], tmp_path: Path, unbroken: bytes
) -> None:
    seen: list[tuple[int, int]] = []
    trained = train(
        engine, works, tmp_path, on_progress=lambda done, total: seen.append((done, total))
    )
    assert list(tmp_path.iterdir()) == [trained.path]
    assert trained.path.read_bytes() == unbroken
    assert seen[-1] == (13, 13)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    metric = trained.metric
    assert (metric["artworks"], metric["held_out"], metric["steps"]) == (5, 1, STEPS)
    assert trained.held_out == tuple(split(5, TrainingSettings())[1])
    assert metric["epochs"] == EPOCHS
    held_out = metric["held_out_losses"]
    assert isinstance(held_out, list)
    assert metric["epoch_kept"] == 1 + held_out.index(min(held_out))
    base = metric["base_model"]
    assert isinstance(base, dict)
    assert base["licence"] == "creativeml-openrail-m"
    assert base["trained_on"] == ["nothing"]


def test_killed_at_any_step_and_resumed_it_makes_the_same_file(
    engine: DiffusionEngine, works: list[Artwork], tmp_path: Path, unbroken: bytes
) -> None:
    """One training that is stopped in each of its steps, and goes on each time."""
    kept = tmp_path / "kept"
    begun = []
    for stop_at in range(1, STEPS):

        def stop(done: int, total: int, stop_at: int = stop_at) -> None:
            if total == len(works) + STEPS and done == len(works) + stop_at:
                raise Killed

        with pytest.raises(Killed):
            train(
                engine,
                works,
                tmp_path / str(stop_at),
                on_progress=stop,
                resume_from=kept if kept.exists() else None,
                save_checkpoint=lambda path: kept.write_bytes(path.read_bytes()) and None,
            )
    for folder in (tmp_path / "last", tmp_path / "again"):
        trained = train(engine, works, folder, resume_from=kept)
        begun.append(trained.metric["begun_at_step"])
        assert trained.path.read_bytes() == unbroken
    assert begun == [STEPS - 1, STEPS - 1]


def test_a_process_killed_five_times_makes_the_same_file(
    engine: DiffusionEngine, works: list[Artwork], tmp_path: Path, unbroken: bytes
) -> None:
    kept, out = tmp_path / "kept", tmp_path / "out"

    def live(*, steps: int) -> None:
        """Train as far as ``steps`` further steps."""
        left = iter(range(steps, -1, -1))

        def kill(done: int, total: int) -> None:
            if total == len(works) + STEPS and next(left) == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        def save(path: Path) -> None:
            part = tmp_path / "part"
            part.write_bytes(path.read_bytes())
            part.replace(kept)

        before = kept if kept.exists() else None
        train(engine, works, out, on_progress=kill, resume_from=before, save_checkpoint=save)

    ends = [_end_of_child(lambda: live(steps=1)) for _ in range(5)]
    assert ends == [-signal.SIGKILL] * 5
    assert not (out / "model.safetensors").exists()
    assert _end_of_child(lambda: live(steps=100)) == 0
    assert (out / "model.safetensors").read_bytes() == unbroken


def _end_of_child(work: Callable[[], None]) -> int | None:
    """Do the work in a process of its own; its exit code, or minus the signal that killed it."""
    child = multiprocessing.get_context("fork").Process(target=work)
    child.start()
    child.join(timeout=120)
    return child.exitcode


@pytest.mark.parametrize("case", ["damaged", "cut", "of other works", "missing"])
def test_a_checkpoint_that_does_not_fit_is_left(
    engine: DiffusionEngine, works: list[Artwork], tmp_path: Path, unbroken: bytes, case: str
) -> None:
    kept = tmp_path / "kept"
    others = works[::-1] if case == "of other works" else works
    train(
        engine,
        others,
        tmp_path / "before",
        save_checkpoint=lambda path: kept.write_bytes(path.read_bytes()) and None,
    )
    content = bytearray(kept.read_bytes())
    if case == "damaged":
        content[-200] ^= 1
    elif case == "cut":
        del content[-200:]
    kept.write_bytes(content)
    if case == "missing":
        kept.unlink()
    trained = train(engine, works, tmp_path / "after", resume_from=kept)
    assert trained.metric["begun_at_step"] == 0
    assert trained.path.read_bytes() == unbroken


@pytest.mark.parametrize("case", ["older names", "other sizes", "no state", "no best", "numbers"])
def test_a_checkpoint_of_another_version_is_left(
    engine: DiffusionEngine, works: list[Artwork], tmp_path: Path, unbroken: bytes, case: str
) -> None:
    """It says that it is of this training, and holds something else."""
    kept = tmp_path / "kept"
    train(
        engine,
        works,
        tmp_path / "before",
        save_checkpoint=lambda path: kept.write_bytes(path.read_bytes()) and None,
    )
    tensors, told = open_file(kept)
    some = next(name for name in tensors if name.startswith("now/"))
    changed = {
        "older names": {name.replace("lora_A", "down"): each for name, each in tensors.items()},
        "other sizes": tensors | {some: torch.ones(2, 2)},
        "no state": {n: each for n, each in tensors.items() if not n.startswith("exp_avg_sq/")},
        "no best": {n: each for n, each in tensors.items() if not n.startswith("best/")},
    }
    if case == "numbers":
        told |= {"learned": json.dumps([10**6, [0.1], [0.1], 1, 0.0])}
    save(kept, changed.get(case, tensors), told)
    trained = train(engine, works, tmp_path / "after", resume_from=kept)
    assert trained.metric["begun_at_step"] == 0
    assert trained.path.read_bytes() == unbroken


@pytest.mark.parametrize("part", ["version", "library"])
def test_a_checkpoint_is_of_one_version_of_the_engine_and_of_its_libraries(
    engine: DiffusionEngine,
    works: list[Artwork],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    part: str,
) -> None:
    kept = tmp_path / "kept"
    train(
        engine,
        works,
        tmp_path / "before",
        save_checkpoint=lambda path: kept.write_bytes(path.read_bytes()) and None,
    )
    if part == "version":
        monkeypatch.setattr(DiffusionEngine, "version", "0")
    else:
        monkeypatch.setattr("peft.__version__", "0.1")
    after = train(engine, works, tmp_path / "after", resume_from=kept)
    assert after.metric["begun_at_step"] == 0


def test_without_room_for_checkpoints_the_training_goes_on(
    engine: DiffusionEngine,
    works: list[Artwork],
    tmp_path: Path,
    unbroken: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out, saved = tmp_path / "out", []

    def replace(part: Path, target: Path) -> Path:
        if target.name == CHECKPOINT:
            raise OSError(errno.ENOSPC, "No space left on device")
        return Path(os.replace(part, target) or target)

    monkeypatch.setattr(Path, "replace", replace)
    trained = train(engine, works, out, save_checkpoint=saved.append)
    assert trained.path.read_bytes() == unbroken
    assert saved == []
    # What was written of them would take the room that the style's file needs.
    assert [path.name for path in out.iterdir()] == [trained.path.name]


def test_checkpoints_are_saved_only_so_often(
    engine: DiffusionEngine, works: list[Artwork], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved: list[str] = []
    train(engine, works[:1], tmp_path, save_checkpoint=lambda path: saved.append(path.name))
    assert saved == [CHECKPOINT] * EPOCHS
    rare = type(engine._settings)(
        *(
            3600.0 if name == "checkpoint_seconds" else getattr(engine._settings, name)
            for name in engine._settings.__struct_fields__
        )
    )
    monkeypatch.setattr(engine, "_settings", rare)
    train(engine, works[:1], tmp_path, save_checkpoint=lambda path: saved.append(path.name))
    assert saved == [CHECKPOINT] * EPOCHS


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 5},
        {"min_snr": None},
        {"caption_dropout": 1.0},
        {"trigger": "other words"},
        {"learning_rate": 0.01},
        {"rank": 2},
        {"batch_size": 2},
        {"held_out": 0.5},
        {"repeats": 2},
        {"resolution": 128},
    ],
    ids=str,
)
def test_each_setting_of_a_training_matters(
    engine: DiffusionEngine, works: list[Artwork], tmp_path: Path, unbroken: bytes, change: dict
) -> None:
    assert _weights(train(engine, works, tmp_path, **change).path) != unbroken[-4000:]


def _weights(path: Path) -> bytes:
    return path.read_bytes()[-4000:]


def test_the_works_are_learned(sd1: Path, works: list[Artwork], tmp_path: Path) -> None:
    """Where there is as much noise as before, there is less left of it to guess."""
    settings = TrainingSettings(resolution=64, repeats=10, rank=8, learning_rate=0.01)
    base = Base(tiny.settings(sd1), known_base_model(sd1, is_production=True))
    prepared = prepare(base, works[:1], settings, lambda done: None)
    seen = dataclasses.replace(prepared, held_out=prepared.learned)
    training = Training(base, seen, settings, EPOCHS, identity="")
    before = training._held_out_loss()
    training.run(ignore, folder=tmp_path, save_checkpoint=None, checkpoint_seconds=1)
    after = training._held_out_loss()
    assert before is not None
    assert after is not None
    assert after < 0.97 * before


def test_a_training_that_explodes_says_so(
    engine: DiffusionEngine, works: list[Artwork], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = works_module._encode

    def spoiled(*arguments: object) -> Work:
        work = whole(*arguments)  # type: ignore[arg-type]
        return Work(work.mean * 1e38, work.deviation)

    monkeypatch.setattr(works_module, "_encode", spoiled)
    with pytest.raises(EngineError, match="loss became no number") as refused:
        train(engine, works, tmp_path)
    assert not refused.value.retryable
    assert not (tmp_path / "model.safetensors").exists()


def test_training_without_a_readable_artwork_fails(engine: DiffusionEngine, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="no artwork"):
        train(engine, [], tmp_path)
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    with pytest.raises(EngineError, match=r"broken\.png cannot be read"):
        train(engine, [Artwork(broken)], tmp_path)


def test_settings_that_make_no_sense_are_refused(
    engine: DiffusionEngine, works: list[Artwork], tmp_path: Path
) -> None:
    for wrong in ({"rank": 0}, {"rank": "4"}, {"learning_rate": -1}, {"ranks": 4}):
        with pytest.raises(EngineError, match="settings are not valid"):
            train(engine, works, tmp_path, **wrong)


def test_works_of_one_size_are_shown_together_and_each_as_often(tmp_path: Path) -> None:
    wide, square = (
        Work(torch.zeros(4, 8, 16), torch.ones(1)),
        Work(torch.zeros(4, 8, 8), torch.ones(1)),
    )
    all_works = [square, wide, square, square, wide]
    works = Works(all_works, None, [0, 1, 2, 4], [3])  # type: ignore[arg-type]
    settings = TrainingSettings(batch_size=2, repeats=3)
    assert works.steps_an_epoch(2, settings) == 6
    batches = works.batches(0, 6, settings)
    assert sorted(number for batch in batches for number in batch) == sorted([0, 1, 2, 4] * 3)
    assert all(len({all_works[number].shape for number in batch}) == 1 for batch in batches)
    assert batches == works.batches(0, 6, settings)
    assert batches != works.batches(1, 6, settings)
    assert works.steps_an_epoch(2, TrainingSettings(batch_size=2, repeats=3, max_steps=7)) == 3


def test_a_random_tenth_is_held_out() -> None:
    learned, held_out = split(30, TrainingSettings())
    assert len(held_out) == 3
    assert sorted(learned + held_out) == list(range(30))
    assert split(30, TrainingSettings()) == (learned, held_out)
    assert split(30, TrainingSettings(seed=1)) != (learned, held_out)
    assert split(3, TrainingSettings()) == ([0, 1, 2], [])
    assert split(4, TrainingSettings())[1]


@pytest.mark.parametrize(
    ("given", "size"),
    [
        ((512, 512), (512, 512)),
        ((4000, 3000), (576, 448)),
        ((3000, 4000), (448, 576)),
        ((1024, 512), (704, 384)),
        ((9000, 512), (704, 384)),
    ],
)
def test_sizes_keep_the_shape_of_a_work(given: tuple[int, int], size: tuple[int, int]) -> None:
    assert size_for(*given, 512) == size


def test_a_work_taken_sideways_is_turned_upright(
    engine: DiffusionEngine, works: list[Artwork], tmp_path: Path
) -> None:
    upright = Image.open(works[-1].path)
    exif = Image.Exif()
    exif[0x0112] = 6
    sideways = tmp_path / "sideways.png"
    upright.transpose(Image.Transpose.ROTATE_90).save(sideways, exif=exif)
    files = [
        train(engine, [Artwork(path)], tmp_path / path.stem).path
        for path in (works[-1].path, sideways)
    ]
    assert _weights(files[0]) == _weights(files[1])
