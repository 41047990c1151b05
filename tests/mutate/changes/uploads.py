"""Uploaded pictures: how they are read, and the check of those that came by links."""

from tests.mutate.mutation import Mutation, in_file

READING = "pictures/tests/test_reading.py"
CHECKS = "app/tests/styles/test_upload_checks.py"
MENDING = "app/tests/styles/test_mending.py"

MUTATIONS: tuple[Mutation, ...] = (
    *in_file(
        "pictures/reading.py",
        ("picture-orientation", "if turned in UPRIGHT:", "if turned > 99:", READING),
        ("picture-profile", "    if profile:\n", "    if not profile:\n", READING),
        ("picture-16-bit", "[value >> 8 for", "[min(value, 255) for", READING),
        (
            "picture-clear-colour",
            "        if clear:\n            image =",
            "        if False:\n            image =",
            READING,
        ),
    ),
    *in_file(
        "app/services/uploads/check_service.py",
        (
            "check-lease-renewed",
            "        raise _LeaseLost\n\n\ndef _end",
            "        return\n\n\ndef _end",
            f"{CHECKS}::test_one_that_loses_its_lease_in_the_middle_clears_up",
        ),
        (
            "check-ends-once",
            "if not _ours(check).delete()[0]:",
            "if _ours(check).delete()[0] < 0:",
            f"{CHECKS}::test_who_wakes_up_too_late_changes_nothing",
        ),
        (
            "check-lease-taken",
            "check.due_at = clock.seconds_from_now(LEASE_SECONDS)\n",
            "check.due_at = clock.now()\n",
            CHECKS,
        ),
        ("check-age", 'values_list("begun_at"', 'values_list("style__created_at"', MENDING),
        ("check-bad-works", "    verdicts.require_good()\n", "", CHECKS),
        (
            "check-wakes",
            "cursor.execute(\"SELECT pg_notify(%s, '')\", [CHANNEL])",
            'cursor.execute("SELECT %s", [CHANNEL])',
            "app/tests/styles/test_upload_check_thread.py::test_a_request_wakes_it",
        ),
    ),
    *in_file(
        "app/services/style_service.py",
        ("other-works-alone", "    style.artworks.all().delete()\n", "", MENDING),
        (
            "former-works-deleted",
            "    transaction.on_commit(lambda: storage.delete(files))\n",
            "",
            MENDING,
        ),
        (
            "other-works-after-failure",
            "        training_service.require_failed(style, OTHER_WORKS)\n",
            "",
            MENDING,
        ),
        ("style-name-error-names-it", 'details={"name": [message]}', "details={}", MENDING),
    ),
    *in_file(
        "app/services/training_service.py",
        ("training-without-works", "        if not artworks:\n", "        if False:\n", CHECKS),
    ),
)
