"""``python -m worker``: load an engine once, then work on tasks until told to stop.

Exit codes: 0 when told to stop, 2 when it cannot start like this (one sentence on stderr), 3 when
an engine was stuck in a job: the job is reported, and whoever supervises this process restarts it.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from typing import NoReturn

import structlog

from worker.announcing import Announcer, Tally
from worker.engines import load_engine
from worker.engines.base import Engine, EngineUnavailable
from worker.feeds.amqp import AmqpFeed, InvalidBrokerUrl
from worker.feeds.fleet import serve_as_fleet
from worker.feeds.stdio import StdioFeed, take_over_stdio
from worker.jobs import Workshop
from worker.logs import configure_logs
from worker.reports import ReportClient
from worker.runner import JobRunner
from worker.settings import Settings, SettingsError, read_settings
from worker.signatures import SignatureClient
from worker.storage import FileCache, Storage
from worker.workdir import WorkDir

EXIT_CANNOT_START = 2
EXIT_STUCK = 3
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

log = structlog.get_logger()


def main(arguments: Sequence[str], load: Callable[[str], Engine] = load_engine) -> int:
    try:
        settings = read_settings(arguments, os.environ)
        configure_logs()
        stop = _stop_on_signals()
        if settings.concurrency > 1:
            return serve_as_fleet(
                _this_module(),
                arguments,
                size=settings.concurrency,
                stop=stop,
                grace=settings.grace,
            )
        return _work(settings, load, stop)
    except (SettingsError, EngineUnavailable, InvalidBrokerUrl) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return EXIT_CANNOT_START


def _work(settings: Settings, load: Callable[[str], Engine], stop: threading.Event) -> int:
    pipes = take_over_stdio() if settings.reads_stdin else None
    if settings.stops_with_stdin:
        _stop_at_end_of_stdin(stop)
    engine = load(settings.engine)
    work = _work_dir(settings)
    reports = ReportClient(token=settings.token, work=work, stop=stop)
    signatures = SignatureClient(token=settings.token, stop=stop)
    storage = Storage(settings.s3_endpoint_url)
    tally = Tally()
    runner = JobRunner(
        Workshop(engine, storage, FileCache(storage, work.models), signatures),
        reports,
        work,
        stop=stop,
        job_timeout=settings.job_timeout,
        grace=settings.grace,
        engine=settings.engine,
        tally=tally,
    )
    announcer = Announcer(
        engine, settings.engine, tally, backend=settings.backend, token=settings.token
    )
    feed: AmqpFeed | StdioFeed
    if pipes is not None:
        feed = StdioFeed(runner, pipes, engine.name, stop)
    else:
        feed = AmqpFeed(settings.broker, settings.queues, runner, stop)
    reports.start()
    announcer.start()
    log.info("worker_ready", engine=engine.name, queues=settings.queues)
    feed.serve()
    announcer.close()
    reports.close()
    signatures.close()
    return EXIT_STUCK if runner.stuck and not stop.is_set() else 0


def _work_dir(settings: Settings) -> WorkDir:
    try:
        work = WorkDir(settings.work_dir)
        work.forget_dead_jobs()
    except OSError as error:
        raise SettingsError(
            f"The work folder {settings.work_dir} cannot be used: {error.strerror}."
        ) from error
    return work


def _this_module() -> str:
    """What ``python -m`` was given, so that it can be started once more."""
    spec = sys.modules["__main__"].__spec__
    return spec.name if spec is not None else "worker"


def _stop_on_signals() -> threading.Event:
    """An event that SIGTERM or SIGINT sets.

    A thread sets it: a handler runs in the middle of whatever the main thread does, with the locks
    it holds. (Waiting with ``sigwait`` would need the signals blocked in every thread, and
    libraries start theirs when they are imported.)
    """
    stop = threading.Event()
    arrived, wake_up = os.pipe()
    os.set_blocking(wake_up, False)
    signal.set_wakeup_fd(wake_up)
    for number in STOP_SIGNALS:
        signal.signal(number, lambda *_: None)

    def wait_for_signals() -> None:
        while True:
            (number,) = os.read(arrived, 1)
            log.info("worker_stopping", signal=signal.Signals(number).name)
            stop.set()

    threading.Thread(target=wait_for_signals, name="signals", daemon=True).start()
    return stop


def _stop_at_end_of_stdin(stop: threading.Event) -> None:
    def wait_for_end() -> None:
        while os.read(0, 1024):
            continue
        stop.set()

    threading.Thread(target=wait_for_end, name="stdin", daemon=True).start()


def exit_now(code: int) -> NoReturn:
    """End the process without waiting for threads: one may be stuck in native code for ever."""
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    exit_now(main(sys.argv[1:]))
