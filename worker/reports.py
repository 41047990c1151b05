"""Reports to the backend: progress is told once, the outcome of a job until it is heard."""

import random
import re
import threading
import time
from collections.abc import Callable
from enum import Enum
from pathlib import Path

import httpx
import msgspec
import structlog

from protocol import GenerationReport, Task, TrainingReport, encode
from worker.workdir import KeptReport, WorkDir, job_name

log = structlog.get_logger()

Report = TrainingReport | GenerationReport

PATIENCE = 10.0  # seconds that a job waits for its final report to be taken
FIRST_PAUSE = 0.2  # seconds; doubled after every attempt
LONGEST_PAUSE = 30.0
TIDY_EVERY = 3600.0
# Seconds that an idle connection is used again; web servers end theirs after two or more.
KEPT_ALIVE = 1.0
PROGRESS_TIMEOUT = httpx.Timeout(5.0, connect=3.0)
FINAL_TIMEOUT = httpx.Timeout(15.0, connect=5.0)
# Loopback is never reached through a proxy, whatever the environment says.
DIRECT = dict.fromkeys(("all://127.0.0.1", "all://localhost", "all://[::1]"))


class Answer(Enum):
    """What the backend makes of a report."""

    TAKEN = "taken"
    NOT_OURS = "not ours"  # canceled, ended, or given to another attempt
    REFUSED = "refused"  # the report itself is wrong; sending it again will not help
    LATER = "later"  # an answer that may change
    UNREACHABLE = "unreachable"


class Delivery(Enum):
    """How far a final report came. KEPT is on disk and will be delivered; LOST is nowhere."""

    SETTLED = "settled"
    REFUSED = "refused"
    KEPT = "kept"
    LOST = "lost"


