"""Uploaded pictures: how they are read, and the check of those that came by links."""

from tests.mutate.mutation import Mutation, in_file

READING = "pictures/tests/test_reading.py"
CHECKS = "app/tests/styles/test_upload_checks.py"
MENDING = "app/tests/styles/test_mending.py"
COPIES = "app/tests/styles/test_copies.py"
AT_ONCE = "app/tests/styles/test_copies_at_once.py"
PLACES = "app/tests/styles/test_uploads.py"

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
        "pictures/png.py",
        ("picture-one-profile", 'kind == b"iCCP" and profile is None', 'kind == b"iCCP"', READING),
        ("picture-chunks", "if number >= MOST_CHUNKS:", "if False:", READING),
    ),
    *in_file(
        "pictures/jpeg.py",
        ("picture-scans", "if scans > MOST_SCANS or ", "if ", READING),
    ),
    *in_file(
        "app/services/uploads/check_service.py",
        (
            "check-lease-renewed",
            "        raise LeaseLost\n\n\ndef _end",
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
    ),
    *in_file(
        "app/services/uploads/checkers.py",
        (
            "check-wakes",
            "cursor.execute(\"SELECT pg_notify(%s, '')\", [CHANNEL])",
            'cursor.execute("SELECT %s", [CHANNEL])',
            "app/tests/styles/test_upload_check_thread.py::test_a_request_wakes_it",
        ),
        (
            "copies-forgotten-with-the-training",
            "    CopyCheck.objects.filter(style=style).delete()\n    if",
            "    if",
            f"{COPIES}::TestWhileItIsHeld",
        ),
        (
            "copies-end-where-a-file-is-not-given",
            "        if check.attempt < MAX_ATTEMPTS:",
            "        if True:",
            "app/tests/styles/test_unreadable_works.py",
        ),
    ),
    *in_file(
        "app/services/uploads/copy_service.py",
        (
            "copies-are-held",
            "    if _may_train(style, copies):\n",
            "    if True:\n",
            f"{COPIES}::TestWhatIsHeld",
        ),
        (
            "copies-order-once",
            "        if not _ours(check).delete()[0]:\n            raise LeaseLost\n        # The",
            "        _ours(check).delete()\n        # The",
            f"{COPIES}::TestChecks",
        ),
        (
            "copies-held-once",
            "    if not _ours(check).update(held_at",
            "    if _ours(check).update(held_at",
            f"{COPIES}::TestWhatIsHeld",
        ),
        (
            "copies-fingerprints-first",
            'turns[0] if turns else b""\n    Artwork.objects.filter(pk=work.pk).update(',
            'turns[0] if turns else b""\n    Artwork.objects.filter(pk=-1).update(',
            f"{AT_ONCE}::TestTwoArtistsWithTheSameWork",
        ),
        (
            "copies-decided-once",
            "    if not style.is_under_way or not held.delete()[0]:",
            "    if not style.is_under_way and not held.delete()[0]:",
            f"{COPIES}::TestDecisions",
        ),
        (
            "copies-allowed-for-good",
            "judged.issuperset(copy.work for copy in copies)",
            "not copies",
            f"{COPIES}::TestDecisions",
        ),
        (
            "copies-own-pictures",
            "        if licence.generation.style.artist_id != artist_id:\n",
            "        if True:\n",
            f"{COPIES}::TestWhatIsNot",
        ),
        (
            "copies-own-page-alone",
            "    style = Style.objects.offered().filter(",
            "    style = Style.objects.filter(",
            f"{COPIES}::TestWhatIsHeld",
        ),
    ),
    *in_file(
        "app/services/licences/finding.py",
        (
            "copies-own-works",
            "style.artist_id <> %(artist_id)s\n        AND",
            "style.artist_id <> -%(artist_id)s\n        AND",
            f"{COPIES}::TestWhatIsNot",
        ),
        (
            "copies-own-pictures-by-fingerprint",
            "style.artist_id <> %(artist_id)s LIMIT",
            "style.artist_id <> -%(artist_id)s LIMIT",
            f"{COPIES}::TestWhatIsNot",
        ),
        (
            "copies-of-a-refused-thief",
            "IS DISTINCT FROM 'refused'",
            "IS DISTINCT FROM 'none'",
            f"{COPIES}::TestWhatIsNot",
        ),
    ),
    *in_file(
        "app/services/style_service.py",
        ("other-works-alone", "    style.artworks.all().delete()\n", "", MENDING),
        (
            "former-works-deleted",
            "    upload_service.delete_files(user_id=style.artist_id, keys=files)\n",
            "",
            MENDING,
        ),
        (
            "other-works-after-failure",
            "        training_service.require_untrained(style, OTHER_WORKS)\n    work_tags",
            "        pass\n    work_tags",
            MENDING,
        ),
        ("style-name-error-names-it", 'details={"name": [message]}', "details={}", MENDING),
    ),
    *in_file(
        "app/services/training_service.py",
        (
            "training-without-works",
            "    if not style.artworks.exists():\n",
            "    if False:\n",
            CHECKS,
        ),
        (
            "training-of-held-works",
            "        if CopyCheck.objects.filter(style=job).exists():\n",
            "        if False:\n",
            f"{COPIES}::TestWhileItIsHeld",
        ),
        (
            "training-of-refused-works",
            "    if style.review_state == ReviewState.REFUSED:\n",
            "    if False:\n",
            f"{COPIES}::TestDecisions",
        ),
    ),
    *in_file(
        "app/services/uploads/upload_service.py",
        ("late-files-are-deleted", "mine.exclude(is_linked).delete()", "mine.delete()", PLACES),
        (
            "left-places-take-nothing",
            'update(content_type="", expires_at=F("created_at")',
            'update(expires_at=F("created_at")',
            PLACES,
        ),
    ),
    *in_file(
        "app/models/upload.py",
        (
            "used-places-take-nothing",
            'return waiting.exclude(content_type="")',
            "return waiting",
            PLACES,
        ),
    ),
)
