"""One JSON line for each request, the same under both web servers.

The query is left out: links to files are signed in it, and the codes of sign-in pass through it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

# Of what a client chooses freely.
MOST_CHARACTERS = 500


def line(
    environ: Mapping[str, Any],
    *,
    status: int,
    headers: Iterable[tuple[str, str]],
    sent: int,
    seconds: float,
) -> str:
    """``headers`` are those of the answer, ``sent`` its body in bytes."""
    answered = {name.lower(): value for name, value in headers}
    path = environ.get("RAW_URI")
    if path is None:
        path = quote(str(environ.get("PATH_INFO", "")).encode("latin-1"), safe="/:@!$&'()*+,;=~")
    return json.dumps(
        {
            "event": "request",
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "method": environ.get("REQUEST_METHOD"),
            "path": str(path).partition("?")[0],
            "status": status,
            "bytes": sent,
            "seconds": round(seconds, 4),
            "client": environ.get("HTTP_X_FORWARDED_FOR") or environ.get("REMOTE_ADDR"),
            "user_agent": str(environ.get("HTTP_USER_AGENT", ""))[:MOST_CHARACTERS] or None,
            "request_id": answered.get("x-request-id"),
        }
    )
