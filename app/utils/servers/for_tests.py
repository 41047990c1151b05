"""The servers of one test run."""

import os
import shutil
import tempfile
from pathlib import Path

from app.utils.servers.postgres import PrivatePostgres

# Set by the process that starts the servers, inherited by those that share them.
FOLDER_VARIABLE = "STYLE_LICENSE_TEST_FOLDER"
# What a developer's shell may hold and no test should see.
_VARIABLES_OF_OTHERS = (
    "ALLOW_TEST_GATEWAY",
    "AMQP_URL",
    "DEBUG",
    "DEMO_SIGN_IN",
    "INTERNAL_API_TOKEN",
    "INTERNAL_API_TOKENS",
    "REDIS_URL",
    "S3_BUCKET",
    "S3_ENDPOINT_URL",
    "SECRET_KEY",
    "SITE_URL",
)


class TestServers:
    """Servers that live as long as one test run, shared by its worker processes."""

    __test__ = False  # not a test, whatever its name

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="style-license-tests-"))
        # PostgreSQL's user has to pass through; the folders within are closed by themselves.
        self.folder.chmod(0o711)
        self._postgres: PrivatePostgres | None = None

    @staticmethod
    def are_given() -> bool:
        """Whether a process above this one has started them already."""
        return FOLDER_VARIABLE in os.environ

    def start(self) -> None:
        """Start PostgreSQL and point the environment at the servers of this run."""
        for name in _VARIABLES_OF_OTHERS:
            os.environ.pop(name, None)
        os.environ[FOLDER_VARIABLE] = str(self.folder)
        os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
        os.environ["DATA_DIR"] = str(self.folder / "data")
        os.environ["DATABASE_URL"] = os.environ.get("TEST_DATABASE_URL") or self._start_postgres()

    def _start_postgres(self) -> str:
        self._postgres = PrivatePostgres(self.folder / "database", durable=False)
        return self._postgres.start()

    def stop(self) -> None:
        if self._postgres is not None:
            self._postgres.stop()
            self._postgres.remove()
        shutil.rmtree(self.folder, ignore_errors=True)
        os.environ.pop(FOLDER_VARIABLE, None)
