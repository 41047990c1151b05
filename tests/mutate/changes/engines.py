"""A style's tasks go to the workers that have its engine."""

from tests.mutate.mutation import Mutation, in_file

WORKERS = "app/tests/styles/test_workers.py"
ENGINES = "app/tests/styles/test_engines.py"

MUTATIONS: tuple[Mutation, ...] = (
    *in_file(
        "app/services/generation_service.py",
        (
            "order-to-its-engine",
            "queue=queue_for(GENERATION_QUEUE, style.engine),",
            "queue=GENERATION_QUEUE,",
            f"{ENGINES}::TestOrders",
        ),
        (
            "task-names-its-engine",
            "                engine=style.engine,\n",
            "",
            f"{ENGINES}::TestOrders",
        ),
        (
            "order-in-a-format-of-the-style",
            "    size = pricing.format_of(style.engine, aspect_ratio)\n",
            "    size = pricing.FORMATS[pricing.AspectRatio(aspect_ratio)]\n",
            f"{ENGINES}::TestFormats",
        ),
    ),
    *in_file(
        "app/services/jobs/attempts.py",
        (
            "attempt-to-its-engine",
            "queue = queue_for(self.queue, self.engine_of(job))",
            "queue = self.queue",
            ENGINES,
        ),
    ),
    *in_file(
        "app/services/training_service.py",
        (
            "retrained-with-the-engine-named",
            "        style.engine = engines.chosen(engine)\n",
            "        engines.chosen(engine)\n",
            f"{ENGINES}::TestTrainings",
        ),
        (
            "checkpoints-of-the-trained-deleted",
            "        job.save()\n        _forget_checkpoints(job)\n        manifest",
            "        job.save()\n        manifest",
            f"{ENGINES}::TestCheckpoints",
        ),
        (
            "checkpoints-of-the-failed-deleted",
            "        _forget_checkpoints(job)\n        notification_service.tell_training_failed",
            "        notification_service.tell_training_failed",
            f"{ENGINES}::TestCheckpoints",
        ),
    ),
    *in_file(
        "app/models/generation.py",
        (
            "some-engines-draw-any-word",
            "if engine in DRAW_KNOWN_WORDS else ()",
            "if engine else ()",
            f"{ENGINES}::TestWords",
        ),
    ),
    *in_file(
        "app/services/worker_service.py",
        (
            "silent-workers-are-gone",
            "Worker.objects.filter(seen_at__gt=clock.seconds_from_now(-LIVING_SECONDS))",
            "Worker.objects.all()",
            WORKERS,
        ),
        (
            "jobs-in-vain-are-named",
            "        if not living.get(engine):\n",
            "        if engine not in living:\n",
            WORKERS,
        ),
        ("gone-workers-are-forgotten", "seen_at__lt=", "seen_at__gt=", WORKERS),
    ),
    *in_file(
        "worker/runner.py",
        (
            "task-of-another-engine",
            "if task.data.engine != self._engine:",
            "if False:",
            "worker/tests/test_runner.py::TestOtherEngines",
        ),
    ),
)
