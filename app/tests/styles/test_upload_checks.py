"""Works that were uploaded by links: judged in a job, once, whoever dies over it."""

from __future__ import annotations

import os
import signal
import threading
import time
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

import pytest
import time_machine
from django.db import connection

from app.models import Artwork, Notification, OutboxMessage, PendingUpload, Style, UploadCheck
from app.services import operations_service
from app.services.uploads import check_service, checkers
from app.tests.uploads import check_all, create_of, files_in, picture, uploaded
from app.utils import clock
from protocol import TrainingTask, decode_task
from protocol.previews import family
from tests.odd_pictures import odd_pictures, painted

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def later(seconds: float) -> time_machine.travel:
    return time_machine.travel(datetime.now(UTC) + timedelta(seconds=seconds), tick=True)


def ended_well(style_id: int, media: Path) -> None:
    """The training is ordered once, everything is stored once, and nothing else is left."""
    style = Style.objects.get(pk=style_id)
    assert (style.training_status, style.failure_reason) == ("pending", "")
    task = decode_task(bytes(OutboxMessage.objects.get().body))
    assert isinstance(task, TrainingTask)
    works = list(Artwork.objects.filter(style=style).order_by("position"))
    stored = {work.image_path for work in works}
    for work in works:
        stored.update([key for key, _ in family(work.preview_path)] or [work.preview_path])
    assert files_in(media) == stored
    assert len(stored) >= 2 * len(works)
    assert [path.rpartition("/media/")[2] for path in task.data.image_paths] == [
        work.image_path for work in works
    ]
    assert style.thumbnail == works[0].preview_path
    assert not UploadCheck.objects.exists()
    # On S3 their links still work.
    assert not PendingUpload.objects.exclude(key__startswith="uploads/", content_type="").exists()


def ended_badly(style_id: int, media: Path) -> str:
    """The style failed, its artist was told, and nothing is left. Returns why."""
    style = Style.objects.get(pk=style_id)
    assert style.training_status == "failed"
    told = Notification.objects.get(recipient=style.artist.user)
    assert told.message == f"Training failed for {style.name}. {style.failure_reason}"
    assert files_in(media) == set()
    assert not OutboxMessage.objects.exists()
    assert not UploadCheck.objects.exists()
    assert not Artwork.objects.exists()
    return style.failure_reason


def test_the_answer_comes_before_the_check_and_the_training_after_it(as_artist, media) -> None:
    keys = uploaded(as_artist)
    made = create_of(as_artist, keys, image_tags='{"3": ["boat"]}')
    assert made.status == 201
    assert (made.data["training_status"], made.data["artworks"]) == ("pending", [])
    assert made.data["thumbnail"] is None
    assert not OutboxMessage.objects.exists()
    assert create_of(as_artist, keys, name="Again").refusal == (400, "VALIDATION_ERROR")
    # The works, and then whether they are copies.
    assert check_all() == 2
    ended_well(made.data["id"], media)
    works = list(Artwork.objects.order_by("position"))
    assert [(media / work.image_path).read_bytes() for work in works] == [
        picture(number) for number in range(10)
    ]
    assert [link.tag.name for link in works[3].artwork_tags.all()] == ["boat"]
    shown = as_artist.get(f"/api/models/{made.data['id']}").data
    assert as_artist.follow_link(shown["artworks"][0]["image_url"]).status == 200
    assert check_all() == 0


def test_odd_pictures_are_taken_as_people_see_them(as_artist, media) -> None:
    odd = list(odd_pictures(painted()))
    made = create_of(as_artist, uploaded(as_artist, [each.content for each in odd])).data
    check_all()
    ended_well(made["id"], media)
    sizes = Artwork.objects.order_by("position").values_list("width", "height")
    assert list(sizes) == [each.seen.size for each in odd]


def test_every_bad_picture_is_named_to_the_artist(as_artist, media) -> None:
    contents = [picture(number) for number in range(10)]
    contents += [b"no picture", picture(0), picture(7, size=(200, 300)), b"none", bytes(9)]
    made = create_of(as_artist, uploaded(as_artist, contents)).data
    check_all()
    assert ended_badly(made["id"], media) == (
        "Images 10, 13, 14: The file is not a JPG or PNG image."
        " Image 11: This is the same image as number 0."
        " Image 12: The image is 200 × 300 pixels; each side needs at least 256."
    )
    again = as_artist.post(f"/api/models/{made['id']}/retrain")
    assert again.refusal == (409, "INVALID_TRANSITION")


def test_a_hundred_bad_pictures_fit_into_the_reason(as_artist, media) -> None:
    contents = [picture(number, size=(100 + number, 100)) for number in range(100)]
    made = create_of(as_artist, uploaded(as_artist, contents)).data
    check_all()
    numbers = ", ".join(map(str, range(100)))
    assert ended_badly(made["id"], media) == f"Images {numbers}: IMAGE_TOO_SMALL."


def test_a_file_that_vanished_is_named(as_artist, media) -> None:
    keys = uploaded(as_artist)
    made = create_of(as_artist, keys).data
    (media / keys[4]).unlink()
    check_all()
    assert ended_badly(made["id"], media) == "Image 4: The uploaded file is gone."


