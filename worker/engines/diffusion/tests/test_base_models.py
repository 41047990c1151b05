import shutil
from pathlib import Path

import msgspec
import pytest

from worker.engines import load_engine
from worker.engines.base import EngineUnavailable
from worker.engines.diffusion.base_models import (
    REGISTRATION,
    BaseModel,
    known_base_model,
    main,
    register,
)
from worker.engines.diffusion.pipelines import Base
from worker.engines.diffusion.settings import read_environment
from worker.engines.diffusion.tests import tiny


@pytest.fixture
def copy(sd1: Path, tmp_path: Path) -> Path:
    return shutil.copytree(sd1, tmp_path / "base")


def test_a_registered_model_is_known(sd1: Path) -> None:
    model = known_base_model(sd1, is_production=True)
    assert (model.name, model.revision, model.family) == ("tiny-sd1", "r1", "sd1")
    assert len(model.sha256) == 64
    assert model.public()["trained_on"] == ["nothing"]


def test_a_model_that_nobody_registered_is_refused(copy: Path) -> None:
    (copy / REGISTRATION).unlink()
    with pytest.raises(EngineUnavailable, match=r"not registered .*base_models"):
        known_base_model(copy, is_production=False)
    (copy / REGISTRATION).write_bytes(b'{"name": 3}')
    with pytest.raises(EngineUnavailable, match="cannot be read"):
        known_base_model(copy, is_production=False)


@pytest.mark.parametrize("how", ["changed", "added", "removed", "renamed"])
def test_a_model_whose_files_changed_is_refused(copy: Path, how: str) -> None:
    (weights,) = (copy / "unet").glob("*.safetensors")
    if how == "changed":
        content = bytearray(weights.read_bytes())
        content[-1] ^= 1
        weights.write_bytes(content)
    elif how == "added":
        (copy / "unet" / "more.bin").write_bytes(b"x")
    elif how == "removed":
        (copy / "scheduler" / "scheduler_config.json").unlink()
    else:
        weights.rename(weights.with_name("other.safetensors"))
    with pytest.raises(EngineUnavailable, match="not those that were registered"):
        known_base_model(copy, is_production=False)


@pytest.mark.parametrize("licence", ["flux-1-dev-non-commercial", "cc-by-nc-4.0", "my own"])
def test_a_licence_that_forbids_selling_is_refused_in_production(copy: Path, licence: str) -> None:
    register(copy, name="strict", revision="r1", licence=licence, trained_on=["undisclosed"])
    with pytest.raises(EngineUnavailable, match=f"licence of strict, {licence}"):
        known_base_model(copy, is_production=True, allowed=["another"])
    assert known_base_model(copy, is_production=True, allowed=["strict"]).licence == licence
    assert known_base_model(copy, is_production=False).licence == licence


def test_the_command_registers_and_shows_the_licence(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (copy / REGISTRATION).unlink()
    about = ["--name", "Mine", "--revision", "abc", "--trained-on", "my pictures"]
    assert main([str(copy), *about, "--licence", "CC-BY-NC-4.0"]) == 0
    assert "CC-BY-NC-4.0 is not known to permit selling" in capsys.readouterr().out
    assert main([str(copy), *about, "--licence", "apache-2.0"]) == 0
    assert "apache-2.0 permits selling" in capsys.readouterr().out
    model = msgspec.json.decode((copy / REGISTRATION).read_bytes(), type=BaseModel)
    assert model == known_base_model(copy, is_production=True)


def test_only_pipelines_that_the_engine_can_use_are_registered(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    about = ["--name", "x", "--revision", "1", "--licence", "mit", "--trained-on", "x"]
    index = copy / "model_index.json"
    index.write_text(index.read_text().replace("StableDiffusionPipeline", "OtherPipeline"))
    assert main([str(copy), *about]) == 2
    assert "cannot use a OtherPipeline" in capsys.readouterr().err
    assert main([str(copy / "unet"), *about]) == 2
    assert "holds no pipeline" in capsys.readouterr().err


def test_the_environment_names_the_model(sd1: Path) -> None:
    found = read_environment({"DIFFUSION_MODEL": str(sd1), "DIFFUSION_ALLOWED": "a, b"})
    assert (found.model, found.allowed, found.is_production) == (sd1, {"a", "b"}, True)
    assert not read_environment(
        {"DIFFUSION_MODEL": str(sd1), "DJANGO_ENV": "development"}
    ).is_production
    for wrong, message in (
        ({"DIFFUSION_MODEL": ""}, "DIFFUSION_MODEL"),
        ({"DIFFUSION_MODEL": "nowhere"}, "DIFFUSION_MODEL"),
        ({"DIFFUSION_MODEL": str(sd1), "DIFFUSION_DTYPE": "float8"}, "DIFFUSION_DTYPE"),
        ({"DIFFUSION_MODEL": str(sd1), "DIFFUSION_MAX_RANK": "x"}, "DIFFUSION_MAX_RANK"),
        # A training whose artist says nothing would not fit.
        ({"DIFFUSION_MODEL": str(sd1), "DIFFUSION_MAX_RANK": "15"}, "from 16 to"),
    ):
        with pytest.raises(EngineUnavailable, match=message):
            read_environment(wrong)


def test_the_worker_loads_it_by_name(sd1: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIFFUSION_MODEL", str(sd1))
    assert load_engine("diffusion").name == "diffusion"
    monkeypatch.delenv("DIFFUSION_MODEL")
    with pytest.raises(EngineUnavailable, match="DIFFUSION_MODEL"):
        load_engine("diffusion")


def test_a_large_model_does_not_start_on_a_cpu_unless_told_to(
    sd1: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.engines.diffusion.pipelines.MOST_ON_CPU", 1000)
    model = known_base_model(sd1, is_production=True)
    with pytest.raises(EngineUnavailable, match="no graphics card"):
        Base(tiny.settings(sd1), model)
    assert Base(tiny.settings(sd1, device="cpu"), model).card == "cpu"


def test_a_device_that_is_not_there_is_named(sd1: Path) -> None:
    with pytest.raises(EngineUnavailable, match="cannot be loaded on cuda"):
        Base(tiny.settings(sd1, device="cuda"), known_base_model(sd1, is_production=True))


def test_half_precision_loads(sd1: Path) -> None:
    base = Base(tiny.settings(sd1, dtype="bfloat16"), known_base_model(sd1, is_production=True))
    assert str(next(base.pipe.unet.parameters()).dtype) == "torch.bfloat16"
