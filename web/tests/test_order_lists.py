"""Ordering several pictures on the site: a few of the same words, and a list."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.test.utils import CaptureQueriesContext

from app.exceptions import StyleOnHold
from app.models import Generation, Order, Style, Transaction, User
from app.models.generation import MAX_SEED
from app.services import storage
from app.tests.api import Api
from app.tests.factories import StyleFactory
from app.tests.ordering import report
from web.forms.order_list import lines_of
from web.tests.test_orders import key_of

THIRTY = "\n".join(f"castle, cloud {n}" for n in range(30))


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, name
    return found[1]


class Listing:
    """A buyer at the page of a list."""

    def __init__(self, client: Any, style: Style) -> None:
        self.client, self.path = client, f"/styles/{style.pk}/list"

    def look(self, lines: str, **more: str) -> Any:
        return self.client.post(
            self.path, {"lines": lines, "aspect_ratio": "1:1", "count": "1", **more}
        )

    def order(self, shown: Any, lines: str, **more: str) -> Any:
        page = shown.content.decode()
        seen = {"quote": hidden(page, "quote"), "key": key_of(page)}
        return self.look(lines, order="1", **seen, **more)


@pytest.fixture
def listing(buyer: User, style: Style, signed_in: Any) -> Listing:
    return Listing(signed_in(buyer), style)


# --- A few ----------------------------------------------------------------------------------------


def test_a_few_pictures_are_one_order_with_seeds_of_their_own(
    buyer: User, style: Style, signed_in: Any
) -> None:
    client = signed_in(buyer)
    page = client.get(f"/styles/{style.pk}").content.decode()
    form = {"words": "sea", "aspect_ratio": "1:2", "count": "3", "price": "10", "key": key_of(page)}
    first = client.post(f"/styles/{style.pk}/make", form)
    again = client.post(f"/styles/{style.pk}/make", form)
    order = Order.objects.get()
    assert first["Location"] == again["Location"] == f"/orders/{order.pk}"
    assert order.cost == 36
    assert len(set(order.items.values_list("seed", flat=True))) == 3
    buyer.refresh_from_db()
    assert buyer.token_balance == 1000 - 36


def test_with_a_seed_the_others_take_those_that_follow(
    buyer: User, style: Style, signed_in: Any
) -> None:
    form = {"words": "sea", "aspect_ratio": "1:1", "count": "2", "seed": str(MAX_SEED)}
    signed_in(buyer).post(f"/styles/{style.pk}/make", form)
    assert list(Generation.objects.order_by("pk").values_list("seed", flat=True)) == [MAX_SEED, 0]


@pytest.mark.parametrize("count", ["0", "5", "two"])
def test_how_many_is_one_to_four(buyer: User, style: Style, signed_in: Any, count: str) -> None:
    form = {"words": "sea", "aspect_ratio": "1:1", "count": count}
    answer = signed_in(buyer).post(f"/styles/{style.pk}/make", form)
    assert answer.status_code == 400
    assert Generation.objects.count() == 0


def test_several_at_another_price_are_not_ordered(
    buyer: User, style: Style, signed_in: Any
) -> None:
    form = {"words": "sea", "aspect_ratio": "1:1", "count": "2", "price": "9"}
    answer = signed_in(buyer).post(f"/styles/{style.pk}/make", form)
    assert answer.status_code == 409
    assert "this costs 20 tokens now, not 18" in answer.content.decode()
    assert Generation.objects.count() == 0


# --- A list ---------------------------------------------------------------------------------------


def test_a_list_is_priced_then_ordered_once(listing: Listing, buyer: User) -> None:
    shown = listing.look(THIRTY)
    page = shown.content.decode()
    assert "30 pictures for 300 tokens" in page
    assert "700 will be left" in page
    assert Generation.objects.count() == 0
    first, again = (listing.order(shown, THIRTY) for _ in range(2))
    order = Order.objects.get()
    assert first["Location"] == again["Location"] == f"/orders/{order.pk}"
    assert order.item_count == 30
    assert Transaction.objects.filter(type="consume").count() == 1
    buyer.refresh_from_db()
    assert buyer.token_balance == 700


def test_nothing_is_ordered_that_was_not_priced(listing: Listing) -> None:
    shown = listing.look("sea\nboat")
    without = listing.look("sea", order="1")
    assert "1 picture for 10 tokens" in without.content.decode()
    other = listing.order(shown, "sea\nboat\ncastle")
    assert other.status_code == 409
    page = other.content.decode()
    assert "The list was changed after its price was shown." in page
    assert "3 pictures for 30 tokens" in page
    assert Generation.objects.count() == 0
    assert listing.order(other, "sea\nboat\ncastle").status_code == 302
    assert Generation.objects.count() == 3


def test_a_price_that_changes_meanwhile_is_shown_anew(listing: Listing, style: Style) -> None:
    shown = listing.look("sea\nboat")
    Style.objects.filter(pk=style.pk).update(price=11)
    answer = listing.order(shown, "sea\nboat")
    assert answer.status_code == 409
    assert "2 pictures for 22 tokens" in answer.content.decode()
    assert Order.objects.count() == 0


def test_what_is_missing_is_said_and_cannot_be_ordered(listing: Listing, buyer: User) -> None:
    User.objects.filter(pk=buyer.pk).update(token_balance=15)
    shown = listing.look("sea\nboat")
    page = shown.content.decode()
    assert "You have 15 tokens: 5 tokens are missing." in page
    assert 'name="order"' not in page
    assert listing.order(shown, "sea\nboat").status_code == 409
    assert Order.objects.count() == 0


def test_a_table_says_style_format_seed_and_count(
    listing: Listing, style: Style, buyer: User
) -> None:
    other = StyleFactory(name="Other Ink", price=20)
    table = (
        "Words\tFormat\tSeed\tCount\tStyle\n"
        "sea, boat\t1:2\t\t2\t\n"
        f'"cat, moon"\t\t7\t\tother ink\n'
        f"hill\t\t\t\t{other.pk}\n"
    )
    shown = listing.look(table, count="3")
    assert "6 pictures for 104 tokens" in shown.content.decode()
    assert listing.order(shown, table, count="3").status_code == 302
    made = Generation.objects.order_by("pk").values_list(
        "style_id", "prompt_tags", "aspect_ratio", "cost"
    )
    assert list(made) == [
        *[(style.pk, ["sea", "boat"], "1:2", 12)] * 2,
        (other.pk, ["cat", "moon"], "1:1", 20),
        *[(other.pk, ["hill"], "1:1", 20)] * 3,
    ]
    assert Generation.objects.filter(style=other, seed=7).count() == 1


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("words,seed\nsea,minus one", "Line 2: Seed is “minus one”"),
        ("words,seed\nsea,99999999999999999999999", "Line 2: Seed is"),
        ("words,count\nsea,9", "Line 2: How many is “9”"),
        ("words,count,seed\nsea,2,5", "Line 2: With a seed it is one picture"),
        ("words,style\nsea,Nowhere", "Line 2: No style on offer is called “Nowhere”."),
        ("words;format\nsea;7:7", "Line 2: “7:7” is no format of this style. It has 512 × 512,"),
        ("words,count\nsea,boat,2", "Line 2: This line has 3 cells, and the table has 2 columns."),
        ("Words,Count,Notes\nsea,2,hello", "Line 1: No column is called “notes”."),
        ("words\tNotes\nsea\thello", "Line 1: No column is called “notes”."),
        ("words,prompt\nsea,boat", "Line 1: The column “words” is there twice."),
        ('words,count\nsea,1\n"boat,1\nmoon,1', "Line 3: A cell begins with a quotation mark"),
        ('words,count\n"sea\nboat",1\nmoon,9', "Line 4: How many is “9”"),
        ("sea\n\n# a remark\n" + "x" * 51, "Line 4: Use letters"),
        (", ".join(f"w{n}" for n in range(21)), "Line 1: At most 20"),
        (" , ,", "Line 1: Describe in a word"),
        ("# only a remark", "There is no prompt in this list."),
        ("\n".join(["sea"] * 501), "These are 501 lines. An order has at most 500 pictures."),
        ("words,count\n" + "sea,8\n" * 63, "These are 504 pictures. An order has at most 500."),
        ("", "This field is required."),
        ("sea\x00", "Null characters are not allowed."),
        ("<script>alert(1)</script>\n" + "y" * 51, "Line 2"),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_ordered(
    listing: Listing, line: str, said: str
) -> None:
    answer = listing.look(line)
    assert answer.status_code == 400
    page = answer.content.decode()
    assert said in page
    assert "<script>alert" not in page
    assert 'name="order"' not in page


def test_a_format_is_named_as_the_site_shows_it(listing: Listing) -> None:
    table = "words\tformat\nsea\t512 × 1024\nmoon\t1024x512\nboat\t1:2"
    shown = listing.look(table)
    assert "<td>1024 × 512</td>" in shown.content.decode()
    assert listing.order(shown, table).status_code == 302
    made = Generation.objects.order_by("pk").values_list("aspect_ratio", flat=True)
    assert list(made) == ["1:2", "2:1", "1:2"]


def test_a_list_that_is_too_long_looks_no_style_up(listing: Listing, style: Style) -> None:
    few = "words,style\n" + f"sea,{style.name.upper()}\n" * 30
    assert listing.look(few).status_code == 200
    with CaptureQueriesContext(connection) as asked:
        many = "words,style\n" + "".join(f"a,n{n}\n" for n in range(9_000))
        assert listing.look(many).status_code == 400
    assert not [each["sql"] for each in asked if "n8999" in each["sql"].lower()]


def test_a_line_with_a_refused_word_is_named_and_the_list_stays(listing: Listing) -> None:
    lines = "sea\n# a remark\nboat, porn\nmoon\nporn"
    shown = listing.look("sea")
    answers = [listing.look(lines), listing.order(shown, lines)]
    assert [answer.status_code for answer in answers] == [409, 409]
    for answer in answers:
        page = answer.content.decode()
        assert "Line 3: Nothing pornographic is made here: porn." in page
        assert "Line 5: Nothing pornographic is made here: porn." in page
        assert "Line 1:" not in page
        assert "boat, porn\nmoon" in page
        assert page.count("Nothing pornographic") == 2
    assert not Order.objects.exists()


def test_what_is_wrong_with_no_single_line_is_said_once(
    listing: Listing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def on_hold(*_: Any, **__: Any) -> None:
        raise StyleOnHold

    monkeypatch.setattr("web.views.orders.quotes.quote", on_hold)
    answer = listing.look("sea")
    assert answer.status_code == 409
    assert answer.content.decode().count("Our staff is looking into a report") == 1
    assert ">sea</textarea>" in re.sub(r">\s+", ">", answer.content.decode())


def test_a_withdrawn_style_is_named_by_its_line(listing: Listing, style: Style) -> None:
    other = StyleFactory(name="Leaving")
    Style.objects.filter(pk=style.pk).update(is_active=False)
    table = f"words,style\nsea,{other.pk}"
    assert listing.look(table).status_code == 404
    Style.objects.filter(pk=style.pk).update(is_active=True)
    shown = listing.look(table)
    Style.objects.filter(pk=other.pk).update(is_active=False)
    assert listing.order(shown, table).status_code == 400
    assert Order.objects.count() == 0


def test_who_is_signed_out_signs_in_first_and_keeps_the_list(client: Any, style: Style) -> None:
    answer = client.post(f"/styles/{style.pk}/list", {"lines": THIRTY, "aspect_ratio": "1:1"})
    assert answer.status_code == 302
    assert "/sign-in" in answer["Location"]
    assert "kept" in answer.cookies


def test_a_high_priority_costs_what_is_shown(listing: Listing, buyer: User) -> None:
    shown = listing.look("sea", priority="high")
    assert "1 picture for 15 tokens" in shown.content.decode()
    # The price was shown for another priority.
    assert "The priority was changed after" in listing.order(shown, "sea").content.decode()
    assert not Order.objects.exists()
    assert listing.order(listing.look("sea", priority="high"), "sea", priority="high")["Location"]
    assert Order.objects.get().cost == 15


def test_a_deadline_is_said_and_kept(listing: Listing) -> None:
    shown = listing.look("sea", within="4")
    assert "They are expected in a minute." in shown.content.decode()
    listing.order(shown, "sea", within="4")
    order = Order.objects.get()
    assert order.deadline is not None
    assert 3.9 < (order.deadline - order.created_at).total_seconds() / 3600 < 4.1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sea\nboat, moon\n", ["sea", "boat, moon"]),
        ("\ufeffsea", ["sea"]),
        ("단어\t장수\n바다\t2", ["바다"]),
        ("words\nsea, boat\nmoon\n", ["sea, boat", "moon"]),
        ("count,words\n2,sea, boat,\n", ["sea, boat"]),
        ('words,count\n"sea\nboat",2\nmoon,1\n', ["sea, boat", "moon"]),
        ("# mine\nwords,count,,\nsea,1,,\n# a remark,1\nmoon,1", ["sea", "moon"]),
        ('words\n"sea, boat"\n', ["sea, boat"]),
        ("prompt;number\nsea, boat;2", ["sea, boat"]),
        ("words, of wisdom\nsea", ["words, of wisdom", "sea"]),
        ("", []),
    ],
)
def test_what_is_a_table_and_what_is_not(text: str, words: list[str]) -> None:
    assert [line.words for line in lines_of(text)] == words


# --- The page of an order -------------------------------------------------------------------------


def test_an_order_is_seen_by_its_buyer_alone(listing: Listing, signed_in: Any, client: Any) -> None:
    shown = listing.look("sea\nboat")
    path = listing.order(shown, "sea\nboat")["Location"]
    page = listing.client.get(path).content.decode()
    assert "0 of 2 done." in page
    assert page.count('class="piece') == 2
    assert "2 pictures" in listing.client.get("/orders").content.decode() or "0 of 2" in (
        listing.client.get("/orders").content.decode()
    )
    stranger = signed_in(User.objects.create(username="stranger", email="s@example.com"))
    for each in (path, f"{path}/progress"):
        assert stranger.get(each).status_code == 404
        assert "/sign-in" in client.get(each)["Location"]
    assert stranger.post(f"{path}/cancel").status_code == 404


def test_what_waits_is_canceled_and_refunded(listing: Listing, buyer: User) -> None:
    path = listing.order(listing.look("sea\nboat"), "sea\nboat")["Location"]
    Generation.objects.filter(pk=Generation.objects.order_by("pk").first().pk).update(
        status="processing"
    )
    answer = listing.client.post(f"{path}/cancel", follow=True)
    page = answer.content.decode()
    assert "10 tokens were refunded." in page
    assert "1 of 2 done." in page
    buyer.refresh_from_db()
    assert buyer.token_balance == 990


def test_all_finished_pictures_come_in_one_zip(
    listing: Listing, buyer: User, signed_in: Any
) -> None:
    path = listing.order(listing.look("sea\nboat\nmoon"), "sea\nboat\nmoon")["Location"]
    assert "pictures.zip" not in listing.client.get(path).content.decode()
    worker = Api(authorization="Bearer development-internal-token")
    first, second, third = Generation.objects.order_by("pk")
    for picture in (first, second):
        assert report(worker, picture, "completed").status == 200
    assert report(worker, third, "failed").status == 200
    Style.objects.filter(pk=first.style_id).update(name="=2+3 ../Ink")
    first.refresh_from_db()
    default_storage.delete(second.image_path or Generation.objects.get(pk=second.pk).image_path)
    assert f"{path}/pictures.zip" in listing.client.get(path).content.decode()

    answer = listing.client.get(f"{path}/pictures.zip")
    assert answer["Content-Disposition"] == f'attachment; filename="order-{first.order_id}.zip"'
    packed = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    assert packed.testzip() is None
    numbers = [first.licence_number, Generation.objects.get(pk=second.pk).licence_number]
    name = f"23-ink-sea-{numbers[0]}.png"
    assert packed.namelist() == [
        name,
        *(f"certificates/{number}.jwt" for number in numbers),
        "manifest.csv",
    ]
    with storage.open_file(first.image_path) as file:
        assert packed.read(name) == file.read()
    table = packed.read("manifest.csv").decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(table)))
    assert [(row["file"], row["words"], row["tokens"]) for row in rows] == [
        (name, "sea", "10"),
        ("", "boat", "10"),
    ]
    # No spreadsheet may take a name for a formula.
    assert rows[0]["style"] == "'=2+3 ../Ink"
    stranger = signed_in(User.objects.create(username="stranger", email="s@example.com"))
    assert stranger.get(f"{path}/pictures.zip").status_code == 404
