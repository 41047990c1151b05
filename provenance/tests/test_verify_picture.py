"""``examples/verify_picture.py`` says off-line what holds of a picture."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from provenance import certificates
from provenance.tests.signing import FACTS, anchors, signed, written
from provenance.tests.signing import drawn as painted

PROGRAM = Path(__file__).resolve().parents[2] / "examples" / "verify_picture.py"

pytestmark = pytest.mark.slow


def check(folder: Path, content: bytes, root: str) -> tuple[int, str]:
    (folder / "picture").write_bytes(content)
    (folder / "root.pem").write_text(root)
    command = [sys.executable, PROGRAM, "picture", "root.pem"]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_what_was_signed_holds(tmp_path: Path, kind: str) -> None:
    code, said = check(tmp_path, signed(kind), anchors())
    assert (code, "as it was signed, by a certificate of this root" in said) == (0, True)
    assert FACTS.number in said


def test_what_was_changed_or_stripped_or_signed_by_others_does_not(tmp_path: Path) -> None:
    certificates.make(tmp_path / "others")
    stranger = certificates.anchors(tmp_path / "others")
    for content, root, sentence in (
        (signed() + b"\0", anchors(), "it was changed"),
        (written(painted(), "PNG"), anchors(), "no signed metadata"),
        (signed(), stranger, "somebody else than this root"),
        (b"GIF89a", anchors(), "no PNG, JPEG or WebP"),
        # Not of the picture: somebody has named another file.
        (signed(), '{"keys": []}', "root.pem has no certificate"),
    ):
        code, said = check(tmp_path, content, root)
        assert (code, sentence in said) == (1, True), said
        assert FACTS.number not in said
