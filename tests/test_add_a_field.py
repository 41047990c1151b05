"""CONTRIBUTING's "Add a field to a picture" is done as it is printed, in a copy of the tree.

At most three files change, and then the field is wherever a picture is shown.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from subprocess import CompletedProcess
from urllib.parse import urlsplit

import pytest

from tests.system import PROJECT, database_with_tables
from tests.tracked import copy_tracked

pytestmark = pytest.mark.slow

SECTION = "## Add a field to a picture\n"
MODEL, READ = "app/models/generation.py", "app/models/reads/picture.py"
# What has to be true of the new field, asked in the copy.
CHECKS = """
import pytest
import yaml
from django.core.management import call_command
from django.test import Client

from app.models import Generation
from app.tests.api import Api
from app.tests.factories import PublicPictureFactory

pytestmark = pytest.mark.django_db
TITLE = "Sea & sand"


@pytest.fixture
def picture():
    made = PublicPictureFactory()
    Generation.objects.filter(pk=made.pk).update(title=TITLE)
    return made


def test_no_migration_is_missing():
    call_command("makemigrations", check=True, dry_run=True)


def test_the_feed_has_it(picture):
    (shown,) = Api().get("/api/community/feed").results
    assert shown["title"] == TITLE
    assert list(shown)[list(shown).index("description") + 1] == "title"


def test_the_picture_by_itself_has_it(picture):
    assert Api().get(f"/api/images/{picture.pk}").data["title"] == TITLE


def test_ones_own_pictures_have_it(picture):
    (shown,) = Api(picture.user).get("/api/images/mine").results
    assert shown["title"] == TITLE


def test_the_schema_has_it(tmp_path):
    call_command("spectacular", file=str(tmp_path / "s.yaml"), fail_on_warn=True, validate=True)
    schemas = yaml.safe_load((tmp_path / "s.yaml").read_text())["components"]["schemas"]
    for name in ("Picture", "PictureDetail"):
        assert schemas[name]["properties"]["title"] == {"type": "string"}
        assert "title" in schemas[name]["required"]


@pytest.mark.parametrize("path", ["/", "/styles/{style_id}", "/users/{user_id}"])
def test_the_sites_card_has_it_escaped(picture, path):
    place = path.format(style_id=picture.style_id, user_id=picture.user_id)
    page = Client().get(place).content.decode()
    assert '<div class="caption">Sea &amp; sand</div>' in page


def test_an_empty_one_is_not_printed():
    PublicPictureFactory()
    assert "caption" not in Client().get("/").content.decode()
"""


def diffs() -> list[str]:
    section = (PROJECT / "CONTRIBUTING.md").read_text().partition(SECTION)[2].partition("\n## ")[0]
    return re.findall(r"```diff\n(.*?)```", section, flags=re.DOTALL)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The tree as git would give it to somebody, with what was changed since."""
    copy_tracked(PROJECT, tmp_path)
    return tmp_path


def run(tree: Path, *command: str, given: str = "", **more: str) -> CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=tree,
        env={**os.environ, **more},
        input=given,
        capture_output=True,
        text=True,
        timeout=240,
    )


def apply(tree: Path, diff: str) -> None:
    done = run(tree, "git", "apply", "--recount", "-", given=diff)
    assert done.returncode == 0, done.stderr


def make_migration(tree: Path) -> None:
    done = run(tree, sys.executable, "manage.py", "makemigrations")
    assert done.returncode == 0, done.stderr


def check(tree: Path, database: str, *more: str) -> CompletedProcess[str]:
    """Run CHECKS, and what is there already of ``more``, in ``tree``.

    Its test database has the tables of before: what is new in the copy is added to them.
    """
    (tree / "app" / "tests" / "test_new_field.py").write_text(CHECKS)
    pytest_ = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--reuse-db")
    return run(tree, *pytest_, "app/tests/test_new_field.py", *more, DATABASE_URL=database)


def changed(tree: Path) -> set[str]:
    """The files that differ from ours, or are new."""
    names = {
        str(path.relative_to(tree))
        for path in tree.rglob("*")
        if path.is_file() and not {"__pycache__", ".git", ".data"} & set(path.parts)
    }
    return {
        name
        for name in names
        if not (PROJECT / name).is_file()
        or (PROJECT / name).read_bytes() != (tree / name).read_bytes()
    }


def test_a_field_takes_three_files_and_is_shown_everywhere(tree: Path) -> None:
    assert changed(tree) == set()
    model, read = diffs()
    apply(tree, model)
    make_migration(tree)
    database = database_with_tables()
    database_with_tables(name=f"test_{urlsplit(database).path.removeprefix('/')}")

    # The checks can fail: the model alone shows nothing.
    assert "7 failed, 2 passed" in check(tree, database).stdout

    apply(tree, read)
    files = changed(tree) - {"app/tests/test_new_field.py"}
    assert len(files) <= 3, files
    (migration,) = files - {MODEL, READ}
    assert re.fullmatch(r"app/migrations/\d{4}_generation_title\.py", migration)
    more = ("app/tests/speed/test_hot_reads.py", "app/tests/orders/test_writes.py")
    done = check(tree, database, *more)
    assert done.returncode == 0, done.stdout + done.stderr
