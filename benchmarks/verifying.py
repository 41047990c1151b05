"""``python -m benchmarks.verifying``: how long a question to ``/api/verify`` takes among a million
licences, by the layer that answers it (a mirrored wall of bricks has no fingerprint left, and is
looked for by its parts).

A private PostgreSQL gets --licences rows, --parts of which have features. Their fingerprints are
those of cuts of photographs with bits turned, so that bands are shared as those of real pictures
are. Ten licences each show one of a dozen photographs, so that a part has ten to be compared with.
Asked is the service that the API calls, in this process; the rows are asked once before the clock
starts.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from devtools.servers.postgres import PrivatePostgres

# One picture and its licence are in the database; these are copies of the row.
PICTURES = """
    INSERT INTO app_generation
    SELECT (jsonb_populate_record(one, jsonb_build_object(
        'id', n, 'task_id', gen_random_uuid(), 'licence_number', 'bench-' || n))).*
    FROM app_generation one, generate_series(%(first)s::bigint, %(last)s::bigint) n
    WHERE one.id = %(pattern)s
"""
LICENCES = """
    COPY app_licence (generation_id, number, pdq, bands, features, issued_at, state, state_reason,
        buyer_is_named) FROM STDIN
"""
FIRST = 1_000_000
SAME = 10  # licences that show one photograph
ROUNDS = 4


def hashes(count: int) -> np.ndarray[Any, Any]:
    """``count`` fingerprints as unlike as those of real pictures, and no more."""
    from provenance.fingerprints import pdq
    from provenance.tests.pictures import photographs

    chance = np.random.default_rng(15)
    real = []
    for image in photographs().values():
        for _ in range(40):
            side = int(chance.integers(128, 400))
            left, top = chance.integers(0, 512 - side, 2)
            real.append(pdq(image.crop((left, top, left + side, top + side))))
    known = np.array([np.frombuffer(each, np.uint8) for each in real])
    turned = np.packbits(chance.random((count, 256)) < 0.25, axis=1)
    return known[chance.integers(0, len(known), count)] ^ turned


def fill(licences: int, parts: int) -> None:
    """Raise the number of licences to about ``licences``."""
    from django.db import connection

    from app.models import Licence
    from provenance.bits import bands

    pattern = Licence.objects.latest("pk")
    chance = np.random.default_rng(16)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("DROP INDEX licence_bands")
        last = FIRST + licences - 1
        cursor.execute(PICTURES, {"first": FIRST, "last": last, "pattern": pattern.pk})
        with cursor.copy(LICENCES) as copy:
            for at, found in enumerate(hashes(licences)):
                fingerprint = found.tobytes()
                signs = chance.bytes(160) if at < parts else None
                number = f"bench-{FIRST + at}"
                copy.write_row(
                    (
                        *(FIRST + at, number, fingerprint, bands(fingerprint), signs),
                        *(pattern.issued_at, "active", "", False),
                    )
                )
        cursor.execute("CREATE INDEX licence_bands ON app_licence USING gin (bands)")
        cursor.execute("VACUUM ANALYZE app_licence")
        cursor.execute("VACUUM ANALYZE app_generation")


def questions() -> Iterator[tuple[str, str, Callable[[], bytes]]]:
    """(what is asked, the verdict, the file)."""
    from PIL import ImageOps

    from app.services.signature_service import certificates_folder
    from provenance.tests.pictures import CHANGES, photographs

    made, folder = _made(), certificates_folder()
    for name, photograph in photographs().items():
        marked, image = made.licensed(name)
        for _ in range(SAME - 1):
            made.licensed(name, is_marked=False)
        whole = made.packed(image)
        yield "signature", "authentic", partial(made.signed, whole, marked.number, folder)
        cut = CHANGES["crop 10 %"](image)
        yield "mark", "match", partial(made.packed, cut, "JPEG", quality=80)
        bare = CHANGES["JPEG 50"](photograph)
        yield "fingerprint", "match", partial(made.packed, bare)
        mirrored = ImageOps.mirror(photograph)
        yield "fingerprint, mirrored", "match", partial(made.packed, mirrored, "WEBP", quality=80)
        part = CHANGES["crop 30 %"](photograph)
        yield "part", "match", partial(made.packed, part)
        odd = ImageOps.fit(photograph.rotate(17), (512, 512))
        yield "unknown", "", partial(made.packed, odd)


def _made() -> Any:
    """What makes licensed pictures; it can be loaded once Django is set up."""
    return import_module("app.tests.licences.verifying")


def measure() -> dict[str, list[float]]:
    """Milliseconds, by what was asked and which layer answered."""
    from app.services.licences.verification import verify

    asked = [(kind, verdict, make()) for kind, verdict, make in list(questions())]
    taken: dict[str, list[float]] = {}
    for round_ in range(ROUNDS + 1):
        for kind, verdict, content in asked:
            began = time.perf_counter()
            found = verify(content)
            milliseconds = 1000 * (time.perf_counter() - began)
            if verdict and found.verdict != verdict:
                print(f"{kind}: {found.verdict}, {found.evidence}")
            if round_:
                asked_and_answered = f"{kind} | {found.evidence[-1].layer}"
                taken.setdefault(asked_and_answered, []).append(milliseconds)
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--licences", type=int, default=1_000_000)
    parser.add_argument("--parts", type=int, default=100_000)
    options = parser.parse_args()
    with TemporaryDirectory(prefix="verifying-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        server = PrivatePostgres(folder / "postgres")
        server.start()
        try:
            os.environ |= {
                "DJANGO_ENV": "development",
                "DJANGO_SETTINGS_MODULE": "config.settings",
                "DATA_DIR": str(folder),
                "DATABASE_URL": server.url,
            }
            import django
            from django.core.management import call_command

            django.setup()
            call_command("migrate", verbosity=0)
            _made().licensed("coffee.png", is_marked=False)
            fill(options.licences, options.parts)
            taken = measure()
        finally:
            server.stop()
    print(f"{options.licences:,} licences, {options.parts:,} with features\n")
    print("| asked | answered by | questions | median | p95 |\n|---|---|---|---|---|")
    for kind, times in taken.items():
        median, late = np.percentile(times, [50, 95])
        print(f"| {kind} | {len(times)} | {median:.0f} ms | {late:.0f} ms |")


if __name__ == "__main__":
    main()
