"""Somebody else's program: a client generated from the schema alone does the whole main job."""

from __future__ import annotations

import importlib
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.pictures import real_pictures, signature_png
from tests.system import PROJECT, System, wait_for

PACKAGE = "style_license_client"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of the generated package, which can be imported while the tests here run."""
    folder = tmp_path_factory.mktemp("generated")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none"),
            *("--path", str(PROJECT / "docs" / "openapi.yaml"), "--fail-on-warning"),
            *("--output-path", str(folder / PACKAGE)),
        ],
        capture_output=True,
        text=True,
        # It has ruff put what it wrote in order.
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    sys.path.insert(0, str(folder))
    yield PACKAGE
    sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    running = System(tmp_path_factory.mktemp("system"), {})
    try:
        running.start()
        yield running
    finally:
        running.stop()


class Program:
    """A user's program: it signs in once to make itself a key, and uses that from then on."""

    def __init__(self, package: str, url: str, username: str) -> None:
        self._package = package
        client = self.of("").Client(base_url=url)
        request = self.of("models")
        with client:
            self.me = self._data(
                self.of("api.auth.auth_demo").sync_detailed(
                    client=client, body=request.DemoSignInRequest(username=username)
                )
            )
            browser = client.get_httpx_client()
            browser.headers["X-CSRFToken"] = browser.cookies["csrftoken"]
            scopes = [request.ScopeEnum(scope) for scope in ("read", "generate", "manage")]
            answer = self.of("api.keys.keys_create").sync_detailed(
                client=client,
                body=request.ApiKeyCreateRequest(name="generated", scopes=scopes),
            )
            secret = self._data(answer).secret
        self._client = self.of("").AuthenticatedClient(
            base_url=url, token=secret, prefix="Api-Key", timeout=httpx.Timeout(60)
        )

    def of(self, module: str) -> Any:
        """A module of the generated package."""
        return importlib.import_module(f"{self._package}.{module}".rstrip("."))

    def call(self, operation: str, *arguments: Any, **keywords: Any) -> Any:
        """The data that an operation such as ``tokens.balance`` answers with, as its own type."""
        group, _, name = operation.partition(".")
        module = self.of(f"api.{group}.{group}_{name}")
        return self._data(module.sync_detailed(*arguments, client=self._client, **keywords))

    def file(self, content: bytes, name: str) -> Any:
        return self.of("types").File(io.BytesIO(content), name, "image/png")

    @staticmethod
    def _data(answer: Any) -> Any:
        assert answer.status_code < 300, answer.content
        return answer.parsed.data


def test_a_generated_client_does_the_main_job(package: str, system: System) -> None:
    artist = Program(package, system.url, "ada")
    models = artist.of("models")
    became = artist.call(
        "users.become_artist",
        body=models.BecomeArtistRequest(
            artist_name="Ada Quill", signature_image=artist.file(signature_png(), "signature.png")
        ),
    )
    assert became.role == "artist"

    works = [artist.file(each, f"{n}.png") for n, each in enumerate(real_pictures(10))]
    style = artist.call(
        "models.create",
        body=models.StyleCreateRequest(name="Quill", price=7, tags="sea, night", images=works),
        idempotency_key="upload-1",
    )
    assert [tag.name for tag in style.tags] == ["sea", "night"]
    # The answer is read after the commit; the relay may have been faster.
    assert style.training_status.value in {"pending", "training"}
    ready = wait_for(
        lambda: _if_ended(artist.call("models.retrieve", style.id), "training_status"),
        seconds=90,
        what="the end of the training",
    )
    assert ready.is_ready, ready

    buyer = Program(package, system.url, "bo")
    assert buyer.me.token_balance == 100
    found = buyer.call("models.list", q="quill", tags="sea")
    assert [each.id for each in found.results] == [style.id]
    ordered = buyer.call(
        "images.generate",
        body=models.GenerateRequest(
            style_id=style.id,
            prompt_tags=["castle", "sea"],
            aspect_ratio=models.AspectRatioEnum("1:1"),
            seed=5,
        ),
        idempotency_key="order-1",
    )
    made = wait_for(
        lambda: _if_ended(buyer.call("images.status", ordered.generation_id), "status"),
        seconds=60,
        what="the end of the generation",
    )
    assert made.status.value == "completed", made
    with Image.open(io.BytesIO(httpx.get(made.image_url).content)) as image:
        assert (image.format, image.size) == ("PNG", (512, 512))
    assert buyer.call("tokens.balance").balance == 100 - ordered.cost
    assert artist.call("tokens.balance").earned == ordered.cost


def _if_ended(thing: Any, field: str) -> Any:
    return thing if getattr(thing, field).value in {"completed", "failed", "canceled"} else None
