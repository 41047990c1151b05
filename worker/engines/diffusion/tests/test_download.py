"""The command that downloads base models, as a process, from a hub on loopback."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from worker.engines.base import EngineUnavailable
from worker.engines.diffusion.base_models import REGISTRATION, folder_of, known_base_model
from worker.engines.diffusion.settings import read_environment
from worker.engines.diffusion.tests import hub

NAME = "tiny/sd1"
REFERENCE = f"{NAME}@{hub.COMMIT}"
OPEN = {"license": "creativeml-openrail-m"}
CLOSED = {"license": "other", "license_name": "flux-1-dev-non-commercial"}


@pytest.fixture(scope="module")
def repository(sd1: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the hub has: more than the pipeline needs."""
    folder = shutil.copytree(sd1, tmp_path_factory.mktemp("hub") / "sd1")
    (folder / REGISTRATION).unlink()
    (folder / "README.md").write_text("---\nlicense: creativeml-openrail-m\n---\n")
    for more in (
        "v1-pruned.safetensors",
        "unet/diffusion_pytorch_model.fp16.safetensors",
        "unet/diffusion_pytorch_model.bin",
        "unet/custom.py",
        "safety_checker/model.safetensors",
    ):
        (folder / more).parent.mkdir(exist_ok=True)
        (folder / more).write_bytes(b"not wanted")
    return folder


def download(
    address: str, models: Path, *arguments: str, model: str = NAME
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "worker.engines.diffusion.download", model, *arguments]
    environment = {"HF_ENDPOINT": address, "DIFFUSION_MODELS": str(models)}
    return subprocess.run(
        command,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_model_is_downloaded_registered_and_taken(repository: Path, tmp_path: Path) -> None:
    with hub.running(repository, NAME, OPEN) as (address, sent):
        asked = download(address, tmp_path)
        assert (asked.returncode, sent) == (2, ["model_index.json"])
        assert "creativeml-openrail-m (permits selling pictures)" in asked.stdout
        assert "trained on  undisclosed" in asked.stdout
        assert "--accept creativeml-openrail-m" in asked.stdout
        assert not folder_of(REFERENCE, tmp_path).exists()
        done = download(
            address, tmp_path, "--accept", OPEN["license"], "--trained-on", "our pictures"
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"Set DIFFUSION_MODEL={REFERENCE}" in done.stdout
        # What the pipeline needs, and nothing else.
        parts = {name.partition("/")[0] for name in sent}
        assert parts == {
            *("model_index.json", "README.md", "scheduler", "text_encoder", "tokenizer"),
            *("unet", "vae"),
        }
        assert [name for name in sent if name.endswith((".bin", ".py")) or "fp16" in name] == []
        before = list(sent)
        again = download(address, tmp_path, model=REFERENCE)
        assert (again.returncode, sent) == (0, before)
    found = read_environment({"DIFFUSION_MODEL": REFERENCE, "DIFFUSION_MODELS": str(tmp_path)})
    model = known_base_model(found.model, is_production=True)
    assert (model.name, model.revision) == (NAME, hub.COMMIT)
    assert (model.licence, model.trained_on) == (OPEN["license"], ["our pictures"])


def test_a_licence_that_forbids_selling_is_shown_and_refused_by_the_worker(
    repository: Path, tmp_path: Path
) -> None:
    with hub.running(repository, NAME, CLOSED) as (address, _):
        other = download(address, tmp_path, "--accept", "apache-2.0")
        assert other.returncode == 2
        assert "the licence was not accepted" in other.stderr
        done = download(address, tmp_path, "--accept", CLOSED["license_name"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "flux-1-dev-non-commercial (is not known to permit selling" in done.stdout
    with pytest.raises(EngineUnavailable, match="DIFFUSION_ALLOWED"):
        known_base_model(folder_of(REFERENCE, tmp_path), is_production=True)


def test_a_hub_that_fails_half_way_leaves_no_model(repository: Path, tmp_path: Path) -> None:
    with hub.running(repository, NAME, OPEN, missing="vae/config.json") as (address, sent):
        broken = download(address, tmp_path, "--accept", OPEN["license"])
        assert broken.returncode == 1
        assert f"{NAME} cannot be downloaded" in broken.stderr
        assert not folder_of(REFERENCE, tmp_path).exists()
        assert any(name.startswith("unet/") for name in sent)
    with hub.running(repository, NAME, OPEN) as (address, sent):
        # What is there is not fetched again.
        assert download(address, tmp_path, "--accept", OPEN["license"]).returncode == 0
        assert [name for name in sent if name.startswith("unet/")] == []
    known_base_model(folder_of(REFERENCE, tmp_path), is_production=True)


def test_what_is_no_base_model_is_not_downloaded(repository: Path, tmp_path: Path) -> None:
    other = shutil.copytree(repository, tmp_path / "other")
    index = other / "model_index.json"
    index.write_text(index.read_text().replace("StableDiffusionPipeline", "OtherPipeline"))
    models = tmp_path / "models"
    with hub.running(other, NAME, OPEN) as (address, sent):
        refused = download(address, models, "--accept", OPEN["license"])
        assert (refused.returncode, sent) == (2, ["model_index.json"])
        assert "cannot use a OtherPipeline" in refused.stderr
        missing = download(address, models, model="tiny/nothing")
        assert missing.returncode == 1
        assert "tiny/nothing cannot be downloaded" in missing.stderr


def test_a_name_of_the_hub_needs_its_commit_and_its_download(tmp_path: Path) -> None:
    for reference, message in (
        (REFERENCE, f"download {REFERENCE}"),
        (f"{NAME}@main", "owner/name@commit"),
        (NAME, "owner/name@commit"),
    ):
        with pytest.raises(EngineUnavailable, match=message):
            read_environment({"DIFFUSION_MODEL": reference, "DIFFUSION_MODELS": str(tmp_path)})
