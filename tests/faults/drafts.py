"""Q18: drafts whose worker dies after the training, or whose backend while they are offered."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx

from tests.faults.broker import BrokerStage
from tests.faults.stage import PATIENCE
from tests.faults.verdict import Misses, Outcome, expect
from tests.system import wait_for

FACTS = ("training_status", "is_active", "is_draft", "style_score", "memorisation", "price")


def killed_drafts(stage: BrokerStage, rng: random.Random, *, scale: float = 1) -> Outcome:
    """Q18: killed anywhere, a draft ends as one that nobody disturbed."""
    control = _drafted(stage, "Undisturbed")
    drawn = _drawn(stage)
    last = drawn[-1] if drawn else 0
    places = ["trained", *(f"drawn {n}" for n in sorted({1, last // 2, last}))]
    if scale < 1:
        places = places[2:3]
    drafts = {place: _drafted(stage, f"Dies {place}", die_at=place) for place in places}
    offered: dict[int, int] = {}
    writes = 0
    for style_id in list(drafts.values())[: 2 if scale >= 1 else 1]:
        writes = _offered(stage, style_id)
        offered[style_id] = writes
    # Nobody was in its way.
    _offered(stage, control, is_disturbed=False)
    for style_id in set(drafts.values()) - set(offered):
        _offered(stage, style_id, is_disturbed=False)
    wanted = _facts(stage, control)
    spoilt: list[int] = []

    def check() -> Misses:
        misses = []
        for place, style_id in drafts.items():
            found = _facts(stage, style_id if style_id not in spoilt else 0)
            if found != wanted:
                differs = {k: found.get(k) for k, value in wanted.items() if found.get(k) != value}
                misses.append(f"killed at “{place}” it ends with {differs}")
        return [
            *misses,
            *expect(all(count > 1 for count in offered.values()), f"writes: {offered}"),
            *expect(bool(wanted["samples"]), "there are no samples"),
            *_tags(stage),
            *stage.audit_misses(),
        ]

    return Outcome(
        len(drafts) + sum(offered.values()),
        f"workers killed at {', '.join(places)} of {last} pictures; backends at each of {writes}"
        " writes of an offer: all end the same",
        check,
        plant=lambda: spoilt.append(next(iter(drafts.values()))),
    )


def _drafted(stage: BrokerStage, name: str, *, die_at: str = "") -> int:
    """A trained draft, whose first worker died there."""
    wish = Path(stage.environment["FAULT_RUNS"]).with_name("die-at")
    if die_at:
        wish.write_text(die_at)
    answer = stage.upload(stage.artist(), name, tags="draft", offer="by_hand")
    assert answer.status_code == httpx.codes.CREATED, answer.text
    style_id = int(answer.json()["data"]["id"])
    status = "SELECT training_status FROM app_style WHERE id = %s"
    wait_for(
        lambda: stage.one(status, style_id) == "completed", seconds=PATIENCE, what="the training"
    )
    assert not wish.exists(), f"no worker got as far as “{die_at}”"
    return style_id


def _drawn(stage: BrokerStage) -> list[int]:
    """The numbers of the pictures that were drawn since the last training began."""
    lines = stage.runs()
    began = max(at for at, line in enumerate(lines) if line.startswith("train"))
    return list(range(1, len(lines) - began))


def _offered(stage: BrokerStage, style_id: int, *, is_disturbed: bool = True) -> int:
    """Offer a draft, with the backend dying before the first write, then before the second, and so
    on. Returns the number of writes."""
    artist = stage.artist()
    path, token = f"/api/models/{style_id}/offer", artist.http.cookies.get("csrftoken", "")
    number = 1 if is_disturbed else 0
    while True:
        try:
            headers = {"X-CSRFToken": token, "X-Fault": f"write {number}"}
            answer = artist.http.post(path, headers=headers)
        except httpx.TransportError:
            state = stage.rows("SELECT is_active, is_draft FROM app_style WHERE id = %s", style_id)
            assert state == [{"is_active": False, "is_draft": True}], f"half offered: {state}"
            number += 1
            wait_for(lambda: _answers(stage), seconds=PATIENCE, what="the web server's answer")
            continue
        assert answer.status_code == httpx.codes.OK, answer.text
        return number - 1


def _answers(stage: BrokerStage) -> bool:
    try:
        return httpx.get(f"{stage.url}/api/health").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def _facts(stage: BrokerStage, style_id: int) -> dict[str, Any]:
    rows = stage.rows("SELECT * FROM app_style WHERE id = %s", style_id)
    if not rows:
        return {}
    style = rows[0]
    told = (
        "SELECT count(*) FROM app_notification WHERE type = 'training_complete' AND target_id = %s"
    )
    memorised = style["memorisation"] or {}
    return {
        **{name: style[name] for name in FACTS if name != "memorisation"},
        "copies": memorised.get("copies"),
        "samples": [
            (sample["prompt"], sample["seed"], sample["width"], _is_there(stage, sample["path"]))
            for sample in style["samples"] or []
        ],
        "has model": _is_there(stage, style["model_path"]),
        "told": stage.one(told, style_id),
    }


def _is_there(stage: BrokerStage, key: str) -> bool:
    if key.startswith("file:"):
        return Path(unquote(urlsplit(key).path)).is_file()
    return any(Path(stage.environment["DATA_DIR"]).glob(f"*/{key}"))


def _tags(stage: BrokerStage) -> Misses:
    """Each tag counts the styles that are offered under it."""
    rows = stage.rows(
        """SELECT t.name, t.usage_count, count(s.id) AS counted FROM app_tag t
           LEFT JOIN app_styletag l ON l.tag_id = t.id
           LEFT JOIN app_style s ON s.id = l.style_id AND s.is_active
           WHERE t.name = 'draft' GROUP BY t.id"""
    )
    return [
        f"tag {row['name']} counts {row['usage_count']}, not {row['counted']}"
        for row in rows
        if row["usage_count"] != row["counted"]
    ]
