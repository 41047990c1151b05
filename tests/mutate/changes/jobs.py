"""Trainings and pictures: their states, attempts, leases, and what reports bring about."""

from tests.mutate.mutation import Mutation, in_file

PICTURES = "app/tests/orders/test_generation_reports.py"
TRAININGS = "app/tests/styles/test_training_reports.py"
PICTURE_TABLE = "app/services/generation_service.py"
TRAINING_TABLE = "app/services/training_service.py"

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
            "failed-once",
            "    if generation.status == GenerationStatus.FAILED:\n        return\n",
            "",
            f"{PICTURES}::TestStates",
        ),
        (
            "canceled-once",
            "    if generation.status == GenerationStatus.CANCELED:\n        return generation\n",
            "",
            "app/tests/orders/test_generate.py::TestCanceling",
        ),
        (
            "completed-file-stays",
            "        and generation.image_path == image.image_path\n",
            "",
            f"{PICTURES}::TestStates",
        ),
        (
            "use-is-counted",
            "STYLE_USE.run(pk=generation.style_id)",
            "pass",
            f"{PICTURES}::TestCompletion",
        ),
        (
            "buyer-is-told-of-completion",
            "notification_service.tell_generation_complete(generation)",
            "pass",
            f"{PICTURES}::TestCompletion",
        ),
        (
            "buyer-is-told-of-failure",
            "notification_service.tell_generation_failed(generation)",
            "pass",
            f"{PICTURES}::TestFailure",
        ),
        (
            "picture-lease-renewed",
            "    job_service.renew_lease(generation)\n",
            "",
            f"{PICTURES}::TestProgress",
            f"{PICTURES}::TestLeases",
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
            "if style.training_status != TrainingStatus.FAILED:\n        raise",
            "if style.training_status == TrainingStatus.TRAINING:\n        raise",
            f"{TRAININGS}::TestRetraining",
        ),
        (
            "retrain-is-a-new-task",
            "    style.task_id = uuid.uuid4()\n",
            "",
            f"{TRAININGS}::TestRetraining",
        ),
        (
            "training-begins-with-the-queue",
            "        training_status=TrainingStatus.TRAINING,\n        lease",
            "        lease",
            f"{TRAININGS}::TestTheWay",
        ),
        (
            "artist-is-told-of-completion",
            "notification_service.tell_training_complete(style)",
            "pass",
            f"{TRAININGS}::TestTheWay",
        ),
        (
            "artist-is-told-of-failure",
            "notification_service.tell_training_failed(style)",
            "pass",
            f"{TRAININGS}::TestTheWay",
        ),
        (
            "style-lease-renewed",
            "    job_service.renew_lease(style)\n",
            "",
            f"{TRAININGS}::TestTheWay",
        ),
    ),
    *in_file(
        "app/services/jobs/job_service.py",
        (
            "old-attempt-is-stale",
            "or attempt < job.attempt:",
            "or attempt < 0:",
            f"{PICTURES}::TestWhichAttempt",
        ),
        (
            "other-task-is-stale",
            "if job.task_id != task_id or",
            "if",
            f"{PICTURES}::TestWhichAttempt",
        ),
        (
            "three-attempts",
            "return job.attempt < settings.JOB_MAX_ATTEMPTS",
            "return job.attempt <= settings.JOB_MAX_ATTEMPTS",
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
            "job.lease_expires_at <= clock.now()",
            "job.lease_expires_at <= clock.now() and False",
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
        "app/services/storage.py",
        (
            "reported-file-climbs-nowhere",
            'any(part in {"", ".", ".."}',
            'any(part in {"", "."}',
            "app/tests/orders/test_reported_files.py",
        ),
    ),
)
