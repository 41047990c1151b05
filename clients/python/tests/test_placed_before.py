"""An order whose answer was lost, sent again by another run of the program, and what the command
says of orders that were not placed. The API answers in this very process."""

from __future__ import annotations

import errno
from pathlib import Path

import httpx
import pytest
from style_license import (
    Client,
    InvalidRequest,
    Item,
    KeyReused,
    OrderState,
    UnknownStyle,
    operations,
)
from test_own_pictures import Run, Within, buyer, client, key, run  # noqa: F401

from app.models import Order, Style
from app.services.licences import numbers
from app.tests.factories import StyleFactory
from tests.system import PROJECT

pytestmark = pytest.mark.django_db


@pytest.fixture
def style() -> Style:
    made: Style = StyleFactory(name="Wet Paper", price=10)
    return made


def test_another_run_finds_it_at_another_price_and_without_its_style(
    client: Client,  # noqa: F811
    style: Style,
) -> None:
    items = [Item(style.pk, "castle", count=2)]
    first = client.order(items, key="march")
    Style.objects.update(price=11)
    assert client.order(items, key="march").id == first.id
    Style.objects.update(is_active=False)
    assert client.order(items, key="march").id == first.id
    with pytest.raises(InvalidRequest) as refused:
        client.order(items, key="april")
    assert list(refused.value.fields) == ["items.0.style_id"]
    assert Order.objects.get().cost == 20


def test_a_key_of_another_order_is_said_so(
    client: Client,  # noqa: F811
    run: Run,  # noqa: F811
    style: Style,
) -> None:
    client.order([Item(style.pk, "castle")], key="march")
    with pytest.raises(KeyReused):
        client.order([Item(style.pk, "boat")], key="march")
    code, said = run("order", style.pk, "boat", "--key", "march")
    assert code == 1
    assert "`style-license status` lists your orders." in said
    assert Order.objects.count() == 1


def test_what_was_never_sent_was_not_placed(
    run: Run,  # noqa: F811
    client: Client,  # noqa: F811
    style: Style,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(UnknownStyle):
        client.generate("Nothing", "castle")
    code, said = run("order", "Nothing", "castle")
    assert (code, said.count("\n")) == (1, 1)
    assert said.startswith("There is no style “Nothing”.")
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    answer, lost = Within.handle_request, [""]

    def answered_or_lost(self: Within, request: httpx.Request) -> httpx.Response:
        answered = answer(self, request)
        if request.url.path == lost[0]:
            raise httpx.ReadTimeout("The answer is lost.")
        return answered

    monkeypatch.setattr(Within, "handle_request", answered_or_lost)
    for path, is_in_doubt in (("/api/quotes", False), ("/api/orders", True)):
        lost[:] = [path]
        code, said = run("order", style.pk, "castle")
        assert code == 3
        assert ("may have been placed" in said) == is_in_doubt, said
    assert Order.objects.count() == 1


def test_the_folder_is_looked_at_before_it_is_paid(
    run: Run,  # noqa: F811
    style: Style,
    tmp_path: Path,
) -> None:
    (tmp_path / "f").touch()
    for out in ("f", "f/g"):
        code, said = run("order", style.pk, "castle", "--out", out)
        assert (code, said.startswith(f"{out}: ")) == (1, True)
    assert not Order.objects.exists()


def test_what_cannot_be_saved_is_not_lost(
    run: Run,  # noqa: F811
    style: Style,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The disk is full, or the folder went meanwhile."""
    monkeypatch.setattr(OrderState, "is_ended", True)

    def full(*given: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "out")

    monkeypatch.setattr(operations, "saved_pictures", full)
    code, said = run("order", style.pk, "castle", "--out", "out")
    number = Order.objects.get().pk
    assert code == 1
    assert "out: No space left on device." in said
    assert f"style-license status {number} --wait --out out\n" in said


def test_a_refused_count_is_told_once(run: Run, style: Style) -> None:  # noqa: F811
    code, said = run("quote", style.pk, "castle", "--count", 0)
    assert code == 1
    assert said.count("items.0.count") == 1


def test_the_number_in_our_examples_can_be_one() -> None:
    for page in ("clients/python/README.md", "web/templates/web/verify.html", "docs/rights.md"):
        assert (PROJECT / page).read_text().count("SL-7Q2M-0XKD-4T9S")
    assert numbers.parse("SL-7Q2M-0XKD-4T9S")
