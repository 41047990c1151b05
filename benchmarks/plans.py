"""The plans of what our paths run, as the server makes them on the largest tables."""

from __future__ import annotations

import re
from typing import Any

import psycopg

from speed.database.base import DatabaseWrapper

# As the application's own connections are set.
SETTINGS = [f"SET {name} = {value}" for name, value in DatabaseWrapper.PLANNER.items()]
# No costs and no times: they differ from run to run. What counts is what is looked at.
LOOK = "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF)"
ONLY_PLAN = "EXPLAIN (COSTS OFF)"
_NO_PLAN = re.compile(
    r"(begin|commit|rollback|set|show|savepoint|release|select pg_notify)\b", re.I
)
_WRITES = re.compile(r"\b(INSERT INTO|UPDATE\s+(ONLY )?\"?app_|DELETE FROM)", re.I)
_ROWS = re.compile(r"rows=([\d.]+) loops=(\d+)")


def explained(connection: psycopg.Connection[Any], case: dict[str, Any]) -> list[dict[str, Any]]:
    """``{text, nodes, rows, seq_scans}`` of each statement of a case of ``benchmarks.inside``.

    Reads are run, within a transaction that is taken back; of writes there is only the plan, since
    what they write is there already. ``rows`` is the most that one step read from a table, None if
    it was not run.
    """
    found = []
    for sql, prepared in zip(case["sql"], case["prepared"], strict=True):
        if _NO_PLAN.match(sql.strip()):
            continue
        lines = _plan(connection, sql, prepared)
        scans = "\n".join(line for line in lines if " Scan " in f"{line} ")
        counts = [float(rows) * int(loops) for rows, loops in _ROWS.findall(scans)]
        found.append(
            {
                "text": shortened(prepared[0] if prepared else sql),
                "planned_once": prepared is not None,
                "nodes": lines,
                "rows": round(max(counts)) if counts else None,
                "seq_scans": sorted(set(re.findall(r"Seq Scan on (\w+)", scans))),
            }
        )
    return found


def _plan(connection: psycopg.Connection[Any], sql: str, prepared: list[str] | None) -> list[str]:
    """The steps; or why there are none, which is no reason to give up a run of half an hour."""
    explain = ONLY_PLAN if _WRITES.search(sql) else LOOK
    try:
        with connection.transaction(force_rollback=True):
            for setting in SETTINGS:
                connection.execute(setting)
            asked = sql
            if prepared is not None:
                text, values = prepared
                connection.execute("DEALLOCATE ALL")
                connection.execute(f"PREPARE looked_at AS {text}".encode())
                asked = f"EXECUTE looked_at({values})" if values else "EXECUTE looked_at"
            rows = connection.execute(f"{explain} {asked}".encode()).fetchall()
    except psycopg.Error as error:
        return [f"No plan: {str(error).partition(chr(10))[0]}"]
    return nodes([row[0] for row in rows])


def nodes(lines: list[str]) -> list[str]:
    """The lines that name a step, without their conditions; two spaces in for each level."""
    kept: list[str] = []
    above: list[int] = []
    for line in lines:
        indent = len(line) - len(line.lstrip())
        text = line.strip()
        is_step = indent == 0 or text.startswith(("->", "SubPlan ", "InitPlan ", "CTE "))
        if not is_step or text.startswith(("Planning", "Execution", "JIT")):
            continue
        while above and above[-1] >= indent:
            above.pop()
        step = text.removeprefix("->").strip().replace(".00 loops", " loops")
        kept.append("  " * len(above) + step)
        above.append(indent)
    return kept


def shortened(sql: str, most: int = 300) -> str:
    """In one line, without the list of columns."""
    line = re.sub(r"\s+", " ", sql).replace('"', "").strip()
    line = re.sub(r"^(INSERT INTO \w+) \(.*$", r"\1 …", line)
    if line.startswith("SELECT "):
        line = f"SELECT …{line[_end_of_columns(line) :]}"
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _end_of_columns(line: str) -> int:
    """Where the FROM of the outermost SELECT begins; its end if there is none."""
    depth = 0
    for at, character in enumerate(line):
        depth += (character == "(") - (character == ")")
        if depth == 0 and line.startswith(" FROM ", at):
            return at
    return len(line)
