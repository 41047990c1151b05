"""Granian, set up for this application."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, MutableSequence
from functools import partial
from importlib import import_module
from typing import Any
from wsgiref.types import WSGIApplication

from granian._granian import ListenerSpec
from granian.constants import HTTPModes, Interfaces, RuntimeModes
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer

from serving.application import Served
from serving.processes import (
    ending_with_parent,
    handle_in_a_thread,
    prepare_worker,
    worker_ended,
)
from serving.settings import WebSettings

# A client has this long to send the head of a request, in milliseconds.
HEADER_MILLISECONDS = 10_000
# The request line and all headers. The application refuses addresses of more than 8,000 bytes.
LARGEST_HEAD = 64 * 1024
# Memory that leaks somewhere comes back when a process is replaced.
WORKER_SECONDS = 6 * 3600
WORKER_MEGABYTES = 1024
# A new worker process loads the application in this time, before the old one is told to stop.
LOADING_SECONDS = 4.0
# A worker process that is told to stop accepts no more connections after this time, and one that
# still loads the application when it is as old as this.
ACCEPTING_SECONDS = 1.0
LOADED_SECONDS = 15.0
# Threads without work stay, since each keeps a database connection.
IDLE_SECONDS = 600
# Connections at once in a worker process, most of which are idle. More wait to be accepted.
CONNECTIONS = 512


class BegunAgain(dict[int, float]):
    """When a worker process was begun again after it had failed, by its number.

    Granian ends the whole server if such a one ends within 5.5 seconds: it would never start. One
    that has loaded the application can start, and may be killed as often as it likes.
    """

    def __init__(self, loaded: MutableSequence[bool]) -> None:
        super().__init__()
        self._loaded = loaded

    def get(self, number: int, default: Any = None) -> Any:
        return default if self._loaded[number] else super().get(number, default)


class Server(MPServer):
    """Granian's server, whose worker processes share one listening socket and may be killed.

    By default each worker process on Linux listens for itself, and the connections that wait for
    one that is replaced are lost.
    """

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        # Shared with the workers.
        self._loaded: Any = multiprocessing.RawArray("b", self.workers)
        self.respawned_wrks: dict[int, float] = BegunAgain(self._loaded)

    def _spawn_worker(self, idx: int, target: Any, callback_loader: Any, *rest: Any) -> Any:
        self._loaded[idx] = False
        loader = partial(_load_and_say_so, callback_loader, self._loaded, idx)
        return super()._spawn_worker(idx, target, loader, *rest)

    def _init_shared_socket(self) -> None:
        # Granian does this itself where SO_REUSEPORT is missing.
        specified: Any = ListenerSpec(self.bind_addr, self.bind_port, self.backlog)
        self._shd: Any = specified.build()
        self._sfd = self._shd.get_fd()
        self._ssp: Any = None
        self._sso: Any = socket.socket(fileno=self._sfd)
        self._sso.set_inheritable(True)

    def _drop_shared_socket(self) -> None:
        """Granian calls it before it stops the workers."""

    def _stop_workers(self) -> None:
        # Requests in progress may take a minute, and nobody accepts meanwhile. Until they end the
        # system would take connections that nobody reads; nginx is refused instead, and asks the
        # next process. Not before all workers have heard of the end: one that accepts from a
        # socket that is shut down does so for ever.
        age = time.monotonic() - max(worker.birth for worker in self.wrks)
        seconds = max(ACCEPTING_SECONDS, LOADED_SECONDS - age)
        refusing = threading.Timer(seconds, self._sso.shutdown, [socket.SHUT_RDWR])
        refusing.start()
        super()._stop_workers()  # type: ignore[no-untyped-call]
        refusing.cancel()
        super()._drop_shared_socket()  # type: ignore[no-untyped-call]


def serve(settings: WebSettings, application: str = "config.wsgi:application") -> None:
    """Serve until SIGTERM or SIGINT. Exits with 1 when the workers can't start."""
    handle_in_a_thread(signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    server = Server(
        application,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        # In the other mode (granian 2.8.9) a worker that has no request when it is told to stop
        # may miss that it has stopped, and stays until it is killed.
        runtime_mode=RuntimeModes.st,
        workers=settings.workers,
        blocking_threads=settings.threads,
        blocking_threads_idle_timeout=IDLE_SECONDS,
        backpressure=CONNECTIONS,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(
            header_read_timeout=HEADER_MILLISECONDS, max_buffer_size=LARGEST_HEAD
        ),
        websockets=False,
        respawn_failed_workers=True,
        respawn_interval=LOADING_SECONDS,
        workers_lifetime=WORKER_SECONDS,
        workers_max_rss=WORKER_MEGABYTES,
        workers_kill_timeout=settings.graceful_seconds,
        log_level=LogLevels.info,
        log_dictconfig=_logging(),
    )
    server.serve(spawn_target=_run_worker, target_loader=_load)


def _load(target: str) -> WSGIApplication:
    """The application ``module:name``, in a worker process."""
    module, _, name = target.partition(":")
    application: WSGIApplication = getattr(import_module(module), name)
    prepare_worker()
    return Served(application)


def _load_and_say_so(
    load: Callable[[], WSGIApplication], loaded: MutableSequence[bool], number: int
) -> WSGIApplication:
    application = load()
    loaded[number] = True
    return application


def _run_worker(*arguments: object) -> None:
    # A third signal would wait in Granian's code for ever, with Python's lock.
    handle_in_a_thread(signal.SIGTERM, signal.SIGINT, once=True)
    # If the first process is killed, nobody is left to stop this one.
    ending_with_parent(signal.SIGTERM, os.getppid())()
    try:
        MPServer._spawn_wsgi_worker(*arguments)
    finally:
        worker_ended(os.getpid())


def _logging() -> dict[str, object]:
    """Granian's own lines as JSON, as those of the application are."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"structured": {"()": "app.utils.logs.formatter"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "loggers": {"_granian": {"handlers": ["stderr"], "level": "INFO", "propagate": False}},
    }
