"""What hot requests make the database read, in a large marketplace: what they need, by an index.

No clock and no estimate is asked: rows are counted by the server as it runs the statements.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any
from urllib.parse import parse_qsl

import pytest
from django.core.cache import cache
from django.db import connection

from app.delivery import outbox
from app.models import Generation, GenerationStatus, OutboxMessage, User
from app.models.outbox import FIRST_DUE
from app.services.jobs import lease_service
from app.services.uploads import check_service
from app.tests import large
from app.tests.api import Answer, Api
from app.tests.large import ARTIST, BUYER, FAN, PICTURE
from app.tests.plans import Bounds, Plan, big_tables, plans_of
from app.utils import clock
from speed.database.base import SLOW_SECONDS

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

# After five plans for the values at hand, the server may go over to one plan for all values.
REQUESTS = 7
# The plan's mark for one statement.
SLOW_MILLISECONDS = 1000 * SLOW_SECONDS
# Twenty rows and one more, each with two or three others of the same table.
PAGE = Bounds()
# Five tags a style.
STYLES = Bounds(tables={"app_tag": 150, "app_styletag": 150})
# A count or sum over what one person has, from an index alone. All pictures would be 20 000.
# A quote counts what workers have in hand: 300 pictures here, each of a style.
QUEUED = Bounds(tables={"app_generation": 300, "app_style": 300})
OWN = Bounds(entries=5_500, tables={"app_style": 200})
# A tag's styles are sorted when they are asked for by it: 3 700 of the 11 000.
TAGGED = Bounds(rows=4_000, entries=12_000, to_sort=4_000, tables={"app_styletag": 12_000})
FOUND = Bounds(tables={"app_tag": 150, "app_styletag": 150, "app_style": 150})

# Of a collection, its own pictures are looked at and not all of their buyer's: a small one is
# sorted, of a large one the page is cut from the newest on.
COLLECTED = Bounds(entries=64)
# Their list counts what is in each: 2 500 pictures of the buyer's.
COUNTED_IN = Bounds(entries=2_600)

# Of each word, five hundred entries are counted.
COUNTED = Bounds(entries=1_200)

# Two hundred names with each of up to three words, a hundred popular ones with their tags; for two
# words the thousand hottest pictures of each.
SEARCHED = Bounds(
    rows=64,
    entries=6_500,
    to_sort=2_500,
    tables={
        **dict.fromkeys(("app_tag", "app_styletag", "app_style"), 1_000),
        **dict.fromkeys(("app_artist", "app_user"), 12_200),
    },
    whole=frozenset({"app_artist", "app_user"}),
)
# A popular word, a rare one, two words, British, Korean, signs, slips, names, nothing.
SEARCHES = (
    *("sea", "tag7", "sea+tag7", "sea+sunset", "watercolor", "여우", "()", "sae", "artist+17"),
    *("user33", "style", "more", "rare", "common+sea", "artsit", "nowhere", "a", "qxzjv"),
    *("halden", "painter100017", "haldne", "more+of+c4", "painted", "painted+light+c4f1", "as"),
)
FILTERS = (f"artist_id={ARTIST}", "style_id=20", "aspect_ratio=1:1", "tag=sea", "tag=tag7")

ANYONE = 0
ORDER = {"style_id": 20, "prompt_tags": ["sea", "common"], "aspect_ratio": "1:1"}
NUMBERS = count(1)


@dataclass(frozen=True)
class Case:
    """A request of somebody; ``{deep}`` in its path is a cursor from far down the list. A ``body``
    may be a function, which is asked each time."""

    who: int
    request: str
    bounds: Bounds = PAGE
    body: Any = None

    def __str__(self) -> str:
        names = {ANYONE: "anyone", BUYER: "buyer", FAN: "fan", ARTIST: "artist"}
        return f"{names[self.who]}: {self.request}"


def of_each(request: str, bounds: Bounds = PAGE) -> list[Case]:
    return [Case(who, request, bounds) for who in (ANYONE, BUYER, ARTIST)]


CASES = [
    *of_each("GET /api/community/feed"),
    *of_each("GET /api/community/feed?{deep}"),
    Case(BUYER, "GET /api/community/feed?following=true"),
    Case(FAN, "GET /api/community/feed?following=true"),
    *of_each("GET /api/community/feed?sort=popular"),
    *of_each("GET /api/community/feed?sort=popular&{deep}"),
    *(
        Case(who, f"GET /api/community/feed?{narrowed}{order}")
        for narrowed in FILTERS
        for who, order in ((ANYONE, ""), (BUYER, "&sort=popular"))
    ),
    *of_each("GET /api/community/feed?tag=sea&{deep}"),
    *of_each("GET /api/community/feed?aspect_ratio=1:1&sort=popular&{deep}"),
    Case(FAN, "GET /api/community/feed?following=true&sort=popular"),
    *(Case(ANYONE, f"GET /api/search?q={text}", SEARCHED) for text in SEARCHES),
    Case(BUYER, "GET /api/search?q=sea&limit=20", SEARCHED),
    *of_each("GET /api/models", STYLES),
    *of_each("GET /api/models?{deep}", STYLES),
    *of_each("GET /api/models?sort=popular", STYLES),
    *of_each(f"GET /api/models?artist_id={ARTIST}", STYLES),
    *of_each("GET /api/models?tags=tag8,tag39", STYLES),
    Case(ANYONE, "GET /api/models?tags=common", TAGGED),
    Case(ANYONE, "GET /api/models?tags=common,rare", TAGGED),
    *of_each("GET /api/models?q=style", FOUND),
    *of_each("GET /api/models?q=rare&sort=popular", FOUND),
    *of_each("GET /api/models?q=nowhere", FOUND),
    *of_each("GET /api/models?q=looks", FOUND),
    Case(ANYONE, "GET /api/community/feed?q=sea+sunset", COUNTED),
    Case(BUYER, "GET /api/community/feed?q=sea+tag7&sort=popular", COUNTED),
    *of_each("GET /api/models/20", STYLES),
    *of_each(f"GET /api/images/{PICTURE}"),
    *of_each(f"GET /api/images/{PICTURE}/status"),
    *of_each(f"GET /api/images/{PICTURE}/comments"),
    *of_each(f"GET /api/images/{PICTURE}/comments?{{deep}}"),
    Case(ANYONE, "GET /api/tags"),
    Case(ANYONE, "GET /api/tags/5"),
    Case(ANYONE, "GET /api/tags?search=word"),
    Case(ANYONE, "GET /api/tags?search=rare"),
    Case(ANYONE, "GET /api/tags?search=nowhere"),
    *of_each(f"GET /api/users/{BUYER}", OWN),
    *of_each(f"GET /api/users/{ARTIST}", OWN),
    Case(BUYER, "GET /api/auth/me"),
    Case(BUYER, "GET /api/images/mine"),
    Case(BUYER, "GET /api/images/mine?{deep}"),
    Case(BUYER, f"GET /api/images/mine?collection={large.FEW}", COLLECTED),
    Case(BUYER, f"GET /api/images/mine?collection={large.MANY}", COLLECTED),
    Case(BUYER, f"GET /api/images/mine?collection={large.MANY}&{{deep}}", COLLECTED),
    Case(BUYER, "GET /api/collections", COUNTED_IN),
    Case(BUYER, "GET /api/tokens/balance"),
    Case(ARTIST, "GET /api/tokens/balance", OWN),
    Case(BUYER, "GET /api/tokens/transactions"),
    Case(BUYER, "GET /api/tokens/transactions?{deep}"),
    Case(ARTIST, "GET /api/tokens/transactions"),
    *(
        Case(who, f"GET /api/tokens/transactions?type={kind}")
        for who in (BUYER, ARTIST)
        for kind in ("consume", "earn", "refund", "purchase")
    ),
    Case(BUYER, "GET /api/notifications", OWN),
    Case(BUYER, "GET /api/notifications?unread_only=true", OWN),
    Case(BUYER, "GET /api/users/following"),
    Case(BUYER, "GET /api/users/following?{deep}"),
    Case(BUYER, "GET /api/keys"),
    Case(BUYER, "POST /api/images/generate", body=ORDER),
    Case(BUYER, "POST /api/quotes", QUEUED, body={"items": [ORDER]}),
    Case(BUYER, f"POST /api/images/{PICTURE}/like"),
    # Another text each time: nobody may say the same twice.
    Case(
        BUYER,
        f"POST /api/images/{PICTURE}/comments",
        body=lambda: {"content": f"Well, {next(NUMBERS)}."},
    ),
    Case(BUYER, f"POST /api/artists/{ARTIST + 700}/follow"),
    Case(BUYER, "POST /api/tokens/purchase", body={"amount": 100, "payment_method": "card"}),
]


@pytest.fixture(scope="module")
def marketplace(django_db_setup: None, django_db_blocker: Any) -> Iterator[set[str]]:
    """A large one; its big tables."""
    with django_db_blocker.unblock(), large.database():
        yield big_tables()


@pytest.fixture(autouse=True)
def _no_trace_of_a_large_one(marketplace: set[str]) -> Iterator[None]:
    yield
    cache.clear()


def client_of(user_id: int) -> Api:
    return Api(User.objects.get(pk=user_id) if user_id else None)


def ask(client: Api, case: Case, path: str) -> Answer:
    cache.clear()
    method, _, _ = case.request.partition(" ")
    body = case.body() if callable(case.body) else case.body
    answer = client.call(method, path) if method == "GET" else client.send(method, path, body)
    assert answer.status < 300, answer.content
    return answer


def path_of(client: Api, case: Case) -> str:
    """Where it asks; a cursor is found by turning ten large pages."""
    path = case.request.partition(" ")[2]
    if "{deep}" not in path:
        return path
    beginning = path.partition("?")[0]
    query = dict(parse_qsl(path.partition("?")[2]))
    answer = client.get(beginning, limit=30, **query)
    for _ in range(10):
        answer = client.follow_link(answer.data["next"])
    return answer.data["next"].partition("testserver")[2].replace("limit=30", "limit=20")


def problems_of(case: Case, tables: set[str]) -> set[str]:
    client = client_of(case.who)
    path = path_of(client, case)
    return problems_in(lambda: ask(client, case, path), tables, case.bounds)


def problems_in(
    act: Callable[[], object], tables: set[str], bounds: Bounds = PAGE, times: int = REQUESTS
) -> set[str]:
    plans = plans_of(lambda: [act() for _ in range(times)])
    assert len(plans) >= times
    return slow_ones(plans) | {
        f"{problem}: {plan.statement}"
        for plan in plans
        for problem in plan.problems(tables, bounds)
    }


def slow_ones(plans: list[Plan]) -> set[str]:
    """Statements that took too long each time; once may be the machine's fault."""
    best: dict[str, float] = {}
    for plan in plans:
        best[plan.statement] = min(plan.milliseconds, best.get(plan.statement, math.inf))
    return {f"{took} ms: {sql}" for sql, took in best.items() if took >= SLOW_MILLISECONDS}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_hot_request_reads_what_it_needs(case: Case, marketplace: set[str]) -> None:
    assert problems_of(case, marketplace) == set()


