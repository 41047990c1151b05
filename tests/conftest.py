"""A browser for the tests of the whole site, and a system that they can share."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser import Visitor, chromium
from tests.system import System, running

Visit = Callable[..., Visitor]


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running(System(tmp_path_factory.mktemp("site"), {})) as system:
        yield system


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def visit(browser: Browser, system: System) -> Iterator[Visit]:
    """Makes visitors; at the end none of them may have seen anything to complain of."""
    visitors: list[Visitor] = []

    def arrive(**wishes: object) -> Visitor:
        visitor = Visitor(browser, system.url, **wishes)  # type: ignore[arg-type]
        visitors.append(visitor)
        return visitor

    yield arrive
    for visitor in visitors:
        visitor.close()
    assert [complaint for visitor in visitors for complaint in visitor.complaints] == []
