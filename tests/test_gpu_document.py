"""docs/gpu.md says what is so: variables, families, sentences, files. What it prints for Docker is
run by ``make containers``; the engine itself is tested by ``make test-diffusion``."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
import yaml

from tests.system import PROJECT
from worker.engines.diffusion import base_models
from worker.engines.diffusion.base_models import COMMERCIAL, REGISTRATION, folder_of
from worker.engines.diffusion.families import FAMILIES

PAGE = (PROJECT / "docs/gpu.md").read_text()
CODE = "\n".join(path.read_text() for path in (PROJECT / "worker").rglob("*.py"))
SERVICES = yaml.safe_load((PROJECT / "deploy/gpu.yml").read_text())["services"]
WORKERS = yaml.safe_load((PROJECT / "deploy/workers.yml").read_text())["services"]


def table_after(heading: str) -> list[list[str]]:
    """The rows of the tables under a heading, without their heads."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    return [row for row in cells if not set(row[0]) <= {"-", " "} or not row[0]]


def test_variables_of_code_page_and_compose_file_are_the_same() -> None:
    read = set(re.findall(r'"(DIFFUSION_[A-Z_]+)"', CODE)) - {"DIFFUSION_MODELS"}
    passed = {name for name in SERVICES["worker"]["environment"] if name.startswith("DIFFUSION_")}
    told = {
        match[0]
        for row in table_after("Settings by size of the card")
        if (match := re.match(r"DIFFUSION_\w+", row[0].strip("`")))
    }
    assert read == passed == told


def test_the_worker_is_told_what_every_worker_is_told() -> None:
    usual = WORKERS["worker"]["environment"]
    ours = SERVICES["worker"]["environment"]
    left = set(usual) - set(ours)
    # The image says which engine it has, and a card does one job at a time.
    assert left == {"WORKER_ENGINE", "WORKER_CONCURRENCY"}
    assert {name: ours[name] for name in usual.keys() - left} == {
        name: usual[name] for name in usual.keys() - left
    }
    assert SERVICES["worker"]["security_opt"] == WORKERS["worker"]["security_opt"]
    assert "models:/app/models:ro" in SERVICES["worker"]["volumes"]


def test_families_are_those_of_the_engine() -> None:
    rows = {row[1].strip("`"): row[-1] for row in table_after("3. Download a base model")[1:]}
    use = {name: "trains and draws" if it.trains else "draws" for name, it in FAMILIES.items()}
    rows["flux"] = rows["flux"].replace("refused, unless `DIFFUSION_ALLOWED` names it", "draws")
    assert rows == use


def test_hub_names_are_what_the_worker_takes() -> None:
    for reference in re.findall(r"[\w.-]+/[\w.-]+@[0-9a-f]{7,}", PAGE):
        assert folder_of(reference, Path("/models")).parent == Path("/models"), reference


def test_what_can_go_wrong_is_said_in_the_words_of_the_code() -> None:
    literals = "".join(re.findall(r'f?"((?:[^"\\]|\\.)*)"', CODE))
    plain = re.sub(r"\{[^}]*\}", "…", literals)
    for first, *_ in table_after("If it does not work")[1:]:
        sentence = re.match(r"(?:trainings fail with )?`([^`]+)`", first)
        assert sentence, first
        if "device driver" in sentence[1]:  # Docker's own
            continue
        for part in filter(
            None,
            (piece.strip(" :.") for piece in sentence[1].replace("/app/models", "…").split("…")),
        ):
            assert part in plain, part


def test_a_model_of_ones_own_is_registered_as_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [printed] = re.findall(r"python -m worker\.engines\.diffusion\.base_models (/app.*)", PAGE)
    (tmp_path / "model_index.json").write_text(
        json.dumps({"_class_name": "StableDiffusionPipeline"})
    )
    folder, *about = shlex.split(printed)
    assert folder == "/app/models/mine"
    assert base_models.main([str(tmp_path), *about]) == 0
    assert "permits selling" in capsys.readouterr().out
    assert (tmp_path / REGISTRATION).exists()
    assert "flux-1-dev-non-commercial" in COMMERCIAL


def test_both_locks_have_the_same_versions_but_for_torch() -> None:
    def versions(name: str) -> dict[str, str]:
        text = (PROJECT / "requirements" / name).read_text()
        return dict(re.findall(r"^([a-z0-9-]+)==(\S+) \\$", text, re.MULTILINE))

    cpu, cuda = versions("worker-diffusion.txt"), versions("worker-diffusion-cuda.txt")
    assert cuda.pop("torch") + "+cpu" == cpu.pop("torch")
    both = cpu.keys() & cuda.keys()
    assert {name: cpu[name] for name in both} == {name: cuda[name] for name in both}
    assert {name for name in cuda.keys() - both if not name.startswith(("nvidia-", "cuda-"))} == {
        "triton"
    }
    # What only tests need.
    assert cpu.keys() - both == {"pytest", "iniconfig", "pluggy"}
