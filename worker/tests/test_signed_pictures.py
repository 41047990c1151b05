"""A picture with a licence is delivered signed, with all its previews, or not at all."""

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image

from protocol import GenerationTask, LicenceData, TermsData, decode_signature_request
from provenance import claims
from provenance.facts import Facts
from provenance.manifest import State, read_manifest
from provenance.metadata import read_provenance
from provenance.tests.signing import FACTS, anchors, signer
from worker.runner import NOT_SIGNED, JobRunner, Outcome
from worker.tests.helpers import (
    TOKEN,
    Backend,
    Received,
    assert_nothing_left,
    files_under,
    generation_task,
    last_report,
)
from worker.workdir import WorkDir

MakeRunner = Callable[..., JobRunner]


def licensed_task(folder: Path, backend: Backend, **changes: Any) -> GenerationTask:
    licence = LicenceData(
        number=FACTS.number,
        terms=TermsData("commercial", 1, FACTS.terms.url, FACTS.terms.sha256),
        artist=FACTS.artist,
        style=FACTS.style,
        mark_id=2**32 - 1,
        verify_url=FACTS.verify_url,
        chain=list(signer().chain),
        signatures_url=f"{backend.url}/api/internal/signatures",
    )
    values: dict[str, Any] = {"width": 700, "height": 350, "licence": licence}
    values |= {"artist_name": FACTS.artist, "style_name": FACTS.style}
    return generation_task(folder, backend.url, **values, **changes)


def sign(asked: Received) -> tuple[int, bytes]:
    """What the backend does."""
    request = decode_signature_request(json.dumps(asked.body).encode())
    assert claims.leaf_of(request.to_sign) == signer().leaf
    claims.require_claim(request.to_sign, request.licence, FACTS)
    signature = base64.b64encode(signer().sign(request.to_sign)).decode()
    return 200, json.dumps({"success": True, "data": {"signature": signature}}).encode()


def answering(*statuses: int) -> Callable[[Received], tuple[int, bytes]]:
    """These statuses first, then signatures."""
    rest = list(statuses)

    def answer(asked: Received) -> tuple[int, bytes]:
        return (rest.pop(0), b"{}") if rest else sign(asked)

    return answer


def licence_in(path: Path) -> Facts | None:
    found = read_manifest(path.read_bytes(), anchors())
    assert (found.state, found.failures) == (State.AUTHENTIC, ())
    return found.licence


def test_picture_and_previews_are_signed_with_the_facts_of_the_task(
    tmp_path: Path, backend: Backend, make_runner: MakeRunner
) -> None:
    backend.answer_asked = sign
    task = licensed_task(tmp_path, backend)

    assert make_runner().run(task) is Outcome.DONE

    report = last_report(backend, task)
    assert report["status"] == "completed"
    files = [
        *("image.png", "preview-w1024.webp"),
        *("preview-w320.webp", "preview-w640.webp"),
    ]
    assert list(files_under(tmp_path / "out")) == files
    for name in files:
        assert licence_in(tmp_path / "out" / name) == FACTS
    image, shown = tmp_path / "out/image.png", tmp_path / "out/preview-w640.webp"
    assert report["file_sha256"] == hashlib.sha256(image.read_bytes()).hexdigest()
    assert report["preview_sha256"] == hashlib.sha256(shown.read_bytes()).hexdigest()
    origin = read_provenance(image)
    assert origin.licence == FACTS
    assert (origin.system, origin.system_version) == ("gate", "2")


def test_it_asks_once_a_file_with_its_token_over_one_connection(
    tmp_path: Path, backend: Backend, make_runner: MakeRunner
) -> None:
    backend.answer_asked = sign
    task = licensed_task(tmp_path, backend)
    make_runner().run(task)

    assert len(backend.asked) == 4
    for asked in backend.asked:
        assert asked.path == "/api/internal/signatures"
        assert asked.headers["Authorization"] == f"Bearer {TOKEN}"
        assert asked.headers["X-Request-ID"] == "req-1"
        assert asked.body["task_id"] == str(task.task_id)
        assert asked.body["attempt"] == 1
    assert len({asked.connection for asked in backend.asked}) == 1


def test_a_task_without_a_licence_is_done_as_before(
    tmp_path: Path, backend: Backend, make_runner: MakeRunner
) -> None:
    """A backend of the version before has none."""
    task = generation_task(tmp_path, backend.url)
    assert make_runner().run(task) is Outcome.DONE
    assert last_report(backend, task)["status"] == "completed"
    assert backend.asked == []
    content = (tmp_path / "out/image.png").read_bytes()
    assert read_manifest(content, anchors()).state is State.NONE


