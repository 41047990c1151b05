"""Check the books of a site from outside: python check_books.py https://styles.example.com.

It fetches the days of the books and the hashes of their licences, and computes everything again:
each day's root from its licences, and each day's digest, which depends on all days before. With
--known FILE it keeps the digests that it saw. Run it now and then: whatever was put in, taken out,
changed or replaced since is found, even if the site has changed its books to fit. With --licence
NUMBER it also proves that this licence is in the books of its day.

It needs Python alone, and nothing of Style License. It exits with 1 if anything is wrong.
"""

import argparse
import hashlib
import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

DAYS_AT_ONCE = 400
# Whoever asks too often is told how long to wait.
PATIENCE_SECONDS = 120


def fetch(site: str, path: str) -> bytes:
    address = site.rstrip("/") + path
    if urllib.parse.urlsplit(address).scheme not in {"http", "https"}:
        sys.exit("The site's address begins with https://.")
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with urllib.request.urlopen(address, timeout=60) as answer:
                content: bytes = answer.read()
                return content
        except urllib.error.HTTPError as error:
            wait = int(error.headers.get("Retry-After") or 1)
            # Too often, or the list of a day is still being written.
            if error.code not in {429, 503} or time.monotonic() + wait > give_up_at:
                raise
            time.sleep(wait)


def data(site: str, path: str) -> Any:
    return json.loads(fetch(site, path))["data"]


