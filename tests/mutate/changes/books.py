"""The books for all, and what machines are told."""

from tests.mutate.mutation import Mutation, in_file

BOOKS = "app/tests/licences/test_books.py"
AUDIT = "app/tests/licences/test_books_audit.py"
CACHES = "app/tests/http/test_caches.py"
RIGHTS = "web/tests/test_rights.py"
STRUCTURED = "web/tests/test_structured.py"

MUTATIONS: tuple[Mutation, ...] = (
    *in_file(
        "app/services/licences/books.py",
        ("books-wait-for-writers", "if writing:", "if False:", BOOKS),
        ("books-see-hidden-writers", "AND xact_start IS NULL", "AND false", BOOKS),
        ("books-have-a-margin", '{"seconds": MARGIN.total_seconds()}', '{"seconds": 0}', BOOKS),
        (
            "days-of-before-are-listed",
            "blocks.keep(listed, leaves_of(listed.day))",
            "pass",
            BOOKS,
        ),
        ("books-name-the-day-before", "before.digest if before else NOTHING", "NOTHING", BOOKS),
        ("books-leave-no-day-out", "return latest + ONE_DAY", "return last", BOOKS),
        ("books-hold-the-file", '"file_sha256": file_sha256,', '"file_sha256": None,', BOOKS),
        ("books-hold-the-price", '"price_tokens": price_tokens,', '"price_tokens": 1,', BOOKS),
        ("leaves-are-in-no-order-of-time", "return sorted(merkle", "return list(merkle", BOOKS),
    ),
    *in_file(
        "app/services/licences/blocks.py",
        ("proofs-know-their-block", "number * SIZE + index, path", "index, path", BOOKS),
        ("proofs-lead-to-the-root", " + merkle.path(roots, number)", "", BOOKS),
    ),
    *in_file(
        "app/migrations/0032_books_stay.py",
        (
            "licences-stay-in-their-day",
            "WHEN (OLD.booked_at IS DISTINCT FROM NEW.booked_at)",
            "WHEN (false)",
            BOOKS,
        ),
        ("published-days-are-closed", "(max(day) + 1)", "(min(day) - 1)", BOOKS),
        (
            "lists-stay",
            "ON app_licencedayblock\n    FOR EACH ROW",
            "ON app_licencedayblock\n    FOR EACH ROW WHEN (false)",
            BOOKS,
        ),
    ),
    *in_file(
        "app/services/licences/recheck.py",
        ("audit-of-roots", "using=using)).hex() != day.root", "using=using)) is None", AUDIT),
        ("audit-of-lists", "merkle.root(listed).hex() != day.root", "False", AUDIT),
        ("audit-of-digests", "if day.digest != books", "if False and books", AUDIT),
        (
            "audit-of-the-chain",
            "before.digest if before else",
            "day.previous if before else",
            AUDIT,
        ),
        ("audit-of-days-left-out", "day.day - before.day != books.ONE_DAY", "False", AUDIT),
        ("audit-takes-turns", "len(others) - (1 << len(others).bit_length() >> 1)", "0", AUDIT),
    ),
    *in_file(
        "app/services/audit_service.py",
        ("audit-of-counts", "COUNT(l.generation_id) <> d.count", "false", AUDIT),
    ),
    *in_file(
        "app/utils/caches.py",
        (
            "one-renews",
            "(mark in found or not cache.add(mark, True, seconds))",
            "mark in found",
            CACHES,
        ),
        ("one-computes-at-first", "if made is not None:", "if False:", CACHES),
    ),
    *in_file(
        "app/services/licences/merkle.py",
        ("leaves-are-no-nodes", '_LEAF, _NODE = b"\\x00", b"\\x01"', '_LEAF = _NODE = b""', BOOKS),
    ),
    *in_file(
        "app/management/commands/relay_outbox.py",
        (
            "the-relay-publishes-books",
            '    "books": books.publish_days,\n',
            "",
            BOOKS,
        ),
    ),
    *in_file(
        "app/views/media.py",
        ("files-reserve-rights", "    rights.reserve(response)\n", "", RIGHTS),
    ),
    *in_file(
        "web/middleware.py",
        ("pages-reserve-rights", "        rights.reserve(response)\n", "", RIGHTS),
    ),
    *in_file(
        "web/structured.py",
        ("private-pictures-are-not-offered", "if not picture.is_public:", "if False:", STRUCTURED),
        ("data-end-no-block", "written.translate(_ESCAPES)", "written", STRUCTURED),
    ),
)