def test_equal_orders_give_equal_pixels_and_facts(
    tmp_path: Path, backend: Backend, make_runner: MakeRunner
) -> None:
    backend.answer_asked = sign
    pixels, facts = [], []
    for number in (1, 2):
        out = tmp_path / f"out-{number}"
        task = licensed_task(tmp_path, backend, output_path=out.as_uri())
        make_runner().run(task)
        for name in ("image.png", "preview-w640.webp"):
            with Image.open(out / name) as image:
                pixels.append((name, image.tobytes()))
            facts.append(licence_in(out / name))
    assert pixels[:2] == pixels[2:]
    assert facts[:2] == facts[2:]


@pytest.mark.parametrize("status", [404, 500, 503])
def test_a_signer_that_is_back_in_time_is_asked_again(
    tmp_path: Path, backend: Backend, make_runner: MakeRunner, status: int
) -> None:
    """404 is what a web process of the version before says."""
    backend.answer_asked = answering(status)
    task = licensed_task(tmp_path, backend)
    assert make_runner().run(task) is Outcome.DONE
    assert last_report(backend, task)["status"] == "completed"
    assert len(backend.asked) == 5


class TestNoSignature:
    """Nothing half-signed is delivered."""

    @pytest.mark.parametrize(
        ("answers", "asked"),
        [
            ([503] * 99, None),
            ([404] * 99, None),
            ([400], 1),
            # The picture and a preview were signed by then.
            (["signed", "signed", 400], 3),
        ],
        ids=["away", "unknown", "refused", "the third refused"],
    )
    def test_the_attempt_fails_and_may_be_tried_again(
        self,
        tmp_path: Path,
        backend: Backend,
        make_runner: MakeRunner,
        work: WorkDir,
        answers: list[Any],
        asked: int | None,
    ) -> None:
        rest = list(answers)

        def answer(received: Received) -> tuple[int, bytes]:
            status = rest.pop(0)
            return sign(received) if status == "signed" else (status, b"{}")

        backend.answer_asked = answer
        task = licensed_task(tmp_path, backend)

        assert make_runner().run(task) is Outcome.DONE

        report = last_report(backend, task)
        assert (report["status"], report["failure_reason"]) == ("failed", NOT_SIGNED)
        assert report["retryable"] is True
        assert asked is None or len(backend.asked) == asked
        assert_nothing_left(work, tmp_path / "out")

    def test_an_unreachable_signer_is_a_failure_of_the_attempt(
        self,
        tmp_path: Path,
        backend: Backend,
        make_runner: MakeRunner,
        work: WorkDir,
    ) -> None:
        away = Backend()
        away.stop()
        webhook_url = f"{backend.url}/api/images/7/status"
        task = msgspec.structs.replace(licensed_task(tmp_path, away), webhook_url=webhook_url)
        assert make_runner().run(task) is Outcome.DONE
        report = last_report(backend, task)
        assert (report["failure_reason"], report["retryable"]) == (NOT_SIGNED, True)
        assert_nothing_left(work, tmp_path / "out")

    def test_an_answer_that_is_no_signature_is_none(
        self, tmp_path: Path, backend: Backend, make_runner: MakeRunner
    ) -> None:
        backend.answer_asked = lambda asked: (200, b'{"data": {"signature": 7}}')
        task = licensed_task(tmp_path, backend)
        assert make_runner().run(task) is Outcome.DONE
        assert last_report(backend, task)["failure_reason"] == NOT_SIGNED

    def test_a_job_that_is_not_ours_any_more_is_dropped(
        self,
        tmp_path: Path,
        backend: Backend,
        make_runner: MakeRunner,
        work: WorkDir,
    ) -> None:
        backend.answer_asked = lambda asked: (409, b"{}")
        task = licensed_task(tmp_path, backend)
        assert make_runner().run(task) is Outcome.DONE
        assert set(backend.statuses(task)) == {"processing"}
        assert len(backend.asked) == 1
        assert_nothing_left(work, tmp_path / "out")

    def test_a_worker_that_has_to_stop_does_not_wait_for_a_signer(
        self, tmp_path: Path, backend: Backend, make_runner: MakeRunner, stop: Any
    ) -> None:
        def answer(asked: Received) -> tuple[int, bytes]:
            stop.set()
            return 503, b"{}"

        backend.answer_asked = answer
        task = licensed_task(tmp_path, backend)
        make_runner().run(task)
        assert len(backend.asked) == 1
        assert list(files_under(tmp_path / "out")) == []
