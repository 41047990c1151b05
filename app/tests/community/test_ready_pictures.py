"""Pictures that were ordered one by one and are ready are one notification, until they are seen."""

from __future__ import annotations

import threading
from datetime import timedelta
from functools import partial

import pytest
import time_machine
from django.db import transaction

from app.models import Generation, Notification, Style, User
from app.services import notification_service
from app.services.generation_service import GENERATIONS
from app.tests.api import Api
from app.tests.factories import GenerationFactory, StyleFactory, finished_file
from app.tests.together import all_at_once, count_waiting
from app.utils import clock
from devtools.servers.process import wait_for
from protocol.messages import GenerationReport

pytestmark = pytest.mark.django_db

NOTIFICATIONS = "/api/notifications"


@pytest.fixture
def style(artist: User) -> Style:
    return StyleFactory(artist=artist.artist, name="Fog")


def ready(buyer: User, style: Style, count: int) -> list[Generation]:
    return [GenerationFactory(user=buyer, style=style) for _ in range(count)]


def told(client: Api) -> list[tuple[str, int, bool]]:
    """Message, the picture that it leads to, and whether it is read; the newest first."""
    rows = client.get(NOTIFICATIONS).results
    return [(row["message"], row["target"]["id"], row["is_read"]) for row in rows]


def several(count: int, speaker: Generation, *, is_read: bool = False) -> tuple[str, int, bool]:
    return (f"{count} pictures are ready.", speaker.pk, is_read)


def single(picture: Generation, *, is_read: bool = False) -> tuple[str, int, bool]:
    return ("Your picture in the style Fog is ready.", picture.pk, is_read)


def look_at(client: Api, picture: Generation) -> None:
    assert client.get(f"/api/images/{picture.pk}").status == 200


class TestOneLine:
    def test_of_five(self, as_buyer: Api, buyer: User, style: Style) -> None:
        pictures = ready(buyer, style, 1)
        assert told(as_buyer) == [single(pictures[0])]
        pictures += ready(buyer, style, 4)
        assert told(as_buyer) == [several(5, pictures[4])]
        [row] = as_buyer.get(NOTIFICATIONS).results
        assert (row["other_count"], row["subject"]) == (4, "castle, sea")
        assert as_buyer.get(NOTIFICATIONS).data["unread_count"] == 1

    def test_others_have_their_own(self, as_buyer: Api, buyer: User, style: Style) -> None:
        mine, other = ready(buyer, style, 1), GenerationFactory(style=style)
        assert told(as_buyer) == [single(mine[0])]
        assert told(Api(other.user)) == [single(other)]

    def test_what_failed_says_why(self, as_buyer: Api, buyer: User, style: Style) -> None:
        pictures = ready(buyer, style, 2)
        GenerationFactory(user=buyer, style=style, status="failed")
        pictures += ready(buyer, style, 1)
        [group, failed] = told(as_buyer)
        assert group == several(3, pictures[2])
        assert failed[0].endswith("The paint ran out.")

    def test_after_it_was_read_another_begins(
        self, as_buyer: Api, buyer: User, style: Style
    ) -> None:
        first = ready(buyer, style, 2)
        notification_service.mark_all_read(buyer)
        second = ready(buyer, style, 2)
        assert told(as_buyer) == [several(2, second[1]), several(2, first[1], is_read=True)]

    def test_those_of_a_day_at_most(self, as_buyer: Api, buyer: User, style: Style) -> None:
        with time_machine.travel(clock.now() - timedelta(days=1, minutes=1), tick=False):
            old = ready(buyer, style, 2)
        new = ready(buyer, style, 1)
        assert told(as_buyer) == [single(new[0]), several(2, old[1])]

    def test_what_was_mailed_stays_by_itself(
        self, as_buyer: Api, buyer: User, style: Style
    ) -> None:
        mailed = ready(buyer, style, 1)
        Notification.objects.update(mailed_at=clock.now())
        new = ready(buyer, style, 1)
        assert told(as_buyer) == [single(new[0]), single(mailed[0])]

    def test_a_services_own_words_stay(self, as_buyer: Api, buyer: User, style: Style) -> None:
        picture = GenerationFactory(user=buyer, style=style, status="queued")
        kind = "generation_complete"
        target = {"target_type": "image", "target_id": picture.pk}
        notification_service.tell(recipient_id=buyer.pk, kind=kind, message="Look!", **target)
        made = ready(buyer, style, 2)
        assert told(as_buyer) == [several(2, made[1]), ("Look!", picture.pk, False)]

    def test_an_order_of_several_folds_nothing(
        self, as_buyer: Api, buyer: User, style: Style
    ) -> None:
        made = ready(buyer, style, 1)
        item = {"style_id": style.pk, "prompt_tags": ["sea"], "aspect_ratio": "1:1", "count": 2}
        order = as_buyer.post("/api/orders", {"items": [item]})
        for picture in Generation.objects.filter(order=order.data["id"]):
            complete(picture)
        assert told(as_buyer) == [single(made[0])]

    @pytest.mark.django_db(transaction=True)
    def test_at_the_same_moment(self, as_buyer: Api, buyer: User) -> None:
        # Of artists of their own: one artist's pictures end one after the other.
        styles = [StyleFactory() for _ in range(6)]
        made = [GenerationFactory(user=buyer, style=one, status="processing") for one in styles]
        all_at_once([partial(complete, picture) for picture in made])
        last = GenerationFactory(user=buyer, style=styles[0])
        assert told(as_buyer) == [several(7, last)]


