"""deploy/gpu.yml as docs/gpu.md says, but with torch for CPUs and base models of random numbers.

Played only when asked for: pip has to know where torch's build for CPUs is (PIP_FIND_LINKS or
PIP_EXTRA_INDEX_URL).
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from time import monotonic
from typing import Any

import msgspec

from protocol import encode
from tests.containers import document
from tests.containers.machines import Machine
from tests.containers.printing import end_of, say
from tests.system import PROJECT
from worker.engines.diffusion.tests import hub
from worker.tests.helpers import TOKEN, Backend, generation_task, training_task

NAME, LICENCE = "tiny/sd1", "creativeml-openrail-m"
REFERENCE = f"{NAME}@{hub.COMMIT}"
QUICK = {"resolution": 64, "repeats": 1}
IMAGE = "style-license-worker-diffusion:trial-1"
VOLUME = "style-license-trial_models:/app/models:ro"
MAKE = "import pathlib, worker.engines.diffusion.tests.tiny as t; t.sd1(pathlib.Path('/made'))"
TESTS = PROJECT / "worker/engines/diffusion/tests"


def play(machine: Machine, folder: Path) -> None:
    [build] = document.commands("2. Build the image", page="gpu.md")
    machine.run(build[0], timeout=3600)
    size = machine.run(f"docker image inspect --format '{{{{.Size}}}}' {IMAGE}")
    say(f"the image has {int(size) / 1e9:.1f} GB")
    user = machine.run(f"docker run --rm {IMAGE} id -u").strip()
    assert user == "10001", user
    lacks = machine.run(f"{worker(folder)} </dev/null 2>&1 || true")
    assert f"{REFERENCE} is not in /app/models" in lacks, lacks
    say("without a base model it says what it lacks")
    _download(machine, folder)
    again = machine.run(f"{worker(folder)} </dev/null 2>/dev/null")
    assert json.loads(again) == {"ready": True, "engine": "diffusion"}, again
    _learn_and_draw(machine, folder)


def worker(folder: Path) -> str:
    """The worker's command, as in deploy/gpu.yml, with tasks from a pipe in place of a broker."""
    return (
        "docker run --rm --interactive --network host --security-opt no-new-privileges"
        f" --volume {VOLUME} --volume {folder}:{folder} --env INTERNAL_API_TOKEN={TOKEN}"
        f" --env DIFFUSION_MODEL={REFERENCE} --env DIFFUSION_DEVICE=cpu --env OMP_NUM_THREADS=1"
        f" {IMAGE} python -m worker --broker stdio:"
    )


def _download(machine: Machine, folder: Path) -> None:
    """As the page says, from a hub on this machine."""
    made = folder / "made"
    made.mkdir()
    machine.run(
        f"docker run --rm --user 0 --volume {made}:/made"
        f' --volume {TESTS}:/app/worker/engines/diffusion/tests:ro {IMAGE} python -c "{MAKE}"'
    )
    (made / "sd1" / "base-model.json").unlink()
    [[printed], *_] = document.commands("3. Download a base model", page="gpu.md")
    command = printed.rpartition(" ")[0]
    with hub.running(made / "sd1", NAME, {"license": LICENCE}, host=machine.engine.address) as (
        address,
        _,
    ):
        machine.set(HF_ENDPOINT=address)
        told = machine.run(f"{command} {REFERENCE} --accept {LICENCE}")
    assert f"licence     {LICENCE} (permits selling pictures)" in told, told
    assert f"Set DIFFUSION_MODEL={REFERENCE}" in told, told


def _learn_and_draw(machine: Machine, folder: Path) -> None:
    """A training and a picture over the real protocol."""
    files = folder / "files"
    files.mkdir()
    folder.chmod(0o777)
    files.chmod(0o777)
    backend = Backend()
    try:
        training = training_task(files, backend.url, [("boat",)] * 4)
        quick = msgspec.structs.replace(
            training.data, num_epochs=1, settings=QUICK, engine="diffusion"
        )
        training = msgspec.structs.replace(training, data=quick)
        model = f"file://{files}/style/model.safetensors"
        picture = generation_task(
            files, backend.url, "boat, sea", lora_path=model, engine="diffusion"
        )
        began = monotonic()
        outcomes = _worked_off(machine, worker(folder), [_line(training), _line(picture)])
        assert [each.get("outcome") for each in outcomes[1:]] == ["done", "done"], outcomes
        for task in (training, picture):
            last = backend.of(task)[-1]
            assert last.status == "completed", last.body
        assert (files / "out" / "image.png").stat().st_size > 1000
        say(f"a style was learned and a picture drawn within {monotonic() - began:.0f} s")
    finally:
        backend.stop()


def _line(task: Any) -> str:
    return encode(task).decode()


def _worked_off(machine: Machine, command: str, lines: list[str]) -> list[dict[str, Any]]:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=machine.folder,
        env={**os.environ, **machine.environment},
        input="\n".join(lines) + "\n",
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, end_of(done.stdout + done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]