def test_a_file_that_grew_after_the_answer_is_not_looked_into(as_artist, media) -> None:
    keys = uploaded(as_artist)
    made = create_of(as_artist, keys).data
    os.truncate(media / keys[4], 11 * 1024 * 1024)
    check_all()
    assert ended_badly(made["id"], media) == "Image 4: The file is larger than 10 MB."


def test_a_storage_that_is_away_puts_the_check_off(as_artist, media, tmp_path) -> None:
    made = create_of(as_artist, uploaded(as_artist)).data
    aside = tmp_path / "aside"
    media.rename(aside)
    media.write_text("a file where the folder belongs")
    for round_ in range(2 * checkers.MAX_ATTEMPTS):
        with later(round_ * (checkers.AWAY_SECONDS + 1)):
            assert check_all() == 1
    assert Style.objects.get().training_status == "pending"
    media.unlink()
    aside.rename(media)
    assert check_all() == 0
    with later(1000):
        assert check_all() == 2
    ended_well(made["id"], media)


def test_two_checkers_share_the_work_and_never_double_it(as_artist, media) -> None:
    for number in range(3):
        keys = uploaded(as_artist, [picture(10 * number + each) for each in range(10)])
        assert create_of(as_artist, keys, name=f"Style {number}").status == 201
    counts: list[int] = []

    def check() -> None:
        counts.append(check_all())
        connection.close()

    threads = [threading.Thread(target=check) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(counts) == 6
    assert OutboxMessage.objects.count() == 3
    assert Artwork.objects.count() == 30
    assert len(files_in(media)) == 60


def test_who_wakes_up_too_late_changes_nothing(as_artist, media) -> None:
    made = create_of(as_artist, uploaded(as_artist)).data
    asleep = check_service._claim()
    assert asleep is not None
    assert check_all() == 0
    check_service._checked(asleep, lambda: False)
    with later(checkers.LEASE_SECONDS + 1):
        assert check_all() == 2
    ended_well(made["id"], media)
    with pytest.raises(checkers.LeaseLost):
        check_service._judge(asleep, lambda: False)
    with pytest.raises(checkers.LeaseLost):
        check_service._refuse(asleep, "Too late.")
    ended_well(made["id"], media)


def test_one_that_loses_its_lease_in_the_middle_clears_up(as_artist, media) -> None:
    made = create_of(as_artist, uploaded(as_artist)).data
    taken: list[int] = []

    def other_takes_it() -> bool:
        """Asked before each work; before the fifth another checker does all."""
        taken.append(1)
        if len(taken) == 5:
            UploadCheck.objects.update(due_at=clock.now())
            assert check_service.check_next()
        return False

    assert check_service.check_next(other_takes_it)
    assert len(taken) == 5
    assert check_all() == 1
    ended_well(made["id"], media)


def test_a_checker_that_is_told_to_stop_gives_the_upload_back(as_artist, media) -> None:
    made = create_of(as_artist, uploaded(as_artist)).data
    asked: list[int] = []
    assert check_service.check_next(lambda: len(asked) == 4 or bool(asked.append(1)))
    assert UploadCheck.objects.get().attempt == 0
    assert check_all() == 2
    ended_well(made["id"], media)


def test_an_upload_that_ends_its_checkers_is_given_up(as_artist, media) -> None:
    made = create_of(as_artist, uploaded(as_artist)).data
    UploadCheck.objects.update(attempt=checkers.MAX_ATTEMPTS)
    check_all()
    assert ended_badly(made["id"], media) == checkers.BROKEN


def test_what_staff_canceled_meanwhile_is_not_trained(as_artist, media) -> None:
    create_of(as_artist, uploaded(as_artist))
    operations_service.cancel_training(Style.objects.get())
    check_all()
    assert ended_badly(Style.objects.get().pk, media) == operations_service.CANCELED


def test_a_style_that_is_deleted_takes_its_check_along(as_artist, artist, media) -> None:
    create_of(as_artist, uploaded(as_artist))
    Style.objects.all().delete()
    assert check_all() == 0


def check_in_a_process_of_its_own() -> None:
    # The parent's connection is the parent's to close.
    connection.connection = None
    check_service.check_next()


def test_a_checker_that_is_killed_in_the_middle_loses_nothing(as_artist, media) -> None:
    contents = [picture(number, size=(1600, 1600)) for number in range(30)]
    made = create_of(as_artist, uploaded(as_artist, contents)).data
    checker = get_context("fork").Process(target=check_in_a_process_of_its_own)
    checker.start()
    deadline = time.monotonic() + 60
    while len([name for name in files_in(media) if "/previews/" in name]) < 5:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    checker.kill()
    checker.join(10)
    assert checker.exitcode == -signal.SIGKILL
    assert Style.objects.get().training_status == "pending"
    assert not OutboxMessage.objects.exists()
    assert check_all() == 0
    with later(checkers.LEASE_SECONDS + 1):
        assert check_all() == 2
    ended_well(made["id"], media)


def test_no_byte_of_the_works_passes_through_the_request(as_artist, media) -> None:
    contents = [os.urandom(2_000_000) + bytes([number]) for number in range(10)]
    keys = uploaded(as_artist, contents)
    before = bytes_read()
    assert create_of(as_artist, keys).status == 201
    assert bytes_read() - before < 500_000
    check_all()
    assert bytes_read() - before > 0


def bytes_read() -> int:
    """What this process has read from files."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("rchar")).split()[1])
