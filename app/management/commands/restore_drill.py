"""``manage.py restore_drill``: test whether a backup of the database can be restored.

Dumps the database as a backup would, restores the dump into a new database on the same server,
compares the rows of every table, and audits the ledger there. The database in use is only read.
"""

import argparse
import os
import secrets
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from app.services import audit_service
from app.utils.postgres_programs import NoClients, find_clients

ALIAS = "restored"


class Command(BaseCommand):
    help = "Dump the database, restore it into a new one, and audit the ledger there."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--dump", type=Path, help="restore this file of pg_dump -Fc instead of making one"
        )

        parser.add_argument("--keep", type=Path, help="write the new dump to this file")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.programs = find_clients(server_major_version())
        except NoClients as error:
            raise CommandError(str(error)) from error
        with tempfile.TemporaryDirectory(prefix="restore-drill-") as folder:
            given = options["dump"]
            dump: Path = given or options["keep"] or Path(folder) / "database.dump"
            if given is None:
                self.dump(dump)
            with self.new_database() as name:
                self.restore(dump, name)
                self.examine(compare=given is None)
        self.stdout.write("The new database is gone again. Nothing was changed.")

    def dump(self, file: Path) -> None:
        started_at = time.monotonic()
        # What is committed while the dump runs is in neither the dump nor these counts.
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute("SELECT pg_export_snapshot()")
            [snapshot] = cursor.fetchone()
            self.expected = row_counts(connection)
            self.run("pg_dump", "-Fc", f"--snapshot={snapshot}", f"--file={file}")
        size = file.stat().st_size / 2**20
        self.stdout.write(f"Dumped {size:.1f} MB in {time.monotonic() - started_at:.1f} s.")

    def restore(self, file: Path, name: str) -> None:
        started_at = time.monotonic()
        self.run(
            *("pg_restore", "--no-owner", "--no-privileges", "--exit-on-error"),
            *(f"--dbname={name}", str(file)),
        )
        self.stdout.write(f"Restored in {time.monotonic() - started_at:.1f} s.")

    def examine(self, *, compare: bool) -> None:
        found = row_counts(connections[ALIAS])
        if compare and found != self.expected:
            different = sorted(
                table
                for table in self.expected.keys() | found.keys()
                if self.expected.get(table) != found.get(table)
            )
            raise CommandError(f"The restored database differs in: {', '.join(different)}.")
        if "app_transaction" not in found:
            raise CommandError("There is no ledger in this database: it has not been set up.")
        self.stdout.write(f"{sum(found.values())} rows in {len(found)} tables came back.")
        findings = audit_service.audit(using=ALIAS)
        for finding in findings:
            self.stderr.write(f"{finding.row}: {finding.problem}")
        if findings:
            raise CommandError(f"The restored ledger is wrong in {len(findings)} places.")
        self.stdout.write("The ledger is right in the restored database.")

    @contextmanager
    def new_database(self) -> Iterator[str]:
        """An empty database under Django's alias ``restored``, dropped at the end."""
        name = f"restore_drill_{secrets.token_hex(6)}"
        quoted = connection.ops.quote_name(name)
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {quoted} TEMPLATE template0")
        connections.databases[ALIAS] = {**connection.settings_dict, "NAME": name}
        try:
            yield name
        finally:
            connections[ALIAS].close()
            del connections[ALIAS]
            del connections.databases[ALIAS]
            with connection.cursor() as cursor:
                cursor.execute(f"DROP DATABASE {quoted} WITH (FORCE)")

    def run(self, program: str, *arguments: str) -> None:
        """Run a program of PostgreSQL's on our database. The password is in no command line."""
        given = settings.DATABASES["default"]
        environment = {
            **os.environ,
            "PGHOST": str(given["HOST"]),
            "PGPORT": str(given["PORT"] or 5432),
            "PGUSER": str(given["USER"]),
            "PGPASSWORD": str(given["PASSWORD"]),
            "PGDATABASE": str(given["NAME"]),
        }
        done = subprocess.run(  # noqa: S603 - PostgreSQL's own programs
            [self.programs / program, *arguments], env=environment, capture_output=True, text=True
        )
        if done.returncode != 0:
            raise CommandError(f"{program} failed: {done.stderr.strip()}")


def server_major_version() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        return int(cursor.fetchone()[0]) // 10_000


def row_counts(database: BaseDatabaseWrapper) -> dict[str, int]:
    """How many rows each table has."""
    counts = {}
    with database.cursor() as cursor:
        for table in sorted(database.introspection.table_names(cursor)):
            cursor.execute(f"SELECT count(*) FROM {database.ops.quote_name(table)}")  # noqa: S608
            counts[table] = int(cursor.fetchone()[0])
    return counts
