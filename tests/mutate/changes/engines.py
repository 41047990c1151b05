"""A style's tasks go to the workers that have its engine."""

from tests.mutate.mutation import Mutation, in_file

WORKERS = "app/tests/styles/test_workers.py"
ENGINES = "app/tests/styles/test_engines.py"
AGAIN = "app/tests/orders/test_again.py"
TRAININGS = "app/tests/styles/test_training_settings.py"
PROMPTS = "app/tests/orders/test_prompts.py"

MUTATIONS: tuple[Mutation, ...] = (
    *in_file(
        "app/services/generation_service.py",
        (
            "order-to-its-engine",
            "queue = queue_for(GENERATION_QUEUE, style.engine)\n        lane",
            "queue = GENERATION_QUEUE\n        lane",
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
        (
            "order-with-a-text-of-the-style",
            "        engines.require_text(style.engine)\n",
            "        pass\n",
            f"{PROMPTS}::TestRefusals",
        ),
        (
            "task-has-the-text-as-it-is",
            "prompt=job.prompt_shown,",
            'prompt=", ".join(job.prompt_tags),',
            f"{PROMPTS}::TestOrders",
        ),
        (
            "order-writes-the-stored-format",
            '{"aspect_ratio": stored(aspect_ratio), "settings"',
            '{"settings"',
            f"{ENGINES}::TestFormats",
        ),
        (
            "task-has-the-settings",
            "settings=job.settings or {},",
            "settings={},",
            AGAIN,
        ),
        (
            "settings-are-kept",
            "job.settings = made_with if isinstance(made_with, dict) else job.settings",
            "pass",
            AGAIN,
        ),
    ),
    *in_file(
        "app/services/orders/contents.py",
        (
            "item-with-a-text-of-the-style",
            "                engines.require_text(style.engine)\n",
            "                pass\n",
            f"{PROMPTS}::TestRefusals",
        ),
        (
            "item-keeps-its-text",
            '                item.get("prompt", ""),\n',
            '                "",\n',
            f"{PROMPTS}::TestOrders",
        ),
    ),
    *in_file(
        "app/serializers/generation.py",
        (
            "tags-or-a-text",
            '        elif "prompt_tags" in attrs:\n',
            "        elif False:\n",
            f"{PROMPTS}::TestRefusals",
        ),
        (
            "glance-leaves-texts-to-their-field",
            "    prompt: None = None\n",
            "",
            "app/tests/speed/test_hot_writes.py",
        ),
        (
            "texts-are-cleaned",
            "return prompt_text.cleaned(text) if text else text",
            "return text",
            f"{PROMPTS}::TestRefusals",
        ),
    ),
    *in_file(
        "app/services/engines.py",
        (
            "again-one-of-mine",
            "Generation.objects.kept_by(buyer.pk).filter(status=",
            "Generation.objects.filter(status=",
            AGAIN,
        ),
        (
            "again-of-this-style",
            "picture is None or picture.style_id != style.pk",
            "picture is None",
            AGAIN,
        ),
        (
            "again-one-that-is-made",
            "filter(status=GenerationStatus.COMPLETED)",
            "all()",
            AGAIN,
        ),
        (
            "again-what-the-engine-takes",
            "for name in DRAWN_WITH.get(style.engine, ()) if name in known",
            "for name in known",
            AGAIN,
        ),
    ),
    *in_file(
        "app/models/reads/search.py",
        (
            "format-found-by-its-stored-name",
            'key_of("format", stored(aspect_ratio))',
            'key_of("format", aspect_ratio)',
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
        "app/services/training_settings.py",
        (
            "rank-that-the-workers-take",
            '    if (given.get("rank") or 0) > settings.DIFFUSION_MAX_RANK:\n',
            "    if False:\n",
            TRAININGS,
        ),
        (
            "epochs-of-the-engine",
            "USUAL_EPOCHS.get(style.engine, settings.TRAINING_EPOCHS)",
            "settings.TRAINING_EPOCHS",
            TRAININGS,
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
        "worker/storage.py",
        (
            "no-way-out-of-a-folder",
            '        if ".." in unquote(uri).split("/"):\n',
            "        if False:\n",
            "worker/tests/test_worker_storage.py",
        ),
    ),
    *in_file(
        "protocol/messages.py",
        (
            "json-too-deep-to-read",
            "UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)",
            "UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError)",
            "protocol/tests/test_schemas.py",
        ),
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
