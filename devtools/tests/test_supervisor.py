"""Children that end before they should, and those that do not end when they should."""

import signal
import sys
from pathlib import Path

import pytest

from devtools.servers.process import ServerError, pid_is_running, wait_for
from devtools.servers.supervisor import Child, Supervisor


def child(tmp_path: Path, script: str, *, essential: bool = False) -> Child:
    command = ["sh", "-c", script]
    return Child("painter", command, log=tmp_path / "painter.log", essential=essential)


@pytest.mark.slow
def test_child_that_ends_starts_again_after_growing_pauses(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor(tmp_path, said.append)
    supervisor.start(child(tmp_path, "echo out of paint; exit 3"))

    def has_ended_twice() -> bool:
        supervisor.check()
        return len(said) == 2

    assert wait_for(has_ended_twice, 10)
    supervisor.stop(1)

    assert said[0].startswith("The painter ended with exit code 3 and starts again in 1 s.")
    assert said[0].endswith("out of paint")
    assert said[1].startswith("The painter ended with exit code 3 and starts again in 2 s.")


def test_end_of_an_essential_child_is_an_error(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path, lambda sentence: None)
    web = child(tmp_path, "echo out of paint; kill -9 $$", essential=True)
    supervisor.start(web)
    assert wait_for(lambda: web.process is not None and not web.process.is_running(), 10)

    with pytest.raises(ServerError, match=r"(?s)painter was ended by SIGKILL.*out of paint"):
        supervisor.check()


def test_deaf_child_is_killed_with_its_own_children(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path, lambda sentence: None)
    deaf = child(tmp_path, "trap '' TERM; sleep 600 & echo $!; while :; do wait; done")
    supervisor.start(deaf)
    assert wait_for(lambda: deaf.log.read_text().endswith("\n"), 10)
    grandchild = int(deaf.log.read_text())

    supervisor.stop(0.3)

    assert deaf.process is not None
    assert not deaf.process.is_running()
    assert wait_for(lambda: not pid_is_running(grandchild), 5)


def test_child_may_end_in_its_own_time(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path, lambda sentence: None)
    script = (
        "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(print('tidied')));"
        "print('at work', flush=True); signal.pause()"
    )
    tidy = Child("painter", [sys.executable, "-c", script], log=tmp_path / "painter.log")
    supervisor.start(tidy)
    assert wait_for(lambda: "at work" in tidy.log.read_text(), 10)

    supervisor.stop(10)

    assert "tidied" in tidy.log.read_text()
    assert tidy.process is not None
    assert tidy.process.child is not None
    assert tidy.process.child.returncode != -signal.SIGKILL


def test_log_of_the_last_run_is_kept(tmp_path: Path) -> None:
    (tmp_path / "painter.log").write_text("last run\n")
    supervisor = Supervisor(tmp_path, lambda sentence: None)
    supervisor.start(child(tmp_path, "sleep 600"))
    supervisor.stop(1)

    assert (tmp_path / "painter.log.1").read_text() == "last run\n"