def canonical(said: dict[str, Any]) -> bytes:
    return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def hash_of(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def root_of(leaves: list[bytes]) -> bytes:
    """The root of a Merkle tree (RFC 9162, 2.1.1)."""
    if not leaves:
        return hash_of()
    level = leaves
    while len(level) > 1:
        pairs = [level[start : start + 2] for start in range(0, len(level), 2)]
        level = [hash_of(b"\1", *pair) if len(pair) == 2 else pair[0] for pair in pairs]
    return level[0]


def root_by(leaf: bytes, index: int, count: int, path: list[bytes]) -> bytes:
    """Where the path from a leaf leads (RFC 9162, 2.1.3.2)."""
    last, found = count - 1, leaf
    for beside in path:
        if index % 2 or index == last:
            found = hash_of(b"\1", beside, found)
            while index and not index % 2:
                index, last = index // 2, last // 2
        else:
            found = hash_of(b"\1", found, beside)
        index, last = index // 2, last // 2
    return found


def days_of(site: str, first: date, last: date) -> Iterator[dict[str, Any]]:
    while first <= last:
        until = min(last, first + timedelta(days=DAYS_AT_ONCE - 1))
        yield from data(site, f"/api/books/days?first={first}&last={until}")["results"]
        first = until + timedelta(days=1)


def bare(number: str) -> str:
    """A licence's number without its dashes, as people may write it: O is 0, I and L are 1."""
    signs = "".join(filter(str.isalnum, number)).upper()
    return signs.removeprefix("SL").translate(str.maketrans("OIL", "011"))


def digest_of(day: dict[str, Any]) -> str:
    return hash_of(
        canonical({name: day[name] for name in ("day", "count", "root", "previous")})
    ).hex()


def problems_of(site: str, day: dict[str, Any], before: dict[str, Any] | None) -> Iterator[str]:
    """What is wrong with one day."""
    name = day["day"]
    if digest_of(day) != day["digest"]:
        yield f"{name}: the digest is not that of what is said of the day"
    if before is not None:
        if date.fromisoformat(name) - date.fromisoformat(before["day"]) != timedelta(days=1):
            yield f"{name}: days before it are missing"
        elif day["previous"] != before["digest"]:
            yield f"{name}: it follows other books than those of the day before"
    leaves = [bytes.fromhex(line) for line in fetch(site, f"/books/{name}.txt").decode().split()]
    if leaves != sorted(set(leaves)):
        yield f"{name}: its licences are not in order, or one is there twice"
    if len(leaves) > day["count"]:
        yield f"{name}: {len(leaves) - day['count']} licences were put in later"
    elif len(leaves) < day["count"]:
        yield f"{name}: {day['count'] - len(leaves)} licences were taken out later"
    elif root_of(leaves).hex() != day["root"]:
        yield f"{name}: a licence was changed later, or the root was replaced"


def check(
    site: str, first: date, last: date, known: dict[str, str], books: dict[str, Any]
) -> tuple[list[str], dict[str, str]]:
    """What is wrong, and the digest of each day."""
    first_day, latest = books["first_day"], books["latest"]
    problems: list[str] = []
    seen: dict[str, str] = {}
    before: dict[str, Any] | None = None
    for day in days_of(site, first, last):
        if day["day"] == first_day and day["previous"] != "0" * 64:
            problems.append(f"{first_day}: said to be the first day, and it follows another")
        problems += problems_of(site, day, before)
        seen[day["day"]] = day["digest"]
        before = day
    # Days between the first and the last are missed by the day after them.
    for name in sorted({max(f"{first}", first_day), min(f"{last}", latest["day"])} - seen.keys()):
        if name not in known:
            problems.append(f"{name}: it is not told, though the books are said to have it")
    if latest["day"] in seen and seen[latest["day"]] != latest["digest"]:
        problems.append(f"{latest['day']}: two digests are told of it")
    for name, digest in known.items():
        if first <= date.fromisoformat(name) <= last and seen.get(name) != digest:
            what = "was replaced since it was seen" if name in seen else "is no longer in the books"
            problems.append(f"{name}: what was published of this day {what}")
    return problems, seen


def check_licence(site: str, number: str) -> str:
    """What is wrong with the proof of one licence; "" if nothing is."""
    try:
        said = data(site, f"/api/licences/{urllib.parse.quote(number)}/proof")
    except urllib.error.HTTPError as error:
        if error.code != 404:
            raise
        return f"{number}: {json.load(error)['error']['message']}"
    day, leaf = said["day"], hash_of(b"\0", canonical(said["leaf"]))
    [listed] = data(site, f"/api/books/days?first={day['day']}&last={day['day']}")["results"]
    path = [bytes.fromhex(each) for each in said["path"]]
    if listed != day or bare(said["leaf"]["number"]) != bare(number):
        return f"{number}: the proof is about something else"
    if root_by(leaf, said["index"], day["count"], path).hex() != day["root"]:
        return f"{number}: it is not in the books of {day['day']}"
    return ""


def known_in(path: Path) -> dict[str, str]:
    try:
        return {str(date.fromisoformat(day)): f"{it}" for day, it in json.load(path.open()).items()}
    except (OSError, ValueError, AttributeError):
        sys.exit(f"{path} is no list of digests that this program has kept.")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("site")
    parser.add_argument("--first", type=date.fromisoformat, help="default: the first day")
    parser.add_argument("--last", type=date.fromisoformat, help="default: the latest day")
    parser.add_argument("--known", type=Path, help="a file of digests, read and written")
    parser.add_argument("--licence", action="append", default=[], metavar="NUMBER")
    given = parser.parse_args()
    try:
        run(given)
    except urllib.error.URLError as error:
        sys.exit(f"{given.site} does not answer: {error}")


def run(given: argparse.Namespace) -> None:
    known = known_in(given.known) if given.known and given.known.exists() else {}
    books = data(given.site, "/api/books")
    if books["latest"] is None:
        gone = f"{len(known)} days that were published are gone" if known else "There are none yet"
        sys.exit(f"The site has no books. {gone}.")
    first = given.first or date.fromisoformat(books["first_day"])
    last = given.last or date.fromisoformat(books["latest"]["day"])
    if known:
        # Days that were seen once are looked at, even if the site says that it begins later.
        if not given.first:
            first = min([first, *map(date.fromisoformat, known)])
        # Nor that it ends earlier.
        if not given.last:
            last = max([last, *map(date.fromisoformat, known)])
    if max(f"{first}", books["first_day"]) > min(f"{last}", books["latest"]["day"]):
        sys.exit(f"The books have no day from {first} to {last}.")
    problems, seen = check(given.site, first, last, known, books)
    problems += [found for number in given.licence if (found := check_licence(given.site, number))]
    if given.known:
        # What was seen first stays known.
        given.known.write_text(json.dumps({**seen, **known}, indent=1, sort_keys=True))
    for problem in problems:
        print(problem)
    if problems:
        sys.exit(1)
    latest = max(seen, default="")
    print(f"The books of {len(seen)} days are right. Digest of {latest}: {seen.get(latest)}")


if __name__ == "__main__":
    main()
