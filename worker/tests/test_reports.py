import os
import threading
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

from protocol import GenerationProgress, GenerationReport, GenerationTask
from worker import reports as reports_module
from worker.reports import Delivery, ReportClient, is_webhook, pauses
from worker.tests.helpers import TOKEN, Backend, Received, generation_task, wait_until
from worker.workdir import KeptReport, WorkDir, job_name


@pytest.fixture
def task(tmp_path: Path, backend: Backend) -> GenerationTask:
    return generation_task(tmp_path, backend.url)


def completed(task: GenerationTask) -> GenerationReport:
    return GenerationReport(task.task_id, task.attempt, "completed", image_path="file:///x.png")


def processing(task: GenerationTask) -> GenerationReport:
    return GenerationReport(
        task.task_id, task.attempt, "processing", progress=GenerationProgress(1, 2, 50.0)
    )


class TestProgress:
    @pytest.mark.parametrize(
        ("status", "ours"), [(200, True), (404, False), (409, False), (403, True), (500, True)]
    )
    def test_only_404_and_409_end_a_job(
        self,
        backend: Backend,
        reports: ReportClient,
        task: GenerationTask,
        status: int,
        ours: bool,
    ) -> None:
        backend.answer = lambda report: status
        assert reports.progress(task, processing(task)) is ours
        assert len(backend.reports) == 1  # one try

    def test_backend_that_is_away_does_not_end_a_job(
        self, backend: Backend, reports: ReportClient, task: GenerationTask
    ) -> None:
        backend.stop()
        assert reports.progress(task, processing(task)) is True

    def test_progress_is_not_kept(
        self, backend: Backend, reports: ReportClient, task: GenerationTask, work: WorkDir
    ) -> None:
        backend.answer = lambda report: 500
        reports.progress(task, processing(task))
        assert not work.has_report(job_name(task))


class TestFinal:
    def test_report_is_on_disk_before_it_is_sent(
        self, backend: Backend, reports: ReportClient, task: GenerationTask, work: WorkDir
    ) -> None:
        kept: list[KeptReport] = []

        def look(report: Received) -> int:
            (path,) = work.kept()
            kept.append(msgspec.json.decode(path.read_bytes(), type=KeptReport))
            return 200

        backend.answer = look
        assert reports.final(task, completed(task)) is Delivery.SETTLED
        assert kept[0].webhook_url == task.webhook_url
        assert kept[0].request_id == "req-1"
        assert msgspec.json.decode(kept[0].report) == backend.reports[0].body
        assert TOKEN.encode() not in msgspec.json.encode(kept[0])
        assert work.kept() == []

    @pytest.mark.parametrize("status", [404, 409])
    def test_late_report_is_settled(
        self,
        backend: Backend,
        reports: ReportClient,
        task: GenerationTask,
        work: WorkDir,
        status: int,
    ) -> None:
        backend.answer = lambda report: status
        assert reports.final(task, completed(task)) is Delivery.SETTLED
        assert len(backend.reports) == 1
        assert work.kept() == []
        assert work.has_report(job_name(task))

    @pytest.mark.parametrize("status", [400, 413, 422])
    def test_wrong_report_is_set_aside(
        self,
        backend: Backend,
        reports: ReportClient,
        task: GenerationTask,
        work: WorkDir,
        status: int,
    ) -> None:
        backend.answer = lambda report: status
        assert reports.final(task, completed(task)) is Delivery.REFUSED
        assert len(backend.reports) == 1
        assert [path.name for path in work.refused.iterdir()] == [f"{job_name(task)}.json"]
        assert work.kept() == []

    @pytest.mark.parametrize("status", [401, 403, 429, 500, 502, 503, 302])
    def test_report_that_may_be_taken_later_is_kept(
        self,
        backend: Backend,
        reports: ReportClient,
        task: GenerationTask,
        work: WorkDir,
        status: int,
    ) -> None:
        backend.answer = lambda report: status
        assert reports.final(task, completed(task)) is Delivery.KEPT
        assert len(backend.reports) >= 2  # tried again within its patience
        assert [path.stem for path in work.kept()] == [job_name(task)]

    def test_hiccup_is_ridden_out(
        self, backend: Backend, reports: ReportClient, task: GenerationTask, work: WorkDir
    ) -> None:
        backend.answer = lambda report: 503 if len(backend.reports) == 1 else 200
        assert reports.final(task, completed(task)) is Delivery.SETTLED
        assert len(backend.reports) == 2
        assert work.kept() == []

    def test_stop_does_not_wait_for_a_backend_that_is_away(
        self, backend: Backend, task: GenerationTask, work: WorkDir, stop: threading.Event
    ) -> None:
        backend.stop()
        stop.set()
        client = ReportClient(token=TOKEN, work=work, stop=stop, patience=600)
        assert client.final(task, completed(task)) is Delivery.KEPT
        client.close()

    def test_full_disk_does_not_keep_a_report_from_being_sent(
        self, backend: Backend, reports: ReportClient, task: GenerationTask, work: WorkDir
    ) -> None:
        break_folder(work)
        assert reports.final(task, completed(task)) is Delivery.SETTLED
        assert len(backend.reports) == 1

    def test_report_neither_kept_nor_heard_is_lost(
        self, backend: Backend, reports: ReportClient, task: GenerationTask, work: WorkDir
    ) -> None:
        break_folder(work)
        backend.stop()
        assert reports.final(task, completed(task)) is Delivery.LOST


def break_folder(work: WorkDir) -> None:
    """Let every write to the reports folder fail, for root as well."""
    work.reports = work.reports.parent / "locks" / "below a file"


