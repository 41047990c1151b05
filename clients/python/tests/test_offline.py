"""What needs no network: names, webhooks, certificates, items, waiting, the package."""

from __future__ import annotations

import ast
import base64
import gzip
import importlib.util
import json
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import style_license
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey
from standardwebhooks.webhooks import Webhook
from style_license import (
    InvalidRequest,
    Item,
    NotProved,
    StyleLicenseError,
    Unreachable,
    certificates,
    cli,
    steps,
    webhooks,
)
from style_license.names import file_name
from style_license.operations import bodies_of

from app.models import Generation, Style
from app.services import archives
from tests.system import PROJECT

PACKAGE = PROJECT / "clients" / "python"
SECRETS = [f"whsec_{base64.b64encode(bytes([n]) * 32).decode()}" for n in (1, 2, 3)]
BODY = json.dumps({"type": "generation.completed", "data": {"generation_id": 42}}).encode()


# --- Names ----------------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(style=st.text(max_size=100), words=st.lists(st.text(max_size=50), min_size=1, max_size=20))
def test_files_are_named_as_the_site_names_its_downloads(style: str, words: list[str]) -> None:
    picture = Generation(prompt_tags=words, licence_number="SL-7Q2M-0XKD-4T9S")
    picture.style = Style(name=style)
    assert file_name(style, words, "SL-7Q2M-0XKD-4T9S") == archives.file_name(picture)


def test_a_name_is_short_enough_for_every_file_system() -> None:
    for words in ("水" * 100, "바다" * 50, "🂡𐍈" * 50, "a" * 100):
        name = file_name("風", [words], "SL-7Q2M-0XKD-4T9S")
        assert len(f".{name}.part".encode()) <= 255
        assert name.endswith("-SL-7Q2M-0XKD-4T9S.png")


def test_a_name_leads_out_of_no_folder() -> None:
    assert file_name("../../etc", ["/a\\b", "바다"], "SL-1") == "etc-ab-바다-SL-1.png"


# --- Webhooks -------------------------------------------------------------------------------------


def signed(body: bytes, *secrets: str, at: float | None = None) -> dict[str, str]:
    """Headers as the standard's own library signs them."""
    when = datetime.fromtimestamp(time.time() if at is None else at, UTC)
    marks = [Webhook(each).sign("msg_1", when, body.decode()) for each in secrets]
    return {
        "Webhook-Id": "msg_1",
        "Webhook-Timestamp": str(int(when.timestamp())),
        "Webhook-Signature": " ".join(marks),
    }


def test_a_webhook_is_verified_with_any_of_the_secrets() -> None:
    assert webhooks.verify(BODY, signed(BODY, SECRETS[0]), SECRETS[0]) == json.loads(BODY)
    both = signed(BODY, SECRETS[0], SECRETS[1])
    for known in (SECRETS[0], SECRETS[1], SECRETS[2:] + SECRETS[:1]):
        assert webhooks.verify(BODY, both, known)["type"] == "generation.completed"
    old = signed(BODY, SECRETS[0], at=time.time() - 400)
    assert webhooks.verify(BODY, old, SECRETS[0], tolerance=500)


def good() -> dict[str, str]:
    return signed(BODY, SECRETS[0])


# Signed when the test runs, not when it is collected: a whole suite lies between the two.
REFUSED: list[tuple[bytes, Callable[[], dict[str, str]], str]] = [
    (BODY + b" ", good, "Nobody"),
    (BODY, lambda: signed(BODY, SECRETS[1]), "Nobody"),
    (BODY, lambda: good() | {"Webhook-Id": "msg_2"}, "Nobody"),
    (BODY, lambda: good() | {"Webhook-Signature": "v1,é v2,x v1"}, "Nobody"),
    (BODY, lambda: good() | {"Webhook-Signature": ""}, "Nobody"),
    (BODY, lambda: good() | {"Webhook-Timestamp": "soon"}, "no number"),
    (BODY, lambda: signed(BODY, SECRETS[0], at=1_700_000_000), "too old"),
    (BODY, lambda: signed(BODY, SECRETS[0], at=4_000_000_000), "future"),
    (BODY, lambda: {"webhook-id": "msg_1"}, "missing"),
    (b"[]", lambda: signed(b"[]", SECRETS[0]), "no event"),
    (b"{", lambda: signed(b"{", SECRETS[0]), "no JSON"),
]


