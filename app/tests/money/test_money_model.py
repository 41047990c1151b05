"""Random steps through the services, against a model of the money in plain Python.

MONEY_MODEL_STEPS and MONEY_MODEL_SEEDS (with commas) make it longer.
"""

import os
import random
from dataclasses import dataclass, field

import pytest

from app.exceptions import DomainError, InsufficientTokensError, InvalidTransition, StaleAttempt
from app.models import Generation, Licence, User
from app.services import generation_service, payment_service, reversal_service
from app.services.generation_service import GENERATIONS
from app.tests import ledger
from app.tests.factories import ArtistFactory, StyleFactory, UserFactory, finished_file
from protocol import GenerationReport

pytestmark = pytest.mark.slow

STEPS = int(os.environ.get("MONEY_MODEL_STEPS", "600"))
SEEDS = [int(seed) for seed in os.environ.get("MONEY_MODEL_SEEDS", "1,2").split(",")]
FACTORS = {"1:1": 10, "2:2": 15, "1:2": 12, "3:2": 11, "2:1": 12}
MAX_ATTEMPTS = 3


@dataclass
class Job:
    """What the model knows of one picture."""

    buyer: int
    artist: int
    cost: int
    state: str = "queued"
    attempt: int = 1
    is_reversed: bool = False


