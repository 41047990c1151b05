"""M3: random steps on the services, beside a model of them in a few lines of plain Python.

``python -m tests.faults.model_check --seed N --steps 5000`` compares after every step, prints the
steps as JSON, and exits 1 at the first difference. With ``--plant`` it takes a token from somebody
in the middle, which must be noticed.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import django

FACTORS = {"1:1": 1.0, "2:2": 1.5, "1:2": 1.2, "3:2": 1.1, "2:1": 1.2}
BONUS = 100


@dataclass
class Job:
    buyer: int
    artist: int
    cost: int
    attempt: int = 1
    status: str = "queued"


@dataclass
class Model:
    """What the contract says of money and states, and nothing else."""

    balances: dict[int, int] = field(default_factory=dict)
    jobs: dict[int, Job] = field(default_factory=dict)

    def settle(self, job: Job, status: str) -> None:
        job.status = status
        if status == "completed":
            self.balances[job.artist] += job.cost
        else:
            self.balances[job.buyer] += job.cost


class Walk:
    """One random walk. Steps that must be refused are walked as well."""

    def __init__(self, seed: int) -> None:
        from app.models import Artist, Style, User
        from app.services.token_service import TokenService

        self.rng = random.Random(seed)
        self.model = Model()
        self.users: dict[int, Any] = {}
        self.styles: dict[int, tuple[int, int]] = {}
        for number in range(6):
            user = User.objects.create(
                username=f"walker-{seed}-{number}", role="artist" if number < 2 else "user"
            )
            TokenService.grant_welcome_bonus(user.pk, BONUS)
            self.users[user.pk] = user
            self.model.balances[user.pk] = BONUS
            if number < 2:
                artist = Artist.objects.create(user=user, artist_name=f"Walker {seed} {number}")
                style = Style.objects.create(
                    artist=artist, name=f"Walk {seed}", price=7 + 6 * number,
                    training_status="completed", model_path="file:///model",
                )  # fmt: skip
                self.styles[style.pk] = (user.pk, style.price)

    def step(self) -> str:
        action = self.rng.choices(
            [self.buy, self.generate, self.report, self.cancel], weights=[2, 10, 12, 3]
        )[0]
        action()
        return action.__name__

    def buy(self) -> None:
        from app.services import payment_service

        user = self._user()
        order = {"amount": 100 * self.rng.randint(1, 2), "payment_method": "card"}
        payment = payment_service.take_payment(user=user, **order)
        payment_service.record_purchase(user=user, payment=payment, **order)
        self.model.balances[user.pk] += order["amount"]

    def generate(self) -> None:
        from app.exceptions import InsufficientTokensError
        from app.services import generation_service

        user, ratio = self._user(), self.rng.choice(list(FACTORS))
        style_id = self.rng.choice(list(self.styles))
        artist_id, price = self.styles[style_id]
        cost = math.ceil(round(price * FACTORS[ratio], 6))
        may = self.model.balances[user.pk] >= cost
        try:
            made = generation_service.request_generation(
                user=user, style_id=style_id, prompt_tags=["sea"], aspect_ratio=ratio
            )
        except InsufficientTokensError:
            assert not may, "an order was refused that could be paid"
            return
        assert may, "an order was taken that could not be paid"
        self.model.balances[user.pk] -= cost
        self.model.jobs[made.pk] = Job(user.pk, artist_id, cost)

    def report(self) -> None:
        """A report of any kind and attempt about a recent job, ended ones included."""
        from app.exceptions import DomainError
        from app.services import generation_service

        if not self.model.jobs:
            return
        key = self.rng.choice(list(self.model.jobs)[-15:])
        job = self.model.jobs[key]
        kind = self.rng.choice(["processing", "completed", "failed", "retry"])
        attempt = max(1, job.attempt - self.rng.choice([0, 0, 0, 1]))
        expected = self._expect_report(job, kind, attempt)
        try:
            generation_service.GENERATIONS.record_report(key, self._make_report(key, kind, attempt))
            answered = True
        except DomainError:
            answered = False
        assert answered == expected, f"{kind} on {job}: {answered} instead of {expected}"

    def cancel(self) -> None:
        from app.exceptions import DomainError
        from app.services import generation_service

        if not self.model.jobs:
            return
        key = self.rng.choice(list(self.model.jobs)[-15:])
        job = self.model.jobs[key]
        may = job.status in {"queued", "canceled"}
        try:
            generation_service.cancel(user=self.users[job.buyer], generation_id=key)
            assert may, f"a {job.status} job was canceled"
        except DomainError:
            assert not may, f"a {job.status} job could not be canceled"
        if job.status == "queued":
            self.model.settle(job, "canceled")

    def compare(self) -> None:
        from app.models import Generation, User

        balances = dict(User.objects.filter(pk__in=self.users).values_list("pk", "token_balance"))
        assert balances == self.model.balances, f"{balances} instead of {self.model.balances}"
        recent = list(self.model.jobs)[-15:]
        found = Generation.objects.filter(pk__in=recent).values_list("pk", "status", "attempt")
        for key, status, attempt in found:
            job = self.model.jobs[key]
            assert (status, attempt) == (job.status, job.attempt), f"{status} is not {job}"

    def _expect_report(self, job: Job, kind: str, attempt: int) -> bool:
        """What the contract says to it; moves the model."""
        if attempt != job.attempt:
            return False
        if kind == "processing":
            if job.status not in {"queued", "processing"}:
                return False
            job.status = "processing"
            return True
        if kind == "completed":
            if job.status in {"queued", "processing"}:
                self.model.settle(job, "completed")
            return job.status == "completed"
        if job.status in {"completed", "canceled"}:
            return False
        if job.status != "failed" and kind == "retry" and job.attempt < 3:
            job.attempt, job.status = job.attempt + 1, "queued"
        elif job.status != "failed":
            self.model.settle(job, "failed")
        return True

    def _make_report(self, key: int, kind: str, attempt: int) -> Any:
        from app.models import Generation
        from app.services import storage
        from app.services.jobs.attempts import output_folder
        from protocol import GenerationReport

        generation = Generation.objects.get(pk=key)
        if kind == "completed":
            folder = f"generations/{generation.task_id}/{attempt}"
            assert attempt != generation.attempt or folder == output_folder(
                "generations", generation
            )
            path = storage.local_path(f"{folder}/image.png")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            return GenerationReport(
                generation.task_id, attempt, "completed", image_path=path.as_uri()
            )
        if kind == "processing":
            return GenerationReport(generation.task_id, attempt, "processing")
        return GenerationReport(
            generation.task_id, attempt, "failed", failure_reason="It broke.",
            retryable=kind == "retry",
        )  # fmt: skip

    def _user(self) -> Any:
        return self.rng.choice(list(self.users.values()))


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--plant", action="store_true")
    given = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DATA_DIR"] = str(Path(folder))
        django.setup()
        from app.models import User
        from app.services import audit_service

        walk, done = Walk(given.seed), 0
        try:
            for _ in range(given.steps):
                if given.plant and done == given.steps // 2:
                    victim = User.objects.filter(pk__in=walk.users, token_balance__gt=0)[0]
                    User.objects.filter(pk=victim.pk).update(token_balance=0)
                walk.step()
                walk.compare()
                done += 1
            assert not audit_service.audit(), "the audit finds something"
        except AssertionError as error:
            sys.stdout.write(json.dumps({"steps": done, "difference": str(error)}) + "\n")
            return 1
        states: dict[str, int] = {}
        for job in walk.model.jobs.values():
            states[job.status] = states.get(job.status, 0) + 1
        sys.stdout.write(json.dumps({"steps": done, "states": states}) + "\n")
        return 0


if __name__ == "__main__":
    sys.exit(main())
