"""The books for all, and what machines are told."""

from tests.mutate.mutation import Mutation, in_file

BOOKS = "app/tests/licences/test_books.py"
RIGHTS = "web/tests/test_rights.py"
STRUCTURED = "web/tests/test_structured.py"

MUTATIONS: tuple[Mutation, ...] = (
    *in_file(
        "app/services/licences/books.py",
        ("books-wait-for-writers", "if writing:", "if False:", BOOKS),
        ("books-name-the-day-before", "before.digest if before else NOTHING", "NOTHING", BOOKS),
        ("books-leave-no-day-out", "return latest + ONE_DAY", "return last", BOOKS),
        ("books-hold-the-file", '"file_sha256": file_sha256,', '"file_sha256": None,', BOOKS),
        ("books-hold-the-price", '"price_tokens": price_tokens,', '"price_tokens": 1,', BOOKS),
        ("leaves-are-in-no-order-of-time", "return sorted(merkle", "return list(merkle", BOOKS),
    ),
    *in_file(
        "app/services/licences/merkle.py",
        ("leaves-are-no-nodes", '_LEAF, _NODE = b"\\x00", b"\\x01"', '_LEAF = _NODE = b""', BOOKS),
    ),
    *in_file(
        "app/management/commands/relay_outbox.py",
        (
            "the-relay-publishes-books",
            "            books.publish_days()\n",
            "            pass\n",
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