def test_a_poll_counts_only_the_queue(marketplace: set[str]) -> None:
    last = Generation.objects.filter(status=GenerationStatus.QUEUED).latest("pk")
    client, path = client_of(last.user_id), f"/api/images/{last.pk}/status"
    assert client.get(path).data["queue_position"] == large.QUEUED
    bounds = Bounds(rows=large.QUEUED + 5, entries=large.QUEUED + 5)
    assert problems_in(lambda: client.get(path), marketplace, bounds) == set()


def test_the_relay_reads_what_it_takes(marketplace: set[str]) -> None:
    def take() -> None:
        with outbox.claim_batch(20) as messages:
            assert len(messages) == 20

    # It looks at more, for what others hold and for warm styles.
    assert problems_in(take, marketplace, Bounds(rows=201)) == set()


def test_the_age_of_a_long_outbox_is_read_from_its_head(marketplace: set[str]) -> None:
    OutboxMessage.objects.filter(pk__gt=1_000).update(sent_at=None)
    # The broker refuses half of them.
    refused = OutboxMessage.objects.filter(pk__gt=5_000)
    refused.update(due_at=FIRST_DUE, available_at=clock.seconds_from_now(30), turn=None)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE app_outboxmessage")
    assert problems_in(outbox.oldest_age, marketplace) == set()
    assert outbox.oldest_age() > 0


