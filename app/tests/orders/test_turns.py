"""Whose turn it is: the rules, the SQL of the tags, and the marks of the queue as simulated."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from app.delivery import outbox, turns
from app.models import (
    Generation,
    GenerationStatus,
    Order,
    OutboxMessage,
    QueueClock,
    Style,
    Turn,
    User,
)
from app.models.writes import TAKE_TURN, write
from app.services import generation_service, worker_service
from app.services.generation_service import GENERATIONS
from app.services.orders import admission, contents, placing, waits
from app.tests.factories import GenerationFactory, StyleFactory, UserFactory
from app.utils import clock
from devtools import queue_simulation
from devtools.queue_simulation import PICTURE_SECONDS, WHALE, Simulation
from protocol import GENERATION_QUEUE
from protocol.workers import WorkerAnnouncement

QUEUE = GENERATION_QUEUE


def waiting(*styles: int, turn: int = 0) -> list[turns.Waiting]:
    return [turns.Waiting(number, turn, style) for number, style in enumerate(styles)]


class TestChoice:
    def test_without_warm_styles_it_is_the_order_of_the_tags(self) -> None:
        chosen = turns.choose(waiting(1, 2, 3), 2, warm=[], handed_over=0)
        assert [task.id for task in chosen.tasks] == [0, 1]
        assert (chosen.go_at, chosen.warm) == ({}, [2, 1])

    def test_a_warm_style_goes_first_and_whoever_is_passed_knows_until_when(self) -> None:
        chosen = turns.choose(waiting(1, 2, 3), 1, warm=[3], handed_over=10)
        assert [task.id for task in chosen.tasks] == [2]
        assert chosen.go_at == {0: 11 + turns.PLACES, 1: 12 + turns.PLACES}

    def test_nobody_of_a_later_turn_passes(self) -> None:
        late = turns.Waiting(9, turns.LEAD, 3)
        chosen = turns.choose([*waiting(1, 2), late], 1, warm=[3], handed_over=0)
        assert chosen.tasks[0].id == 0

    @pytest.mark.parametrize("seed", range(20))
    def test_nobody_waits_for_more_places_than_promised(self, seed: int) -> None:
        rng, left = random.Random(seed), waiting(*[7] * 5, *[1] * 400)
        rng.shuffle(left)
        left = [turns.Waiting(n, 0, task.style_id) for n, task in enumerate(left)]
        warm, gone = [1], list[int]()
        while left:
            size = rng.randint(1, 3)
            near = left[: size + turns.PLACES]
            chosen = turns.choose(near, size, warm=warm, handed_over=len(gone))
            taken, warm = {task.id for task in chosen.tasks}, chosen.warm
            gone += [task.id for task in chosen.tasks]
            left = [
                turns.Waiting(t.id, t.turn, t.style_id, chosen.go_at.get(t.id, t.go_at))
                for t in left
                if t.id not in taken
            ]
        late = max(place - number for place, number in enumerate(gone))
        assert sorted(gone) == list(range(405))
        assert 0 < late <= turns.PLACES

    def test_of_many_each_has_its_share_and_is_behind_a_single_one(self) -> None:
        assert turns.tags_of(500, [10, 20, 30]) == [500, 510, 530]
        assert turns.tags_of(500, [10, 20], is_bulk=True) == [501, 511]


class TestMarks:
    """As ``make simulate`` draws them; other seeds there."""

    def test_a_whale_holds_up_nobody(self) -> None:
        whale = Simulation(4).run(queue_simulation.whale_and_others(1))
        others = [job for job in whale.done if job.user != WHALE]
        share = 100 * PICTURE_SECONDS / 4
        assert max(job.waited for job in others) <= 1.5 * share
        until = max(job.ended_at for job in others)
        assert queue_simulation.fairness(whale.done, since=10, until=until) >= 0.95
        assert len(whale.done) == 1099

    def test_first_come_first_served_would_miss_it(self) -> None:
        jobs = queue_simulation.whale_and_others(1)
        served = Simulation(4, is_fair=False).run(jobs).done
        others = [job.waited for job in served if job.user != WHALE]
        assert max(others) > 5 * 100 * PICTURE_SECONDS / 4

    def test_styles_are_swapped_half_as_often(self) -> None:
        ours, former = (
            Simulation(1, is_fair=is_fair).run(queue_simulation.backlog(1))
            for is_fair in (True, False)
        )
        assert ours.swaps <= former.swaps / 2

    @pytest.mark.parametrize("workers", [1, 4])
    def test_waits_are_told_within_a_factor_of_two(self, workers: int) -> None:
        jobs = queue_simulation.busy_day(1, workers=workers)
        done = Simulation(workers).run(jobs).done
        right = sum(job.expected / 2 <= job.waited <= 2 * job.expected for job in done)
        assert right >= 0.9 * len(done)


@pytest.mark.django_db
class TestTags:
    @pytest.mark.parametrize("seed", range(5))
    def test_the_sql_computes_what_the_simulation_does(self, seed: int) -> None:
        rng, users = random.Random(seed), [UserFactory() for _ in range(3)]
        for user in users[1:]:
            Turn.objects.create(queue=QUEUE, user=user, finish=0, weight=rng.randint(1, 4))
        finish, now = dict.fromkeys(users, 0), 0
        weights = dict.fromkeys(users, 1) | {t.user: t.weight for t in Turn.objects.all()}
        for _ in range(60):
            user, work = rng.choice(users), rng.randint(1, 3000)
            head_start = rng.choice((0, turns.LEAD))
            given = {"queue": QUEUE, "lane": QUEUE, "head_start": head_start, "work": work}
            [(tag, weight)] = write(TAKE_TURN, user_id=user.pk, **given)
            expected = turns.first_tag(now, finish[user], head_start)
            assert (tag, weight) == (expected, weights[user])
            finish[user] = expected + head_start + turns.share_of(work, weight)
            if rng.random() < 0.3:
                now += rng.randint(0, 4000)
                QueueClock.objects.update_or_create(queue=QUEUE, defaults={"virtual_time": now})
        assert dict(Turn.objects.values_list("user", "finish")) == {
            user.pk: finish[user] for user in users
        }


def order(user, count: int = 1, style=None) -> list[int]:
    style = style or StyleFactory()
    return [
        OutboxMessage.objects.get(
            task_id=GenerationFactory(
                user=user, style=style, status=GenerationStatus.QUEUED
            ).task_id
        ).pk
        for _ in range(count)
    ]


@contextmanager
def handed_over(count: int = 1) -> Iterator[list[int]]:
    with outbox.claim_batch(count, [QUEUE]) as messages:
        yield [message.pk for message in messages]
        outbox.mark_sent(*messages)


@pytest.mark.django_db(transaction=True)
class TestOutbox:
    def test_who_orders_one_goes_before_the_rest_of_who_ordered_many(self) -> None:
        whale, other = UserFactory(), UserFactory()
        many = order(whale, 5)
        with handed_over(2) as first:
            assert first == many[:2]
        one, two = order(other, 2)
        with handed_over(5) as later:
            # At the virtual time, which is that of the whale's second one; then in turns.
            assert later == [one, many[2], two, *many[3:]]
        now = QueueClock.objects.get(queue=QUEUE)
        assert (now.handed_over, now.virtual_time) == (7, 4 * turns.PICTURE)

    def test_what_the_version_before_wrote_gets_the_present_turn(self) -> None:
        mine = order(UserFactory(), 3)
        with handed_over(2):
            pass
        written = OutboxMessage.objects.create(
            queue=QUEUE, task_id=uuid4(), attempt=1, body=b"{}", available_at=clock.now()
        )
        with handed_over(1) as [first]:
            assert first == written.pk
        with handed_over(1) as [second]:
            assert second == mine[2]

    def test_what_is_not_due_yet_is_left_out_however_low_its_turn(self) -> None:
        first, second = order(UserFactory(), 2)
        message = OutboxMessage.objects.get(pk=first)
        outbox.mark_unsent(message, error="no queue", delay=60)
        with handed_over(2) as taken:
            assert taken == [second]
        OutboxMessage.objects.filter(pk=first).update(available_at=clock.seconds_from_now(-1))
        with handed_over(2) as taken:
            assert taken == [first]

    def test_warm_styles_go_first_and_who_is_passed_is_written_down(self) -> None:
        warm, cold = StyleFactory(), StyleFactory()
        [begun] = order(UserFactory(), style=warm)
        with handed_over(1) as taken:
            assert taken == [begun]
        [passed] = order(UserFactory(), style=cold)
        [passing] = order(UserFactory(), style=warm)
        with handed_over(1) as taken:
            assert taken == [passing]
        assert OutboxMessage.objects.get(pk=passed).go_at == 2 + turns.PLACES
        with handed_over(1) as taken:
            assert taken == [passed]

    def test_what_waits_while_the_workers_have_enough_is_not_late(self) -> None:
        [message] = order(UserFactory())
        OutboxMessage.objects.filter(pk=message).update(available_at=clock.seconds_from_now(-500))
        assert outbox.oldest_age() > 400
        outbox.note_full(QUEUE)
        assert outbox.oldest_age() < 100
        refused = order(UserFactory())[0]
        OutboxMessage.objects.filter(pk=refused).update(
            turn=None, due_at=clock.seconds_from_now(-300)
        )
        assert outbox.oldest_age() > 200

    def test_a_canceled_one_leaves_the_queue_and_gives_its_turn_back(self) -> None:
        buyer, style = UserFactory(), StyleFactory()
        first, second = (
            GenerationFactory(user=buyer, style=style, status=GenerationStatus.QUEUED)
            for _ in range(2)
        )
        generation_service.cancel(user=buyer, generation_id=second.pk)
        assert Turn.objects.get(user=buyer, queue=QUEUE).finish == turns.PICTURE
        generation_service.cancel(user=buyer, generation_id=second.pk)
        assert Turn.objects.get(user=buyer, queue=QUEUE).finish == turns.PICTURE
        with handed_over(2) as taken:
            assert taken == [OutboxMessage.objects.get(task_id=first.task_id).pk]
        # The workers have it: it can be canceled, but the turn was taken.
        generation_service.cancel(user=buyer, generation_id=first.pk)
        assert Turn.objects.get(user=buyer, queue=QUEUE).finish == turns.PICTURE

    def test_places_are_those_of_the_turns(self) -> None:
        whale, other, style = UserFactory(), UserFactory(), StyleFactory()
        many = [
            GenerationFactory(user=whale, style=style, status=GenerationStatus.QUEUED)
            for _ in range(3)
        ]
        one = GenerationFactory(user=other, style=style, status=GenerationStatus.QUEUED)

        def places() -> list[int | None]:
            shown = Generation.objects.with_queue_position().in_bulk([p.pk for p in [*many, one]])
            return [shown[picture.pk].queue_position for picture in [*many, one]]

        assert places() == [1, 3, 4, 2]
        with handed_over(1):
            GENERATIONS.mark_accepted(many[0])
        assert places() == [1, 3, 4, 2]
        Generation.objects.filter(pk=many[0].pk).update(status=GenerationStatus.PROCESSING)
        assert places() == [None, 2, 3, 1]

    def test_an_order_needs_no_statement_for_its_turn(self) -> None:
        with CaptureQueriesContext(connection) as queries:
            order(UserFactory())
        assert not [q for q in queries if q["sql"].lstrip().startswith("INSERT INTO app_turn ")]


@pytest.mark.django_db
class TestOrders:
    """Of several pictures."""

    @staticmethod
    def place(buyer: User, *counts: int, style: Style | None = None) -> Order:
        style = style or StyleFactory(price=1)
        items = [
            {"style_id": style.pk, "prompt_tags": ["sea"], "aspect_ratio": "1:1", "count": count}
            for count in counts
        ]
        return placing.place(user=buyer, items=items)

    @staticmethod
    def turns_of(order: Order) -> list[int | None]:
        tasks = order.items.values_list("task_id")
        return list(
            OutboxMessage.objects.filter(task_id__in=tasks, sent_at=None)
            .order_by("pk")
            .values_list("turn", flat=True)
        )

    def test_its_pictures_have_turns_in_a_row_behind_single_orders(self) -> None:
        buyer, other = UserFactory(tokens=100), UserFactory(tokens=100)
        many = self.place(buyer, 2, 1)
        assert self.turns_of(many) == [1, turns.PICTURE + 1, 2 * turns.PICTURE + 1]
        assert Turn.objects.get(user=buyer, queue=QUEUE).finish == 3 * turns.PICTURE
        [single] = order(other)
        with handed_over(2) as taken:
            assert taken[0] == single
        assert self.turns_of(self.place(buyer, 1)) == [3 * turns.PICTURE + 1]

    def test_engines_have_turns_of_their_own(self) -> None:
        buyer, style = UserFactory(tokens=100), StyleFactory(price=1, engine="diffusion")
        self.place(buyer, 2)
        assert self.turns_of(self.place(buyer, 1, style=style)) == [1]
        assert set(Turn.objects.values_list("queue", "finish")) == {
            (QUEUE, 2 * turns.PICTURE),
            (f"{QUEUE}.diffusion", turns.PICTURE),
        }

    def test_what_is_canceled_leaves_the_queue_and_gives_the_turns_back(self) -> None:
        buyer = UserFactory(tokens=100)
        placed = self.place(buyer, 4)
        with handed_over(1):
            pass
        placing.cancel(user=buyer, order_id=placed.pk)
        assert self.turns_of(placed) == []
        assert not OutboxMessage.objects.filter(sent_at=None).exists()
        # The turn of what workers were told of was taken.
        assert Turn.objects.get(user=buyer, queue=QUEUE).finish == turns.PICTURE

    def test_what_is_held_takes_its_turn_when_it_becomes_free(self, settings) -> None:
        settings.MAX_IN_WORK = 2
        buyer, style = UserFactory(tokens=100), StyleFactory(price=1)
        placed = self.place(buyer, 3, style=style)
        alone = GenerationFactory(user=buyer, style=style, status=GenerationStatus.QUEUED)
        assert alone.is_held
        assert Turn.objects.get(user=buyer, queue=QUEUE).finish == 2 * turns.PICTURE
        first = placed.items.earliest("pk")
        generation_service.cancel(user=buyer, generation_id=first.pk)
        QueueClock.objects.create(queue=QUEUE, virtual_time=50_000)
        assert admission.hand_over() == 1
        assert self.turns_of(placed)[-1] == 50_001
        assert Turn.objects.get(user=buyer, queue=QUEUE).finish == 50_000 + turns.PICTURE

    def test_a_quote_tells_the_place_by_turns_not_by_age(self, settings) -> None:
        settings.MAX_IN_WORK = 20
        whale, other, style = (
            UserFactory(tokens=100),
            UserFactory(tokens=100),
            StyleFactory(price=1),
        )
        self.place(whale, 30, style=style)
        items = [contents.Item(style, ["sea"], "", "1:1", None, 1, 1)]
        of_other, of_whale = waits.expected(other, items), waits.expected(whale, items)
        # Ten of the whale's are held.
        assert (of_other.place, of_whale.place) == (1, 31)
        assert of_whale.seconds == turns.expected_seconds(30, waits.DEFAULT_SECONDS, 1)
        self.place(other, 1, style=style)
        assert waits.expected(UserFactory(), items).place == 1
        assert waits.expected(other, items).place == 3

    def test_workers_that_live_make_a_quote_shorter(self) -> None:
        style = StyleFactory(price=1)
        items = [contents.Item(style, ["sea"], "", "1:1", None, 40, 40)]
        alone = waits.expected(UserFactory(), items).seconds
        for _ in range(4):
            worker_service.note(WorkerAnnouncement(uuid4(), style.engine, "1"))
        assert waits.expected(UserFactory(), items).seconds < alone / 3