class TestKeptReports:
    def test_are_delivered_when_the_backend_is_back(
        self, backend: Backend, reports: ReportClient, task: GenerationTask, work: WorkDir
    ) -> None:
        backend.stop()
        reports.start()
        assert reports.final(task, completed(task)) is Delivery.KEPT
        backend.start()
        wait_until(lambda: work.kept() == [], "the delivery")
        (report,) = backend.of(task)
        assert report.status == "completed"
        assert report.headers["X-Request-ID"] == "req-1"
        assert work.has_report(job_name(task))

    def test_of_an_earlier_worker_are_delivered_at_start(
        self,
        backend: Backend,
        reports: ReportClient,
        task: GenerationTask,
        work: WorkDir,
        stop: threading.Event,
    ) -> None:
        backend.answer = lambda report: 403
        reports.final(task, completed(task))
        reports.close()
        backend.answer = lambda report: 200
        successor = ReportClient(token="rotated", work=work, stop=stop)
        successor.start()
        wait_until(lambda: work.kept() == [], "the delivery")
        assert backend.reports[-1].headers["Authorization"] == "Bearer rotated"
        successor.close()

    def test_one_that_is_never_taken_does_not_block_the_others(
        self, tmp_path: Path, backend: Backend, reports: ReportClient, work: WorkDir
    ) -> None:
        backend.answer = lambda report: 500
        stubborn, other = (generation_task(tmp_path, backend.url) for _ in range(2))
        reports.final(stubborn, completed(stubborn))
        reports.final(other, completed(other))
        backend.answer = lambda r: 500 if r.body["task_id"] == str(stubborn.task_id) else 200
        reports.start()
        wait_until(lambda: [p.stem for p in work.kept()] == [job_name(stubborn)], "the delivery")

    def test_unreadable_file_is_set_aside(self, reports: ReportClient, work: WorkDir) -> None:
        (work.reports / f"{uuid4()}-1.json").write_bytes(b"\x00" * 40)
        reports.start()
        wait_until(lambda: list(work.refused.iterdir()), "the file in refused/")
        assert work.kept() == []

    def test_two_workers_deliver_each_report_once(
        self, tmp_path: Path, backend: Backend, work: WorkDir, stop: threading.Event
    ) -> None:
        backend.answer = lambda report: 503
        first = ReportClient(token=TOKEN, work=work, stop=stop, patience=0)
        tasks = [generation_task(tmp_path, backend.url) for _ in range(10)]
        for task in tasks:
            assert first.final(task, completed(task)) is Delivery.KEPT
        backend.reports.clear()
        backend.answer = lambda report: 200
        second = ReportClient(token=TOKEN, work=work, stop=stop)
        first.start()
        second.start()
        wait_until(lambda: work.kept() == [], "the deliveries")
        first.close()
        second.close()
        assert sorted(r.body["task_id"] for r in backend.reports) == sorted(
            str(task.task_id) for task in tasks
        )


def test_settled_reports_are_forgotten_after_a_day(
    backend: Backend, reports: ReportClient, task: GenerationTask, work: WorkDir
) -> None:
    reports.final(task, completed(task))
    work.forget_old_files()
    assert work.has_report(job_name(task))
    (path,) = work.settled.iterdir()
    os.utime(path, (0, 0))
    work.forget_old_files()
    assert not work.has_report(job_name(task))


def test_request_id_from_a_message_cannot_break_the_request(
    tmp_path: Path, backend: Backend, reports: ReportClient
) -> None:
    task = msgspec.structs.replace(
        generation_task(tmp_path, backend.url), request_id="a\r\nX-Evil: 1 é" + "x" * 5000
    )
    assert reports.final(task, completed(task)) is Delivery.SETTLED
    header = backend.reports[0].headers["X-Request-ID"]
    assert header.startswith("aX-Evil:1xxx")
    assert len(header) == 200


def test_token_stays_at_home_when_the_backend_redirects(
    backend: Backend, reports: ReportClient, task: GenerationTask
) -> None:
    backend.answer = lambda report: 307
    assert reports.final(task, completed(task)) is Delivery.KEPT
    assert {report.path for report in backend.reports} == {"/api/images/7/status"}


@pytest.mark.parametrize(
    ("url", "usable"),
    [
        ("http://127.0.0.1:8000/api/images/1/status", True),
        ("https://example.test/x", True),
        ("ftp://example.test/x", False),
        ("/api/images/1/status", False),
        ("http://", False),
        ("http://[::bad/x", False),
        ("", False),
    ],
)
def test_webhook_urls(url: str, usable: bool) -> None:
    assert is_webhook(url) is usable


def test_pauses_double_up_to_the_longest() -> None:
    pause = pauses(first=1.0, longest=5.0)
    for upper in (1.0, 2.0, 4.0, 5.0, 5.0):
        assert upper / 2 <= pause() <= upper


def test_final_report_of_a_running_job_is_left_to_it(
    backend: Backend,
    task: GenerationTask,
    work: WorkDir,
    stop: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The thread for kept reports does not send what the job itself is sending."""
    monkeypatch.setattr(reports_module, "LONGEST_PAUSE", 0.01)
    release = threading.Event()

    def answer(report: Received) -> int:
        release.wait(10)
        return 200

    backend.answer = answer
    client = ReportClient(token=TOKEN, work=work, stop=stop)
    client.start()
    sender = threading.Thread(target=client.final, args=(task, completed(task)))
    sender.start()
    wait_until(lambda: backend.reports, "the report")
    client._wake.set()
    release.set()
    sender.join(10)
    client.close()
    assert len(backend.reports) == 1