def test_the_age_of_many_checks_of_uploads_is_read_from_their_head(marketplace: set[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO app_uploadcheck (style_id, works, due_at, attempt, folder)"
            " SELECT id, '[]', created_at, 0, '' FROM app_style"
            " ORDER BY created_at DESC LIMIT 1500; ANALYZE app_uploadcheck"
        )
    assert problems_in(check_service.oldest_age, {*marketplace, "app_uploadcheck"}) == set()
    assert check_service.oldest_age() > 0


def test_the_sweep_reads_only_what_it_ends(marketplace: set[str]) -> None:
    counts: list[int] = []
    problems = problems_in(lambda: counts.append(lease_service.sweep()), marketplace, times=2)
    assert problems == set()
    assert counts == [large.LOST, 0]


# What to spoil, whose request then reads too much, and what is found.
SPOILED = [
    ("DROP INDEX generation_feed", "GET /api/community/feed", "app_generation is read whole"),
    ("DROP INDEX transaction_party", "GET /api/tokens/transactions", "rows are sorted by"),
    ("DROP INDEX notification_newest", "GET /api/notifications", "of app_notification are"),
    ("DROP INDEX generation_public_by_user", f"GET /api/users/{BUYER}", "of app_generation are"),
    (
        "SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off",
        f"GET /api/images/{PICTURE}",
        "app_generation is read whole",
    ),
]


@pytest.mark.parametrize(("spoil", "request_", "problem"), SPOILED, ids=str)
def test_a_plan_that_is_spoiled_is_found(
    spoil: str, request_: str, problem: str, marketplace: set[str]
) -> None:
    """A control: the index is back when the test's transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(spoil)
    found = problems_of(Case(BUYER, request_, OWN), marketplace)
    assert any(problem in each for each in found), found


def test_a_statement_that_is_slow_is_found(marketplace: set[str]) -> None:
    def sleep() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.11)")

    (problem,) = problems_in(sleep, marketplace, times=2)
    assert problem.endswith("ms: SELECT pg_sleep(0.11)")


# --- Bytes ----------------------------------------------------------------------------------------

# The most bytes of a page of twenty: a third more than today's.
BYTES = {
    "/api/community/feed": 26_000,
    "/api/models": 15_000,
    "/api/models/20": 5_000,
    f"/api/images/{PICTURE}": 1_600,
    f"/api/images/{PICTURE}/status": 700,
    f"/api/images/{PICTURE}/comments": 4_500,
    "/api/tags": 2_000,
    "/api/images/mine": 27_000,
    "/api/tokens/transactions": 4_800,
    "/api/notifications": 11_000,
    "/api/users/following": 4_000,
}


@pytest.mark.parametrize("path", BYTES)
def test_an_answer_is_not_longer_than_it_has_to_be(path: str, marketplace: set[str]) -> None:
    content = client_of(BUYER).get(path).content
    assert len(content) <= BYTES[path]
