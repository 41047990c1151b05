"""A real Chromium that watches what a page does: errors, other hosts, accessibility."""

from __future__ import annotations

import io
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.base import AXE_SCRIPT
from django.utils import translation
from django.utils.translation import gettext
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from devtools.servers.packages import ensure_installed

PROJECT = Path(__file__).resolve().parent.parent
SCREENS = PROJECT / "docs" / "screens"
PHONE, DESKTOP = (390, 844), (1280, 900)
PATIENCE_MS = 30_000
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PROBLEMS = """async (contrast) => {
    const rules = contrast === "alone" ? { runOnly: ["color-contrast", "target-size"] }
        : contrast ? {} : { rules: { "color-contrast": { enabled: false } } };
    const { violations } = await axe.run({ resultTypes: ["violations"], ...rules });
    return violations.filter(({ impact }) => impact === "serious" || impact === "critical")
        .flatMap(({ id, nodes }) => nodes.map(
            ({ target, html }) => `${id}: ${target} ${html.slice(0, 120)}`));
}"""


def find_chromium() -> Path | None:
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    return Path(found) if found else None


def screens_are_wanted() -> bool:
    return os.environ.get("UPDATE_SCREENS") == "1"


@contextmanager
def chromium() -> Iterator[Browser]:
    program = ensure_installed("chromium", find_chromium)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Visitor:
    """Somebody at a browser of their own. ``complaints`` is what must stay empty."""

    browser: Browser
    url: str
    size: tuple[int, int] = DESKTOP
    scheme: str = "light"
    scripts: bool = True
    language: str = "en-GB"
    complaints: list[str] = field(default_factory=list)
    # Answers with these statuses are asked for, and no reason for the browser to complain.
    expected_statuses: set[int] = field(default_factory=set)
    # Where the payment provider is, if buyers go there.
    provider: str = ""

    def __post_init__(self) -> None:
        self.context: BrowserContext = self.browser.new_context(
            base_url=self.url,
            viewport={"width": self.size[0], "height": self.size[1]},
            color_scheme=self.scheme,  # type: ignore[arg-type]
            java_script_enabled=self.scripts,
            locale=self.language,
            has_touch=self.size == PHONE,
            reduced_motion="reduce",
        )
        self.context.set_default_timeout(PATIENCE_MS)
        self.page: Page = self.context.new_page()
        self.page.on("console", lambda message: self._note_console(message.type, message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        self.page.on("request", lambda request: self._note_request(request.url))
        self.page.on("dialog", lambda dialog: dialog.accept())

    def close(self) -> None:
        self.context.close()

    def visit(self, path: str) -> Page:
        self.page.goto(path)
        return self.page

    def say(self, text: str) -> str:
        """A text of the site in the visitor's language."""
        with translation.override(self.language.partition("-")[0]):
            return gettext(text)

    def sign_in(self, name: str) -> None:
        page = self.visit("/sign-in")
        page.get_by_label(self.say("Name")).fill(name)
        page.get_by_role("main").get_by_role("button", name=self.say("Sign in")).click()
        page.wait_for_url("**/")

    def use_session(self, key: str) -> None:
        """Go on as whose session this is, without the way through the sign-in."""
        self.context.add_cookies([{"name": "sessionid", "value": key, "url": self.url}])

    def press(self, name: str | re.Pattern[str], *, exact: bool = True) -> None:
        """Press a button or a link in the page's content."""
        main = self.page.get_by_role("main")
        if isinstance(name, str):
            button = main.get_by_role("button", name=name, exact=exact)
            link = main.get_by_role("link", name=name, exact=exact)
        else:
            button, link = (
                main.get_by_role("button", name=name),
                main.get_by_role("link", name=name),
            )
        button.or_(link).first.click()

    def choose_files(self, label: str, *files: tuple[str, bytes]) -> None:
        payloads: Any = [
            {"name": name, "mimeType": "image/png", "buffer": data} for name, data in files
        ]
        self.page.get_by_label(label).set_input_files(payloads)

    def look(self, size: tuple[int, int], scheme: str) -> None:
        """Go on in a window of this size, in this colour scheme."""
        self.page.set_viewport_size({"width": size[0], "height": size[1]})
        self.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]

    def accessibility_problems(self, contrast: bool | str = True) -> list[str]:
        """What axe finds serious or critical on the page. ``contrast``, which takes half of the
        time, can be left out (False), or be looked at with the size of targets "alone"."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE_SCRIPT)
        found: list[str] = self.page.evaluate(PROBLEMS, contrast)
        return found

    def overflow(self) -> int:
        """How many pixels the page is wider than the window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - innerWidth"))

    def screenshot(self, name: str) -> None:
        """Keep what is seen in docs/screens, when that is asked for with UPDATE_SCREENS=1."""
        if not screens_are_wanted():
            return
        self.page.wait_for_load_state("networkidle")
        SCREENS.mkdir(parents=True, exist_ok=True)
        width = "phone" if self.size == PHONE else "desktop"
        with Image.open(io.BytesIO(self.page.screenshot())) as shot:
            shot.convert("RGB").save(
                SCREENS / f"{name}-{width}-{self.scheme}.webp", quality=80, method=6
            )

    def _note_console(self, kind: str, text: str) -> None:
        statuses = "|".join(map(str, self.expected_statuses))
        if statuses and re.search(rf"status of ({statuses}) ", text):
            return
        if kind in {"error", "warning"}:
            self.complaints.append(f"console: {text}")

    def _note_request(self, url: str) -> None:
        parts = urlsplit(url)
        expected = {urlsplit(self.url).netloc, urlsplit(self.provider).netloc}
        if parts.scheme in {"http", "https"} and parts.netloc not in expected:
            self.complaints.append(f"another host: {url}")
