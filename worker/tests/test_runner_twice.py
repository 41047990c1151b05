"""The same job twice, jobs of other processes, and a runner that is told to stop."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from worker.runner import JobRunner, Outcome
from worker.tests.helpers import (
    Backend,
    GateEngine,
    assert_nothing_left,
    generation_task,
    in_background,
    last_report,
)
from worker.workdir import WorkDir, job_name

MakeRunner = Callable[..., JobRunner]


@pytest.mark.slow
class TestTwice:
    def test_delivered_job_is_not_run_again(
        self, tmp_path: Path, backend: Backend, make_runner: MakeRunner, engine: GateEngine
    ) -> None:
        task = generation_task(tmp_path, backend.url)
        assert make_runner().run(task) is Outcome.DONE
        reported = len(backend.reports)
        assert make_runner().run(task) is Outcome.DONE  # another runner of the same folder
        assert (engine.runs, len(backend.reports)) == (1, reported)

    def test_next_attempt_is_run(
        self, tmp_path: Path, backend: Backend, make_runner: MakeRunner, engine: GateEngine
    ) -> None:
        task = generation_task(tmp_path, backend.url)
        make_runner().run(task)
        again = generation_task(tmp_path, backend.url, task_id=task.task_id, attempt=2)
        assert make_runner().run(again) is Outcome.DONE
        assert engine.runs == 2

    def test_job_with_an_undelivered_report_is_not_run_again(
        self,
        tmp_path: Path,
        backend: Backend,
        make_runner: MakeRunner,
        engine: GateEngine,
        work: WorkDir,
    ) -> None:
        backend.answer = lambda report: 500 if report.status == "completed" else 200
        task = generation_task(tmp_path, backend.url)
        assert make_runner().run(task) is Outcome.DONE
        assert [path.stem for path in work.kept()] == [job_name(task)]
        assert make_runner().run(task) is Outcome.DONE
        assert engine.runs == 1

    def test_job_that_another_worker_runs_is_waited_for(
        self,
        tmp_path: Path,
        backend: Backend,
        make_runner: MakeRunner,
        engine: GateEngine,
    ) -> None:
        open_gate = threading.Event()
        engine.gate = open_gate.is_set
        task = generation_task(tmp_path, backend.url, prompt="wait")
        first, outcomes = in_background(make_runner(), task)
        engine.begun.wait(10)
        second, others = in_background(make_runner(), task)
        open_gate.set()
        first.join(10)
        second.join(10)
        assert (outcomes, others) == ([Outcome.DONE], [Outcome.DONE])
        assert engine.runs == 1

    def test_lock_of_a_dead_process_is_free(self, work: WorkDir) -> None:
        code = (
            "import sys, time; from pathlib import Path; from worker.workdir import WorkDir\n"
            "print(WorkDir(Path(sys.argv[1])).locks.acquire('job'), flush=True); time.sleep(60)"
        )
        folder = str(work.jobs.parent)
        child = subprocess.Popen(
            [sys.executable, "-c", code, folder], stdout=subprocess.PIPE, text=True
        )
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == "True\n"
            assert work.locks.acquire("job") is False
            os.kill(child.pid, signal.SIGKILL)
            child.wait(10)
            assert work.locks.acquire("job") is True
        finally:
            child.kill()

    def test_folders_of_dead_jobs_are_removed(self, work: WorkDir) -> None:
        (work.jobs / "dead").mkdir()
        (work.jobs / "alive").mkdir()
        assert work.locks.acquire("alive")
        work.forget_dead_jobs()
        assert [folder.name for folder in work.jobs.iterdir()] == ["alive"]


class TestStop:
    def test_job_that_ends_within_the_grace_time_is_done(
        self,
        tmp_path: Path,
        backend: Backend,
        make_runner: MakeRunner,
        engine: GateEngine,
        stop: threading.Event,
    ) -> None:
        engine.gate = stop.is_set
        task = generation_task(tmp_path, backend.url, prompt="wait")
        thread, outcomes = in_background(make_runner(), task)
        engine.begun.wait(10)
        stop.set()
        thread.join(10)
        assert outcomes == [Outcome.DONE]
        assert last_report(backend, task)["status"] == "completed"

    def test_job_is_handed_back_after_the_grace_time(
        self,
        tmp_path: Path,
        backend: Backend,
        make_runner: MakeRunner,
        engine: GateEngine,
        stop: threading.Event,
        work: WorkDir,
    ) -> None:
        engine.gate = lambda: False
        task = generation_task(tmp_path, backend.url, prompt="wait")
        thread, outcomes = in_background(make_runner(grace=0.1), task)
        engine.begun.wait(10)
        stop.set()
        thread.join(10)
        assert outcomes == [Outcome.AGAIN]
        assert set(backend.statuses(task)) == {"processing"}
        assert_nothing_left(work, tmp_path / "out")
        assert not work.has_report(job_name(task))
