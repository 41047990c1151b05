"""What runs before a commit is what `make static` runs, and nothing is fetched for it."""

from __future__ import annotations

import yaml

from tests.system import PROJECT

CONFIGURATION = PROJECT / ".pre-commit-config.yaml"


def test_its_hooks_are_commands_of_make_static() -> None:
    recipe = (PROJECT / "Makefile").read_text().replace("$(BIN)", ".venv/bin")
    (repository,) = yaml.safe_load(CONFIGURATION.read_text())["repos"]
    assert repository["repo"] == "local"
    hooks = {hook["id"]: hook for hook in repository["hooks"]}
    assert set(hooks) == {"format", "lint", "types", "layers"}
    for hook in hooks.values():
        assert f"@{hook['entry'].removeprefix('env ')}\n" in recipe
        assert (hook["language"], hook["pass_filenames"]) == ("system", False)


def test_contributing_says_how_to_switch_it_on() -> None:
    assert "pre-commit install" in (PROJECT / "CONTRIBUTING.md").read_text()