@dataclass
class Model:
    """The rules of money and states, written a second time and as simply as can be."""

    fee: int
    balances: dict[int, int] = field(default_factory=dict)
    prices: dict[int, tuple[int, int]] = field(default_factory=dict)  # style → artist, price
    jobs: dict[int, Job] = field(default_factory=dict)

    def cost(self, style: int, aspect_ratio: str) -> int:
        tenths = self.prices[style][1] * FACTORS[aspect_ratio]
        return -(-tenths // 10)

    def report(self, job: Job, status: str, attempt: int, *, retryable: bool) -> str:
        """Returns "ok" or the name of the refusal."""
        if attempt < job.attempt:
            return "stale"
        final = job.state in {"completed", "failed", "canceled"}
        if final:
            return "ok" if job.state == status else "contradiction"
        if status == "processing":
            job.state = "processing"
        elif status == "completed":
            job.state = "completed"
            self.balances[job.artist] += self.share(job)
        elif retryable and job.attempt < MAX_ATTEMPTS:
            job.state, job.attempt = "queued", job.attempt + 1
        else:
            job.state = "failed"
            self.balances[job.buyer] += job.cost
        return "ok"

    def share(self, job: Job) -> int:
        return job.cost - job.cost * self.fee // 100

    def reverse(self, job: Job) -> str:
        if job.is_reversed:
            return "contradiction"
        job.is_reversed = True
        self.balances[job.buyer] += job.cost
        self.balances[job.artist] -= min(self.share(job), self.balances[job.artist])
        return "ok"

    def cancel(self, job: Job) -> str:
        if job.state == "canceled":
            return "ok"
        if job.state != "queued":
            return "contradiction"
        job.state = "canceled"
        self.balances[job.buyer] += job.cost
        return "ok"


class Walk:
    """One step at a time, in the model and in the database."""

    def __init__(self, seed: int, fee: int) -> None:
        self.draw = random.Random(seed)
        self.model = Model(fee)
        artists = [ArtistFactory().user for _ in range(2)]
        self.users = {user.pk: user for user in [*artists, *(UserFactory() for _ in range(3))]}
        self.keeper = UserFactory(is_staff=True)
        self.model.balances = dict.fromkeys([*self.users, self.keeper.pk], 0)
        for artist in artists:
            style = StyleFactory(artist=artist.artist, price=self.draw.randint(1, 60))
            self.model.prices[style.pk] = (artist.pk, style.price)

    def step(self) -> None:
        choices = [self.order] * 4 + [self.report] * 8 + [self.cancel] * 2 + [self.buy]
        choices += [self.reverse] * 2
        self.draw.choice(choices)()

    def buy(self) -> None:
        user = self.draw.choice(list(self.users.values()))
        payment = payment_service.take_payment(user=user, amount=100, payment_method="card")
        payment_service.record_purchase(
            user=user, amount=100, payment_method="card", payment=payment
        )
        self.model.balances[user.pk] += 100

    def order(self) -> None:
        buyer = self.draw.choice(list(self.users.values()))
        style, (artist, _) = self.draw.choice(list(self.model.prices.items()))
        aspect_ratio = self.draw.choice(list(FACTORS))
        cost = self.model.cost(style, aspect_ratio)
        can_pay = self.model.balances[buyer.pk] >= cost
        try:
            generation = generation_service.request_generation(
                user=buyer, style_id=style, prompt_tags=["sea"], aspect_ratio=aspect_ratio
            )
        except InsufficientTokensError:
            assert not can_pay
            return
        assert can_pay
        self.model.balances[buyer.pk] -= cost
        self.model.jobs[generation.pk] = Job(buyer.pk, artist, cost)

    def report(self) -> None:
        if not self.model.jobs:
            return
        pk = self._some_job()
        job = self.model.jobs[pk]
        generation = Generation.objects.get(pk=pk)
        status = self.draw.choice(["processing", "completed", "failed"])
        attempt = self.draw.randint(1, job.attempt)
        retryable = self.draw.random() < 0.5
        given = GenerationReport(
            task_id=generation.task_id,
            attempt=attempt,
            status=status,
            image_path=finished_file(generation) if status == "completed" else None,
            failure_reason="No." if status == "failed" else None,
            retryable=retryable,
        )
        expected = self.model.report(job, status, attempt, retryable=retryable)
        assert expected == self._outcome(GENERATIONS.record_report, pk, given)

    def cancel(self) -> None:
        if not self.model.jobs:
            return
        pk = self._some_job()
        job = self.model.jobs[pk]
        expected = self.model.cancel(job)
        owner = self.users[job.buyer]
        assert expected == self._outcome(generation_service.cancel, user=owner, generation_id=pk)

    def reverse(self) -> None:
        sold = [pk for pk, job in self.model.jobs.items() if job.state == "completed"]
        if not sold:
            return
        pk = self.draw.choice(sold)
        expected = self.model.reverse(self.model.jobs[pk])
        act = {"staff": self.keeper, "reason": "No."}
        assert expected == self._outcome(reversal_service.refund, Licence(pk=pk), **act)

    def check(self) -> None:
        """The database says what the model says."""
        assert dict(User.objects.values_list("pk", "token_balance")) == self.model.balances
        seen = {
            pk: (status, attempt, cost)
            for pk, status, attempt, cost in Generation.objects.values_list(
                "pk", "status", "attempt", "cost"
            )
        }
        assert seen == {
            pk: (job.state, job.attempt, job.cost) for pk, job in self.model.jobs.items()
        }

    def _some_job(self) -> int:
        """Mostly a recent one: the old ones have ended."""
        jobs = list(self.model.jobs)
        return self.draw.choice(jobs[-8:] if self.draw.random() < 0.8 else jobs)

    def _outcome(self, call, *arguments, **keywords) -> str:
        try:
            call(*arguments, **keywords)
        except StaleAttempt:
            return "stale"
        except InvalidTransition:
            return "contradiction"
        except DomainError as error:
            return error.code
        return "ok"


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.django_db(transaction=True)
def test_the_services_and_the_model_agree_after_every_step(seed, settings):
    settings.PLATFORM_FEE_PERCENT = seed * 7 % 30
    walk = Walk(seed, settings.PLATFORM_FEE_PERCENT)
    for number in range(STEPS):
        walk.step()
        walk.check()
        if number % 100 == 0:
            ledger.assert_right()
    ledger.assert_right()
    states = {job.state for job in walk.model.jobs.values()}
    assert states >= {"completed", "failed", "canceled"}, "The walk went nowhere."
    assert any(job.is_reversed for job in walk.model.jobs.values())


@pytest.mark.django_db(transaction=True)
def test_the_model_notices_a_token_too_many():
    """The control: a check that cannot fail proves nothing."""
    walk = Walk(1, 0)
    walk.buy()
    User.objects.filter(token_balance=100).update(token_balance=101)
    with pytest.raises(AssertionError):
        walk.check()