@pytest.mark.parametrize(("body", "headers", "said"), REFUSED)
def test_what_nobody_has_signed_is_refused(
    body: bytes, headers: Callable[[], dict[str, str]], said: str
) -> None:
    with pytest.raises(NotProved, match=said):
        webhooks.verify(body, headers(), SECRETS[0])


# --- Certificates ---------------------------------------------------------------------------------

KEY = ECKey.generate_key("P-256", {"kid": "a", "alg": "ES256", "use": "sig"})
KEYS = {"keys": [KEY.as_dict(private=False)]}
LIST = "https://styles.example.com/credentials/status/0"


def certificate(index: str = "9", **subject: Any) -> dict[str, Any]:
    return {
        "issuer": {"id": "https://styles.example.com"},
        "credentialSubject": {"number": "SL-1", "artist": "Ada", "style": "Quill", **subject},
        "credentialStatus": {"statusListCredential": LIST, "statusListIndex": index},
    }


def status_list(bits: bytes, address: str = LIST) -> dict[str, Any]:
    packed = base64.urlsafe_b64encode(gzip.compress(bits)).rstrip(b"=").decode()
    return {"id": address, "credentialSubject": {"encodedList": f"u{packed}"}}


def token(claims: object, key: ECKey = KEY, **header: str) -> str:
    headers = {"alg": "ES256", "kid": "a", "typ": "vc+jwt", **header}
    return jws.serialize_compact(headers, json.dumps(claims).encode(), key)


def test_a_certificate_holds_until_it_is_on_the_list() -> None:
    proved = certificates.read(token(certificate()), KEYS)
    assert (proved.number, proved.status_url) == ("SL-1", LIST)
    assert proved.holds(token(status_list(b"\x00\x00")), KEYS)
    assert not proved.holds(token(status_list(b"\x00\x40")), KEYS)
    for other in (status_list(b"\0\0", "https://styles.example.com/1"), status_list(b""), {}, []):
        with pytest.raises(NotProved):
            proved.holds(token(other), KEYS)


@pytest.mark.parametrize(
    "text",
    [
        token(certificate(), ECKey.generate_key("P-256", {"kid": "a"})),
        token(certificate(), typ="JWT"),
        token({"credentialSubject": {}}),
        token([]),
        token(certificate())[:-4] + "AAAA",
        "no.token",
        "",
    ],
)
def test_what_no_key_of_the_site_has_signed_is_no_certificate(text: str) -> None:
    with pytest.raises(NotProved):
        certificates.read(text, KEYS)


def test_a_file_that_is_no_certificate_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "castle.png"
    picture.write_bytes(b"\x89PNG")
    given = ["verify", str(picture), "--offline", "--certificate", str(picture)]
    assert cli.main([*given, "--url", "https://styles.example.com"]) == 1
    assert f"{picture} is no certificate." in capsys.readouterr().err


def test_the_example_says_the_same() -> None:
    """It stands alone, so that nobody has to believe our package; so the code is there twice."""
    path = PROJECT / "examples" / "verify_certificate.py"
    spec = importlib.util.spec_from_file_location("verify_certificate", path)
    assert spec is not None
    assert spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    keys = example.KeySet.import_key_set(KEYS)
    for bits in (b"\x00\x00", b"\x00\x40", b"\xff\xbf"):
        said = example.read(token(certificate()), keys)
        ours = certificates.read(token(certificate()), KEYS)
        assert said == ours.claims
        listed = token(status_list(bits))
        assert example.still_holds(said, example.read(listed, keys)) == ours.holds(listed, KEYS)


# --- Items ----------------------------------------------------------------------------------------


def test_large_counts_are_parted() -> None:
    bodies = _returned(bodies_of([Item(1, " a , b,", count=17)]), [])
    assert [body["count"] for body in bodies] == [8, 8, 1]
    assert bodies[0]["prompt_tags"] == ["a", "b"]
    # More than an order takes are enough for the site to say so.
    bodies = _returned(bodies_of([Item(1, "a", count=10**12)]), [])
    assert sum(body["count"] for body in bodies) == 501


# --- What is asked again --------------------------------------------------------------------------


pauses: list[float] = []


