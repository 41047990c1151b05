"""What runs again and again: a row that breaks it keeps no other from its turn."""

from tests.mutate.mutation import in_file

ROWS = "app/tests/test_broken_rows.py"
DRAFTS = "app/tests/styles/test_held_drafts.py"
BEFORE = "app/tests/styles/test_works_of_before.py"
THREAD = "app/tests/styles/test_upload_check_thread.py"

MUTATIONS = (
    *in_file(
        "app/services/guard.py",
        (
            "broken-steps-are-survived",
            "    if is_of_database and not connection.is_usable():\n        raise error\n",
            "    raise error\n",
            f"{ROWS}::TestGuard",
        ),
        (
            "a-database-that-is-away-is-no-broken-row",
            "if is_of_database and not connection.is_usable():",
            "if False:",
            f"{ROWS}::test_a_database_that_is_away_ends_the_round",
        ),
        (
            "a-slow-statement-is-a-broken-row",
            "if is_of_database and not connection.is_usable():",
            "if is_of_database:",
            f"{ROWS}::test_a_statement_that_takes_too_long_does_not",
        ),
        (
            "broken-steps-are-counted",
            "measure_service.count_broken(step)",
            "pass",
            f"{ROWS}::TestGuard",
        ),
    ),
    *in_file(
        "app/services/jobs/lease_service.py",
        (
            "a-broken-job-waits",
            "elif ended is None:",
            "elif ended is Ellipsis:",
            f"{ROWS}::test_of_lost_jobs_only_the_broken_one_stays",
        ),
    ),
    *in_file(
        "app/services/jobs/attempts.py",
        (
            "a-job-without-task-ends",
            "self._fail(self.lock(job_id), error.message, retryable=False)",
            "raise",
            f"{ROWS}::TestACheckThatOutlivesItsTraining",
        ),
    ),
    *in_file(
        "app/services/style_service.py",
        (
            "what-was-ordered-from-stays-when-its-artist-leaves",
            "each.pk not in ordered]",
            "each.pk]",
            "app/tests/styles/test_leaving.py::test_what_somebody_has_bought_from_stays",
        ),
        (
            "replaced-drafts-wait-no-more",
            "draft_service.end_replaced(",
            "list(",
            DRAFTS,
        ),
    ),
    *in_file(
        "app/services/uploads/checkers.py",
        (
            "unread-works-are-given-up",
            "if failed.attempts < MAX_ATTEMPTS:",
            "if failed.attempts:",
            f"{BEFORE}::test_a_work_that_cannot_be_read_is_given_up_and_told_of_once",
        ),
    ),
    *in_file(
        "app/services/uploads/copy_service.py",
        (
            "unread-works-are-put-off",
            "exclude(pk__in=waiting)",
            "exclude(pk__in=[])",
            f"{BEFORE}::test_a_work_that_cannot_be_read_does_not_hold_up_the_next",
        ),
    ),
    *in_file(
        "app/services/uploads/check_service.py",
        (
            "what-a-broken-check-left-is-no-obstacle",
            "lambda: storage.delete(left_behind()))",
            "lambda: storage.delete([]))\n        storage.delete(left_behind())",
            f"{THREAD}::test_a_check_that_always_breaks_ends",
        ),
    ),
    *in_file(
        "app/services/orders/ending.py",
        (
            "each-order-ends-by-itself",
            "    if told is not None:\n        return told\n",
            "    return told or 0\n",
            f"{ROWS}::TestOrders",
        ),
    ),
    *in_file(
        "app/services/orders/admission.py",
        (
            "each-held-picture-by-itself",
            "    if handed_over is not None:\n        return handed_over\n",
            "    return handed_over or 0\n",
            f"{ROWS}::TestOrders",
        ),
    ),
    *in_file(
        "app/delivery/webhook_deliverer.py",
        (
            "a-lost-record-is-a-failure",
            "if kept is None:",
            "if kept is Ellipsis:",
            f"{ROWS}::test_webhooks",
        ),
    ),
    *in_file(
        "worker/announcing.py",
        (
            "workers-learn-where-the-backend-is",
            "        self.backend = f",
            "        self.former = f",
            "worker/tests/test_announcing.py",
        ),
    ),
)