def is_webhook(url: str) -> bool:
    """Whether a report can be sent to ``url`` at all."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        return False
    return parsed.scheme in ("http", "https") and bool(parsed.host)


def pauses(first: float = FIRST_PAUSE, longest: float = LONGEST_PAUSE) -> Callable[[], float]:
    """A function that answers how long to wait before the next attempt, in seconds."""
    pause = first

    def following() -> float:
        nonlocal pause
        current, pause = pause, min(2 * pause, longest)
        # Workers that lost the same backend at once must not come back at once.
        return current * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing

    return following


class ReportClient:
    """Sends reports over one kept-alive connection; safe to use from several threads."""

    def __init__(
        self,
        *,
        token: str,
        work: WorkDir,
        stop: threading.Event,
        patience: float = PATIENCE,
    ) -> None:
        self._http = httpx.Client(
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            mounts=DIRECT,
            limits=httpx.Limits(keepalive_expiry=KEPT_ALIVE),
        )
        self._work = work
        self._stop = stop
        self._patience = patience
        self._closed = threading.Event()
        self._wake = threading.Event()
        self._in_hand: set[str] = set()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Deliver kept reports from now on, those of earlier workers included."""
        self._thread = threading.Thread(target=self._deliver_kept, name="reports", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._closed.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(FINAL_TIMEOUT.connect)
        self._http.close()

    def progress(self, task: Task, report: Report) -> bool:
        """Tell how it goes, once. Answers False when the job is not ours any more."""
        answer = self._send(
            task.webhook_url, task.request_id, encode(report), timeout=PROGRESS_TIMEOUT
        )
        return answer is not Answer.NOT_OURS

    def final(self, task: Task, report: Report) -> Delivery:
        """Tell how it ended, and wait ``patience`` seconds at most for that to be heard."""
        name = job_name(task)
        kept = KeptReport(task.webhook_url, task.request_id, msgspec.Raw(encode(report)))
        self._in_hand.add(name)
        try:
            path = self._keep(name, kept)
            delivery = self._deliver_patiently(path, kept)
        finally:
            self._in_hand.discard(name)
        if delivery is Delivery.KEPT and path is None:
            return Delivery.LOST
        if delivery is Delivery.KEPT:
            log.warning("report_kept_for_later")
            self._wake.set()
        return delivery

    def _keep(self, name: str, kept: KeptReport) -> Path | None:
        try:
            return self._work.keep(name, kept)
        except OSError:  # a full disk must not keep the backend from hearing it
            log.exception("report_not_kept")
            return None

    def _deliver_patiently(self, path: Path | None, kept: KeptReport) -> Delivery:
        give_up_at = time.monotonic() + self._patience
        pause = pauses()
        while True:
            delivery = self._file_away(path, self._send_kept(kept))
            wait = pause()
            if delivery is not Delivery.KEPT or time.monotonic() + wait > give_up_at:
                return delivery
            if self._stop.wait(wait):
                return delivery

    def _file_away(self, path: Path | None, answer: Answer) -> Delivery:
        if answer in (Answer.LATER, Answer.UNREACHABLE):
            return Delivery.KEPT
        if answer is Answer.REFUSED:
            if path is not None:
                self._work.refuse(path)
            return Delivery.REFUSED
        if path is not None:
            self._work.settle(path)
        return Delivery.SETTLED

    def _send_kept(self, kept: KeptReport) -> Answer:
        body = bytes(kept.report)
        return self._send(kept.webhook_url, kept.request_id, body, timeout=FINAL_TIMEOUT)

    def _send(self, url: str, request_id: str, body: bytes, *, timeout: httpx.Timeout) -> Answer:
        try:
            response = self._http.patch(
                url,
                content=body,
                headers={"X-Request-ID": re.sub(r"[^\x21-\x7e]", "", request_id)[:200]},
                timeout=timeout,
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            log.warning("backend_not_reached", error=type(error).__name__, detail=str(error))
            return Answer.UNREACHABLE
        status = response.status_code
        if response.is_success:
            return Answer.TAKEN
        if status in (404, 409):
            log.info("job_not_ours", status=status)
            return Answer.NOT_OURS
        if status in (400, 413, 422):
            log.error("report_refused", status=status, answer=response.text[:500])
            return Answer.REFUSED
        log.warning("report_not_taken", status=status)
        return Answer.LATER

    def _deliver_kept(self) -> None:
        pause = pauses(first=1.0)
        tidied_at: float | None = None
        while not self._closed.is_set():
            now = time.monotonic()
            if tidied_at is None or now - tidied_at > TIDY_EVERY:
                self._work.forget_old_files()
                tidied_at = now
            if self._sweep():
                pause = pauses(first=1.0)
                self._wake.wait(LONGEST_PAUSE)  # another worker may leave some and die
            else:
                self._wake.wait(pause())
            self._wake.clear()

    def _sweep(self) -> bool:
        """Try every kept report once; True when none is left. One worker sweeps at a time."""
        if not self._work.locks.acquire("reports"):
            return True
        try:
            away: set[str] = set()
            delivered = [self._try_kept(path, away) for path in self._work.kept()]
            return all(delivered)
        finally:
            self._work.locks.release("reports")

    def _try_kept(self, path: Path, away: set[str]) -> bool:
        """``away`` collects the hosts that do not answer, to wait for each of them only once."""
        if self._closed.is_set() or path.stem in self._in_hand:
            return self._closed.is_set()
        try:
            kept = msgspec.json.decode(path.read_bytes(), type=KeptReport)
        except FileNotFoundError:  # another worker delivered it
            return True
        except msgspec.MsgspecError:
            log.exception("kept_report_unreadable", file=path.name)
            self._work.refuse(path)
            return True
        host = httpx.URL(kept.webhook_url).netloc.decode()
        if host in away:
            return False
        with structlog.contextvars.bound_contextvars(report=path.stem, request_id=kept.request_id):
            answer = self._send_kept(kept)
            if answer is Answer.UNREACHABLE:
                away.add(host)
            if self._file_away(path, answer) is Delivery.KEPT:
                return False
            log.info("kept_report_delivered", answer=answer.value)
            return True