def _returned(step: Any, answers: list[Any]) -> Any:
    """What ``step`` returns when it gets ``answers``; ``pauses`` has those that it made."""
    pauses.clear()
    try:
        wanted = next(step)
        while True:
            if isinstance(wanted, steps.Pause):
                pauses.append(wanted.seconds)
                wanted = step.send(None)
                continue
            answer = answers.pop(0)
            is_error = isinstance(answer, Exception)
            wanted = step.throw(answer) if is_error else step.send(answer)
    except StopIteration as end:
        return end.value


GOOD = httpx.Response(200, json={"success": True, "data": 1})
READ, ORDER = steps.Call("GET", "/x"), steps.Call("POST", "/api/orders", key="k")
UNSAFE = steps.Call("POST", "/api/orders/1/cancel")


def refused(status: int, code: str = "", **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"error": {"code": code, "message": "No."}}, headers=headers)


@pytest.mark.parametrize("call", [READ, ORDER])
def test_what_is_harmless_is_asked_again(call: steps.Call) -> None:
    answers = [
        httpx.ReadTimeout("slow"),
        refused(503),
        refused(409, "REQUEST_IN_PROGRESS"),
        refused(429, **{"Retry-After": "9"}),
        GOOD,
    ]
    assert _returned(steps.ask(call), answers).data == 1
    assert pauses[3] == 9
    assert all(pause < 4 for pause in pauses[:3])


def test_what_may_have_an_effect_is_not() -> None:
    with pytest.raises(Unreachable):
        _returned(steps.ask(UNSAFE), [httpx.ReadTimeout("slow")])
    with pytest.raises(style_license.ServerProblem):
        _returned(steps.ask(UNSAFE), [refused(503)])
    # It was never sent.
    assert _returned(steps.ask(UNSAFE), [httpx.ConnectError("away"), GOOD]).data == 1


def test_it_ends() -> None:
    with pytest.raises(Unreachable):
        _returned(steps.ask(READ), [httpx.ConnectError("away")] * steps.ATTEMPTS)
    with pytest.raises(style_license.RateLimited):
        _returned(steps.ask(READ), [refused(429, "QUOTA_EXCEEDED")])
    with pytest.raises(style_license.RateLimited):
        _returned(steps.ask(READ), [refused(429, **{"Retry-After": "999"})])
    with pytest.raises(InvalidRequest):
        _returned(steps.ask(READ), [httpx.Response(418, text="tea")])
    with pytest.raises(StyleLicenseError, match="not Style License"):
        _returned(steps.ask(READ), [httpx.Response(200, text="<html>")])


# --- The package ----------------------------------------------------------------------------------


def test_it_needs_httpx_and_joserfc_alone() -> None:
    found = set()
    for path in (PACKAGE / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add((node.module or "").partition(".")[0])
    needed = found - set(sys.stdlib_module_names) - {"style_license"}
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text())["project"]
    assert needed == {"httpx", "joserfc"}
    assert needed == {name.partition(">")[0] for name in project["dependencies"]}


@pytest.mark.slow
def test_what_is_built_is_typed_and_has_no_tests(tmp_path: Path) -> None:
    """As setuptools builds it, which is fetched where Python brings none."""
    tools = tmp_path / "tools"
    if importlib.util.find_spec("setuptools") is None:
        pip = (sys.executable, "-m", "pip", "install", "--quiet", "--target", tools, "setuptools")
        subprocess.run(pip, check=True, timeout=120)
    built, info = tmp_path / "built", tmp_path / "info"
    info.mkdir()
    setup = "from setuptools import setup; setup()"
    command = ("egg_info", "--egg-base", info, "build", "--build-base", tmp_path / "base")
    done = subprocess.run(
        [sys.executable, "-c", setup, *command, "--build-lib", built],
        cwd=PACKAGE,
        env={"PYTHONPATH": str(tools), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    inside = {str(path.relative_to(built)) for path in built.rglob("*") if path.is_file()}
    own = {f"style_license/{path.name}" for path in PACKAGE.glob("src/style_license/*.*")}
    assert inside == own
    assert "style_license/py.typed" in inside
    metadata = (info / "style_license.egg-info" / "PKG-INFO").read_text()
    assert f"Version: {style_license.__version__}\n" in metadata
