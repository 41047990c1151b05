"""Each import contract of pyproject.toml holds, and notices what it is there to notice."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).resolve().parent.parent
SETTINGS = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["importlinter"]
CONTRACTS = {contract["id"]: contract["name"] for contract in SETTINGS["contracts"]}


@dataclass(frozen=True)
class Violation:
    """An import that must not be, in the module where it would be."""

    contract: str
    module: str
    statement: str


VIOLATIONS = [
    Violation("layers", "app/http/throttling.py", "from app.views import tag"),
    Violation("layers", "app/delivery/outbox.py", "from app.services import token_service"),
    Violation("layers", "app/services/tag_service.py", "from app.delivery import relay"),
    Violation("speed-is-a-library", "speed/queries.py", "from app.models import Style"),
    Violation("speed-is-a-library", "speed/database/base.py", "from app.utils import clock"),
    Violation("speed-has-few-users", "app/admin.py", "from speed import queries"),
    Violation("speed-has-few-users", "app/utils/clock.py", "from speed import queries"),
    Violation("no-tools-in-the-product", "app/utils/clock.py", "import devtools.servers.process"),
    Violation("no-tools-in-the-product", "worker/settings.py", "import devtools"),
    Violation("nothing-needs-the-benchmarks", "tests/waits.py", "from benchmarks import load"),
    Violation("nothing-needs-the-benchmarks", "app/tests/large.py", "import benchmarks.cases"),
    Violation("no-http-in-the-domain", "app/delivery/outbox.py", "from app.http import errors"),
    Violation("layers", "app/models/token.py", "from app.services import token_service"),
    Violation("layers", "app/services/tag_service.py", "from app.views import tag"),
    Violation("layers", "app/services/tag_service.py", "from app.serializers import tag"),
    Violation("services", "app/services/storage.py", "from app.services import token_service"),
    Violation(
        "services", "app/services/token_service.py", "from app.services import generation_service"
    ),
    Violation(
        "no-http-in-the-domain", "app/services/tag_service.py", "from rest_framework import status"
    ),
    Violation("no-http-in-the-domain", "app/models/tagging.py", "import rest_framework.fields"),
    Violation("one-door-to-the-broker", "app/delivery/relay.py", "import pika"),
    Violation("one-door-to-payments", "app/services/payment_service.py", "import stripe"),
    Violation(
        "gateways-behind-services",
        "app/views/token.py",
        "from app.services.payments.gateways import stripe_client",
    ),
    Violation("worker-stands-alone", "worker/settings.py", "from app.services import storage"),
    Violation("worker-stands-alone", "protocol/messages.py", "import django"),
    Violation("site-beside-api", "web/urls.py", "from app.views import style"),
    Violation("pictures-are-a-library", "pictures/reading.py", "from app.services import storage"),
    Violation("pictures-are-a-library", "pictures/preview.py", "import django"),
    Violation("provenance-is-shared", "provenance/facts.py", "from app.models import Licence"),
    Violation("provenance-is-shared", "provenance/facts.py", "import worker.settings"),
    Violation("words-are-a-library", "words/understanding.py", "import numpy"),
    Violation("words-are-a-library", "words/names.py", "from worker.engines import scene"),
    Violation("nothing-knows-the-site", "app/services/storage.py", "import web.urls"),
    Violation("backend-without-worker", "app/services/jobs/attempts.py", "import worker"),
    Violation("torch-in-one-engine", "worker/engines/stylenet.py", "import torch"),
]


@dataclass(frozen=True)
class Said:
    """What lint-imports says: KEPT or BROKEN by the contract's name, and what breaks each."""

    verdicts: dict[str, str]
    sections: dict[str, str]


def rounds() -> Iterator[list[Violation]]:
    """All violations, in as few copies as there can be of one in each module and each contract."""
    left = VIOLATIONS
    while left:
        planted: list[Violation] = []
        for each in left:
            taken = {name for other in planted for name in (other.contract, other.module)}
            if not {each.contract, each.module} & taken:
                planted.append(each)
        yield planted
        left = [each for each in left if each not in planted]


def copy_to(folder: Path) -> Path:
    """The packages that the contracts are about, to be spoiled."""
    for package in SETTINGS["root_packages"]:
        shutil.copytree(
            PROJECT / package,
            folder / package,
            ignore=shutil.ignore_patterns("__pycache__", "node_modules", "static", "locale"),
        )
    shutil.copy(PROJECT / "pyproject.toml", folder)
    return folder


def lint(folder: Path) -> Said:
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
    )
    found = dict(re.findall(r"^(.+?) (KEPT|BROKEN)\b", done.stdout, flags=re.MULTILINE))
    assert done.returncode == (1 if "BROKEN" in found.values() else 0), done.stdout + done.stderr
    parts = re.split(r"^(.+)\n-+\n", done.stdout, flags=re.MULTILINE)
    return Said(found, dict(zip(parts[1::2], parts[2::2], strict=True)))


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[Violation, tuple[str, Said]]:
    """For each violation, the place of its line and what was said of its copy."""
    found = {}
    for planted in rounds():
        copy = copy_to(tmp_path_factory.mktemp("copy"))
        places = {}
        for each in planted:
            module = copy / each.module
            text = f"{module.read_text()}\n{each.statement}\n"
            module.write_text(text)
            name = each.module.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            places[each] = rf"\b{re.escape(name)} -> \S+ \(l\.{text.count(chr(10))}\)"
        answer = lint(copy)
        found |= {each: (place, answer) for each, place in places.items()}
    return found


def test_every_contract_holds_as_things_are(tmp_path: Path) -> None:
    assert lint(copy_to(tmp_path)).verdicts == dict.fromkeys(CONTRACTS.values(), "KEPT")


def test_every_contract_has_a_planted_violation() -> None:
    assert {violation.contract for violation in VIOLATIONS} == set(CONTRACTS)


@pytest.mark.parametrize("violation", VIOLATIONS, ids=lambda v: f"{v.module}: {v.statement}")
def test_a_planted_violation_breaks_its_contract(
    violation: Violation, said: dict[Violation, tuple[str, Said]]
) -> None:
    """And is named as what breaks it, among others in the same copy."""
    place, answer = said[violation]
    contract = CONTRACTS[violation.contract]
    assert answer.verdicts[contract] == "BROKEN"
    assert re.search(place, answer.sections[contract]), answer.sections[contract]
