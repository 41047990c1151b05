"""Installing a missing server, on a machine made of scripts."""

import os
from pathlib import Path

import pytest

from devtools.servers import packages
from devtools.servers.packages import ensure_installed
from devtools.servers.process import ServerError


class TestInstalling:
    @pytest.fixture
    def machine(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A Debian of a few scripts: the folder of its programs. Its user is root."""
        programs = tmp_path / "bin"
        programs.mkdir()
        self.add(programs, "dpkg-query", "exit 1")
        policy = tmp_path / "policy-rc.d"
        self.add(
            programs,
            "apt-get",
            f'echo "$@" >> {tmp_path}/calls; cat {policy} >> {tmp_path}/policy-seen;'
            f'case "$*" in *update*) touch {tmp_path}/lists;; *install*) test -e {tmp_path}/lists'
            f" && touch {programs}/fancy-server;; esac",
        )
        monkeypatch.setattr(packages, "_SERVICE_POLICY", policy)
        monkeypatch.setattr(packages, "_LOCK", tmp_path / "lock")
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
        return programs

    @staticmethod
    def add(programs: Path, name: str, script: str) -> None:
        (programs / name).write_text(f"#!/bin/sh\n{script}\n")
        (programs / name).chmod(0o755)

    @staticmethod
    def finder(programs: Path):
        program = programs / "fancy-server"
        return lambda: program if program.exists() else None

    def test_what_is_there_is_used(self, machine: Path, tmp_path: Path) -> None:
        self.add(machine, "fancy-server", "")

        assert ensure_installed("fancy", self.finder(machine)) == machine / "fancy-server"
        assert not (tmp_path / "calls").exists()

    def test_a_bare_image_fetches_package_lists_and_starts_no_service(
        self, machine: Path, tmp_path: Path
    ) -> None:
        assert ensure_installed("fancy", self.finder(machine)) == machine / "fancy-server"

        calls = (tmp_path / "calls").read_text().splitlines()
        assert [line.split()[-1] for line in calls] == ["fancy", "update", "fancy"]
        assert "exit 101" in (tmp_path / "policy-seen").read_text()
        assert not (tmp_path / "policy-rc.d").exists()

    def test_a_policy_of_the_machine_stays(self, machine: Path, tmp_path: Path) -> None:
        (tmp_path / "policy-rc.d").write_text("# the machine's own\n")

        ensure_installed("fancy", self.finder(machine))

        assert (tmp_path / "policy-rc.d").read_text() == "# the machine's own\n"

    def test_failing_apt_says_what_to_install(self, machine: Path) -> None:
        self.add(machine, "apt-get", "echo 'E: no network' >&2; exit 100")

        with pytest.raises(ServerError) as caught:
            ensure_installed("fancy", self.finder(machine))
        assert str(caught.value) == (
            "fancy is missing; install it, e.g. with: apt-get install fancy"
            " (apt-get: E: no network)."
        )

    def test_without_root_it_says_what_to_install(
        self, machine: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
        self.add(machine, "sudo", "exit 1")

        with pytest.raises(ServerError) as caught:
            ensure_installed("fancy", self.finder(machine))
        assert str(caught.value) == (
            "fancy is missing; install it, e.g. with: apt-get install fancy."
        )
