"""Trainings and pictures: their states, attempts, leases, and what reports bring about."""

from tests.mutate.mutation import Mutation, in_file

PICTURES = "app/tests/orders/test_generation_reports.py"
TRAININGS = "app/tests/styles/test_training_reports.py"
PICTURE_TABLE = "app/services/generation_service.py"
TRAINING_TABLE = "app/services/training_service.py"
WRITES = "app/tests/orders/test_writes.py"

MUTATIONS: tuple[Mutation, ...] = (
    *in_file(
        PICTURE_TABLE,
        (
            "picture-queued-to-processing",
            "    GenerationStatus.QUEUED: {\n        GenerationStatus.PROCESSING,\n",
            "    GenerationStatus.QUEUED: {\n",
            f"{PICTURES}::TestStates",
        ),
        (
            "picture-queued-to-completed",
            "network loses it.\n        GenerationStatus.COMPLETED,\n",
            "network loses it.\n",
            f"{PICTURES}::TestStates",
        ),
        (
            "picture-queued-to-failed",
            "        GenerationStatus.FAILED,\n        GenerationStatus.CANCELED,\n",
            "        GenerationStatus.CANCELED,\n",
            f"{PICTURES}::TestStates",
        ),
        (
            "picture-queued-to-canceled",
            "        GenerationStatus.FAILED,\n        GenerationStatus.CANCELED,\n",
            "        GenerationStatus.FAILED,\n",
            "app/tests/orders/test_generate.py::TestCanceling",
        ),
        (
            "picture-processing-to-queued",
            "    GenerationStatus.PROCESSING: {\n        GenerationStatus.QUEUED,\n",
            "    GenerationStatus.PROCESSING: {\n",
            f"{PICTURES}::TestFailure",
        ),
        (
            "picture-processing-to-completed",
            "        GenerationStatus.QUEUED,\n        GenerationStatus.COMPLETED,\n",
            "        GenerationStatus.QUEUED,\n",
            f"{PICTURES}::TestStates",
        ),
        (
            "picture-processing-to-failed",
            "        GenerationStatus.COMPLETED,\n        GenerationStatus.FAILED,\n    },\n"
            "    GenerationStatus.COMPLETED",
            "        GenerationStatus.COMPLETED,\n    },\n    GenerationStatus.COMPLETED",
            f"{PICTURES}::TestStates",
        ),
        (
            "picture-completed-is-final",
            "GenerationStatus.COMPLETED: set()",
            "GenerationStatus.COMPLETED: {GenerationStatus.FAILED}",
            f"{PICTURES}::TestStates",
        ),
        (
            "picture-completed-is-not-begun",
            "GenerationStatus.COMPLETED: set()",
            "GenerationStatus.COMPLETED: {GenerationStatus.PROCESSING}",
            f"{PICTURES}::TestStates",
        ),
        (
            "picture-failed-is-final",
            "GenerationStatus.FAILED: set()",
            "GenerationStatus.FAILED: {GenerationStatus.COMPLETED}",
            f"{PICTURES}::TestStates",
        ),
        (
            "picture-failed-is-not-begun",
            "GenerationStatus.FAILED: set()",
            "GenerationStatus.FAILED: {GenerationStatus.PROCESSING}",
            f"{PICTURES}::TestStates",
        ),
        (
            "picture-canceled-is-final",
            "GenerationStatus.CANCELED: set()",
            "GenerationStatus.CANCELED: {GenerationStatus.COMPLETED}",
            f"{PICTURES}::TestStates",
        ),
        (
            "picture-canceled-is-not-begun",
            "GenerationStatus.CANCELED: set()",
            "GenerationStatus.CANCELED: {GenerationStatus.PROCESSING}",
            f"{PICTURES}::TestStates",
        ),
        (
            "canceled-once",
            "    if generation.status == GenerationStatus.CANCELED:\n        return generation\n",
            "",
            "app/tests/orders/test_generate.py::TestCanceling",
        ),
        (
            "buyer-is-told-of-failure",
            "notification_service.tell_generation_failed(job)",
            "pass",
            f"{PICTURES}::TestFailure",
        ),
    ),
    *in_file(
        TRAINING_TABLE,
        (
            "style-pending-to-training",
            "    TrainingStatus.PENDING: {\n        TrainingStatus.TRAINING,\n",
            "    TrainingStatus.PENDING: {\n",
            f"{TRAININGS}::TestStates",
        ),
        (
            "style-pending-to-completed",
            "        TrainingStatus.TRAINING,\n        TrainingStatus.COMPLETED,\n",
            "        TrainingStatus.TRAINING,\n",
            f"{TRAININGS}::TestStates",
        ),
        (
            "style-pending-to-failed",
            "        TrainingStatus.FAILED,\n    },\n    TrainingStatus.TRAINING",
            "    },\n    TrainingStatus.TRAINING",
            f"{TRAININGS}::TestStates",
        ),
        (
            "style-training-to-pending",
            "    TrainingStatus.TRAINING: {\n        TrainingStatus.PENDING,\n",
            "    TrainingStatus.TRAINING: {\n",
            "app/tests/test_services.py::test_a_training_under_way_is_given_to_another_server",
        ),
        (
            "style-training-to-completed",
            "        TrainingStatus.PENDING,\n        TrainingStatus.COMPLETED,\n",
            "        TrainingStatus.PENDING,\n",
            f"{TRAININGS}::TestStates",
        ),
        (
            "style-training-to-failed",
            "        TrainingStatus.FAILED,\n    },\n    TrainingStatus.FAILED",
            "    },\n    TrainingStatus.FAILED",
            f"{TRAININGS}::TestStates",
        ),
        (
            "style-failed-is-not-completed",
            "TrainingStatus.FAILED: {TrainingStatus.PENDING}",
            "TrainingStatus.FAILED: {TrainingStatus.COMPLETED}",
            f"{TRAININGS}::TestStates",
        ),
        (
            "style-completed-is-final",
            "TrainingStatus.COMPLETED: set()",
            "TrainingStatus.COMPLETED: {TrainingStatus.FAILED}",
            f"{TRAININGS}::TestStates",
        ),
        (
            "style-completed-is-not-begun",
            "TrainingStatus.COMPLETED: set()",
            "TrainingStatus.COMPLETED: {TrainingStatus.TRAINING}",
            f"{TRAININGS}::TestStates",
        ),
        (
            "retrain-after-failure-alone",
            "if not style.may_be_trained_again:\n        raise",
            "if style.is_under_way:\n        raise",
            f"{TRAININGS}::TestRetraining",
        ),
        (
            "retrain-is-a-new-task",
            "    style.task_id = uuid.uuid4()\n",
            "",
            f"{TRAININGS}::TestRetraining",
        ),
        (
            "artist-is-told-of-completion",
            "notification_service.tell_training_complete(job)",
            "pass",
            f"{TRAININGS}::TestTheWay",
        ),
        (
            "artist-is-told-of-failure",
            "notification_service.tell_training_failed(job)",
            "pass",
            f"{TRAININGS}::TestTheWay",
        ),
    ),
    *in_file(
        "app/services/generation_service.py",
        (
            "completed-file-stays",
            "return job.image_path == result.image_path",
            "return True",
            f"{PICTURES}::TestStates",
        ),
        (
            "cancellation-may-be-a-step",
            "@transaction.atomic\ndef cancel(",
            "@transaction.atomic(savepoint=False)\ndef cancel(",
            "app/tests/orders/test_within_a_transaction.py",
        ),
        (
            "order-may-be-a-step",
            "    with joined_transaction():\n        viewer",
            "    with transaction.atomic(savepoint=False):\n        viewer",
            "app/tests/orders/test_within_a_transaction.py",
        ),
        (
            "artist-is-locked-to-be-paid",
            "LOCKED_GENERATION.instances(to_complete,",
            "LOCKED_GENERATION.instances(False,",
            "app/tests/orders/test_locks.py",
        ),
    ),
    *in_file(
        "app/services/training_service.py",
        (
            "training-begins-with-the-queue",
            "working = accepted = TrainingStatus.TRAINING",
            "working = TrainingStatus.TRAINING\n    accepted = TrainingStatus.PENDING",
            f"{TRAININGS}::TestTheWay",
        ),
        (
            "trained-model-stays",
            "return job.model_path == result.path",
            "return False",
            f"{TRAININGS}::TestStates",
        ),
    ),
    *in_file(
        "app/services/jobs/attempts.py",
        (
            "old-attempt-is-stale",
            "or report.attempt < job.attempt:",
            "or report.attempt < 0:",
            f"{PICTURES}::TestWhichAttempt",
        ),
        (
            "other-task-is-stale",
            "if job.task_id != report.task_id or",
            "if",
            f"{PICTURES}::TestWhichAttempt",
        ),
        (
            "table-of-moves",
            "if to not in self.moves[state]:",
            "if False:",
            f"{PICTURES}::TestStates",
            f"{TRAININGS}::TestStates",
        ),
        (
            "failed-once",
            "        if self.state_of(job) == self.failed:\n            return\n",
            "",
            f"{PICTURES}::TestStates",
            f"{TRAININGS}::TestStates",
        ),
        (
            "completed-once",
            "        if self.state_of(job) == self.completed and self.has_result(job, result):\n"
            "            return\n",
            "",
            f"{PICTURES}::TestStates",
        ),
        (
            "lease-renewed",
            "        job.lease_expires_at = clock.seconds_from_now(settings.JOB_LEASE_SECONDS)\n",
            "",
            f"{PICTURES}::TestProgress",
            f"{TRAININGS}::TestTheWay",
        ),
        (
            "three-attempts",
            "job.attempt < settings.JOB_MAX_ATTEMPTS",
            "job.attempt <= settings.JOB_MAX_ATTEMPTS",
            f"{PICTURES}::TestFailure",
        ),
        (
            "delay-of-its-attempt",
            "delays[min(job.attempt, len(delays)) - 1]",
            "delays[0]",
            f"{PICTURES}::TestFailure",
        ),
        (
            "lease-runs-out",
            "or job.lease_expires_at > clock.now():",
            "or True:",
            f"{PICTURES}::TestLeases",
        ),
        (
            "lease-is-judged-under-the-lock",
            "if job.lease_expires_at is None or job.lease_expires_at > clock.now():",
            "if False:",
            f"{PICTURES}::TestLeases",
        ),
        (
            "ended-is-not-ended-again",
            "if not is_current or self.state_of(job) not in (self.waiting, self.working):",
            "if not is_current:",
            f"{PICTURES}::TestLeases",
        ),
        (
            "dead-letter-of-its-attempt",
            "if not is_current or",
            "if",
            f"{PICTURES}::TestLeases",
        ),
        (
            "reported-file-exists",
            "if not storage.exists(key):",
            "if False:",
            f"{PICTURES}::TestCompletion",
            f"{TRAININGS}::TestRefusals",
        ),
    ),
    *in_file(
        "app/models/writes.py",
        (
            "use-is-counted",
            "SET usage_count = usage_count + 1",
            "SET usage_count = usage_count + 0",
            f"{PICTURES}::TestCompletion",
        ),
        (
            "buyer-is-told-of-completion",
            "        %(target_id)s, false, %(created_at)s, {others}",
            "        NULL, false, %(created_at)s, {others}",
            WRITES,
        ),
        (
            "told-once",
            "    {unless}\n    ON CONFLICT DO NOTHING\n",
            "    {unless}\n",
            WRITES,
        ),
        (
            "order-names-its-columns",
            "terms_id, order_id, is_held,\n             settings, rating,",
            "terms_id, is_held,\n             settings, rating,",
            WRITES,
        ),
        (
            "prompt-tags-in-their-order",
            "word.sequence - 1\n",
            "0\n",
            WRITES,
        ),
    ),
    *in_file(
        "app/services/storage.py",
        (
            "reported-file-climbs-nowhere",
            'any(part in {"", ".", ".."}',
            'any(part in {"", "."}',
            "app/tests/orders/test_reported_files.py",
        ),
    ),
)
