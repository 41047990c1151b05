"""Each command that README, CONTRIBUTING and docs print is run by a test, as it is printed.

Some are run here, in a copy of the checkout, one after the other by the same shell that a reader
has. The others are run elsewhere: the table says where, or why nowhere.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

import httpx
import pytest

from devtools.servers.process import free_port
from tests.system import PROJECT, new_database

pytestmark = pytest.mark.slow

PAGES = sorted(
    page.relative_to(PROJECT)
    for page in (PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *PROJECT.glob("docs/**/*.md"))
)
PROGRAMS = r"(?:make|python3?|gunicorn|locust|pip|docker|aws|curl|psql|kubectl|\.venv/bin/\S+)"
DJANGO_COMMANDS = ("runserver", "migrate", "makemigrations", "test", "check", "collectstatic")

# Run here, in this order; the second is a word of what is printed then.
HERE = {
    "make": "make run",
    "make format": "unchanged",
    "python manage.py migrate": "Applying app.0001_initial... OK",
    "python manage.py makemigrations": "No changes detected",
    "python manage.py check": "no issues",
    "python manage.py spectacular --file docs/openapi.yaml": "",
    "python -m protocol.schema_files": "",
    "python manage.py jobs": "",
    ".venv/bin/python manage.py jobs": "",
    "python manage.py jobs --stuck": "",
    "python manage.py issue_licences": "0 were new",
    "python manage.py check_signatures": "0 artists were told.",
    "python manage.py restore_drill": "The ledger is right in the restored database.",
    ".venv/bin/python -m pytest app/tests/money/test_token_service.py -k refund": "passed",
}
# Where the others are run: a test, or (with a space in it) the reason why none can.
ELSEWHERE = {
    "make run": "tests/test_make_run.py",
    "make test": "it is what .ci/run runs, and this is part of it",
    "make test-diffusion": "it is what .ci/run runs after this",
    # What docs/gpu.md prints, and a GPU or a hub of models is needed for, or torch.
    "make run-diffusion": "devtools/tests/test_dev_children.py",
    "make bench-engine": "it needs torch, and measures for ten minutes",
    "make bench-engine DIFFUSION_LOCK=worker-diffusion-cuda.txt": "it needs a graphics card",
    "make static": "make test begins with it",
    # For the tests of production, which need what it collects; it compresses for 20 seconds.
    "python manage.py collectstatic": "tests/production/running.py",
    "make check": "it is a part of make test",
    "make coverage": "it is all of make test again, counting lines",
    "make faults": "tests/test_faults.py",
    "make containers": "tests/containers/__main__.py",
    "make mutate": "tests/test_mutate.py",
    "make upgrade FROM=881053c": "tests/upgrade.py",
    "make simulate SEED=1": "app/tests/orders/test_turns.py plays its scenes",
    "make run PAYMENT_GATEWAY=stripe-fake": "devtools/tests/test_dev_children.py",
    "make payments": "app/tests/payments/test_six_events.py has sixty of the orders",
    "make payments-live": "app/tests/payments/test_live.py",
    "make rights": "it takes two hours; provenance/tests/test_mark.py has its changes",
    "python -m benchmarks.verifying": "it fills a database with a million licences for six minutes",
    "make bench": "benchmarks/tests/test_bare.py",
    'make bench BENCH_ARGS="--stages write"': "benchmarks/tests/test_report.py",
    'make bench BENCH_ARGS="--sizes 1000 --seconds 1 --rounds 1 --out /tmp/performance.md"': (
        "benchmarks/tests/test_bare.py"
    ),
    "python -m benchmarks.soak": (
        "it takes half an hour; benchmarks/tests/test_report.py runs its parts"
    ),
    "make lock": "it takes whatever versions the package index has on that day",
    "pip install -r requirements/bench.txt": "make bench installs the same file",
    "locust -f benchmarks/locustfile.py": "tests/test_locust.py",
    "python -m serving": "tests/test_start.py",
    "gunicorn config.wsgi:application": "tests/test_start.py",
    "make restore-drill": "tests/test_printed_commands.py",
    "python -m worker": "tests/test_start.py",
    "python -m worker --broker stdio:": "worker/tests/test_feed_stdio.py",
    ".venv/bin/python examples/worker.py": "tests/test_try_a_worker.py",
    "python examples/check_books.py https://styles.example.com --known digests.json": (
        "app/tests/licences/test_check_books.py"
    ),
    "python manage.py runserver": "tests/test_printed_commands.py",
    "python manage.py dbshell": "devtools/tests/test_dbshell.py",
    "python manage.py test": "devtools/tests/test_runner.py",
    "python manage.py dead_letters list": "tests/test_relay.py",
    ".venv/bin/python manage.py dead_letters list": "tests/test_example_worker.py",
    "python manage.py dead_letters show ID": "tests/test_relay.py",
    "python manage.py dead_letters replay ID": "tests/test_relay.py",
    "aws s3 sync s3://style-license backup/files": "it is another program's",
}
# README's tour is run by tests/test_readme.py, what Docker runs by `make containers`.
TOURS = {"curl": "tests/test_readme.py", "docker": "tests/containers/document.py"}


def printed(text: str) -> list[str]:
    """The commands of a page: lines of its shell blocks, and what is between backticks."""
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    rest = re.sub(r"^ *```.*?^ *```", "", text, flags=re.MULTILINE | re.DOTALL)
    commands = []
    for line in [*lines, *(found.replace("\n", " ") for found in re.findall(r"`([^`]+)`", rest))]:
        command = re.sub(r"\s+#.*$", "", line.strip())
        if re.match(rf"{PROGRAMS}(?:\s|$)", command):
            commands += _parted(command)
    return commands


def _parted(command: str) -> list[str]:
    """``python manage.py a | b`` stands for one command each."""
    if command.startswith("python manage.py ") and " | " in command:
        names = command.removeprefix("python manage.py ").split(" | ")
        return [f"python manage.py {name}" for name in names]
    return [command]


def all_printed() -> set[str]:
    return {command for page in PAGES for command in printed((PROJECT / page).read_text())}


def test_every_command_that_is_printed_is_run_somewhere() -> None:
    known = HERE.keys() | ELSEWHERE.keys()
    assert [c for c in sorted(all_printed() - known) if c.split()[0] not in TOURS] == []


def test_no_command_is_run_that_nobody_prints() -> None:
    assert sorted((HERE.keys() | ELSEWHERE.keys()) - all_printed()) == []
    assert {f"python manage.py {name}" for name in DJANGO_COMMANDS} <= all_printed()


def test_the_tests_that_run_them_are_there() -> None:
    for place in [*ELSEWHERE.values(), *TOURS.values()]:
        assert " " in place or (PROJECT / place).exists(), place


def test_an_unknown_command_is_seen() -> None:
    page = "Text `make tea`.\n```sh\npython manage.py pour | drink   # slowly\nls\n```\n"
    assert printed(page) == ["python manage.py pour", "python manage.py drink", "make tea"]


@pytest.fixture(scope="module")
def checkout() -> Iterator[Path]:
    """What git knows, in a folder through which PostgreSQL's user may pass."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    with tempfile.TemporaryDirectory(prefix="style-license-checkout-") as made:
        folder = Path(made)
        folder.chmod(0o711)
        for name in filter(None, listed.stdout.split("\0")):
            if (PROJECT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(PROJECT / name, folder / name)
                shutil.copymode(PROJECT / name, folder / name)
        # Older than what was installed from them, so that make does not install them once more.
        for requirements in (folder / "requirements").iterdir():
            os.utime(requirements, (0, 0))
        (folder / ".venv").symlink_to(Path(sys.prefix))
        yield folder


@pytest.fixture(scope="module")
def shell(checkout: Path) -> dict[str, str]:
    """The environment of a reader who has followed the README."""
    return {
        "PATH": f"{checkout}/.venv/bin:{os.environ['PATH']}",
        "HOME": str(checkout),
        "DATA_DIR": str(checkout / ".data"),
    }


def test_the_commands_run_as_they_are_printed(checkout: Path, shell: dict[str, str]) -> None:
    for command, word in HERE.items():
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=checkout,
            env=shell,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        assert word in done.stdout + done.stderr, f"{command}\n{done.stdout}{done.stderr}"
    # What the repository holds is what they make.
    for made in ("docs/openapi.yaml", *(f"protocol/schemas/{n}" for n in _schemas())):
        assert (checkout / made).read_bytes() == (PROJECT / made).read_bytes(), made


@pytest.mark.parametrize(
    ("target", "command"),
    [
        ("run", "exec .venv/bin/python manage.py dev"),
        ("restore-drill", ".venv/bin/python manage.py restore_drill"),
        ("faults", ".venv/bin/python -m tests.faults"),
        ("mutate", ".venv/bin/python -m tests.mutate"),
        ("bench", ".venv/bin/python -m benchmarks.report"),
    ],
)
def test_make_runs_what_is_tested(
    checkout: Path, shell: dict[str, str], target: str, command: str
) -> None:
    recipe = subprocess.run(
        ["make", "--dry-run", target],
        cwd=checkout,
        env=shell,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert recipe.stdout.splitlines()[-1].strip() == command


def test_runserver_serves(checkout: Path, shell: dict[str, str]) -> None:
    port = free_port()
    environment = {**shell, "DATABASE_URL": new_database(), "DJANGO_ENV": "development"}
    process = subprocess.Popen(
        ["bash", "-c", f"exec python manage.py runserver {port}"],
        cwd=checkout,
        env=environment,
        start_new_session=True,
    )
    try:
        deadline = monotonic() + 60
        while monotonic() < deadline:
            try:
                answer = httpx.get(f"http://127.0.0.1:{port}/api/health", timeout=5)
                break
            except httpx.HTTPError:
                sleep(0.2)
        assert answer.json() == {"status": "ok", "database": "connected"}
    finally:
        os.killpg(process.pid, 15)
        process.wait(timeout=30)


def _schemas() -> list[str]:
    return sorted(path.name for path in (PROJECT / "protocol" / "schemas").iterdir())