class TestSeen:
    """A picture that its buyer looks at leaves the group, and the others stay news."""

    @pytest.fixture
    def pictures(self, buyer: User, style: Style) -> list[Generation]:
        return ready(buyer, style, 3)

    def test_the_newest(self, as_buyer: Api, pictures: list[Generation]) -> None:
        look_at(as_buyer, pictures[2])
        assert told(as_buyer) == [
            single(pictures[2], is_read=True),
            several(2, pictures[1]),
        ]
        look_at(as_buyer, pictures[1])
        assert told(as_buyer)[1:] == [single(pictures[1], is_read=True), single(pictures[0])]
        look_at(as_buyer, pictures[0])
        assert as_buyer.get(NOTIFICATIONS).data["unread_count"] == 0
        assert len(told(as_buyer)) == 3

    def test_an_earlier_one(
        self, as_buyer: Api, buyer: User, style: Style, pictures: list[Generation]
    ) -> None:
        for _ in range(2):
            look_at(as_buyer, pictures[0])
            assert told(as_buyer) == [several(2, pictures[2]), single(pictures[0], is_read=True)]
        new = ready(buyer, style, 1)
        assert told(as_buyer) == [several(3, new[0]), single(pictures[0], is_read=True)]

    def test_of_a_group_that_was_read(
        self, as_buyer: Api, buyer: User, style: Style, pictures: list[Generation]
    ) -> None:
        notification_service.mark_all_read(buyer)
        new = ready(buyer, style, 2)
        look_at(as_buyer, pictures[0])
        assert told(as_buyer) == [several(2, new[1]), several(3, pictures[2], is_read=True)]

    def test_mail_is_not_sent_again(self, as_buyer: Api, pictures: list[Generation]) -> None:
        now = clock.now()
        Notification.objects.filter(is_folded=False).update(mailed_at=now)
        look_at(as_buyer, pictures[2])
        assert Notification.objects.get(is_read=False).mailed_at == now

    def test_others_see_without_reading(self, buyer: User, pictures: list[Generation]) -> None:
        for picture in pictures:
            notification_service.mark_seen(
                pictures[0].style.artist.user, target_type="image", target_id=picture.pk
            )
        assert told(Api(buyer)) == [several(3, pictures[2])]

    @pytest.mark.django_db(transaction=True)
    def test_in_several_windows_at_once(
        self, as_buyer: Api, buyer: User, pictures: list[Generation]
    ) -> None:
        def look(picture: Generation) -> None:
            notification_service.mark_seen(buyer, target_type="image", target_id=picture.pk)

        all_at_once([partial(look, picture) for picture in pictures])
        # Whoever comes while another goes may leave it as it was; none is lost, or counted twice.
        rows = as_buyer.get(NOTIFICATIONS).results
        assert sum(row["other_count"] + 1 for row in rows) == len(pictures)
        for picture in pictures:
            look(picture)
        assert [row[1] for row in told(as_buyer)] == [picture.pk for picture in pictures[::-1]]
        assert as_buyer.get(NOTIFICATIONS).data["unread_count"] == 0

    @pytest.mark.django_db(transaction=True)
    def test_the_one_that_leaves_meanwhile_does_not_speak(
        self, as_buyer: Api, buyer: User, pictures: list[Generation]
    ) -> None:
        def look(picture: Generation) -> None:
            notification_service.mark_seen(buyer, target_type="image", target_id=picture.pk)

        def look_and_wait() -> None:
            with transaction.atomic():
                look(pictures[1])
                has_looked.set()
                assert other_waits.wait(20)

        def look_after() -> None:
            assert has_looked.wait(20)
            look(pictures[2])

        def see_it_wait() -> None:
            assert wait_for(count_waiting, seconds=20)
            other_waits.set()

        has_looked, other_waits = threading.Event(), threading.Event()
        all_at_once([look_and_wait, look_after, see_it_wait])
        assert told(as_buyer) == [
            single(pictures[2], is_read=True),
            single(pictures[1], is_read=True),
            single(pictures[0]),
        ]


def complete(picture: Generation) -> None:
    report = GenerationReport(
        task_id=picture.task_id, attempt=1, status="completed", image_path=finished_file(picture)
    )
    GENERATIONS.record_report(picture.pk, report)
