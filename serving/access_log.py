"""One JSON line for each request, the same under both web servers.

The query is left out: links to files are signed in it, and the codes of sign-in pass through it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from urllib.parse import quote

import orjson

# Of what a client chooses freely.
MOST_CHARACTERS = 500
_SAFE = "/:@!$&'()*+,;=~"
_IS_SAFE = re.compile(rf"[\w.\-{_SAFE}]*", re.ASCII).fullmatch


def line(
    environ: Mapping[str, object],
    *,
    status: int,
    headers: Sequence[tuple[str, str]],
    sent: int,
    seconds: float,
) -> str:
    """``headers`` are those of the answer, ``sent`` its body in bytes."""
    # It is set last.
    request_id = next((v for name, v in reversed(headers) if name.lower() == "x-request-id"), None)
    path = environ.get("RAW_URI")
    if path is None:
        path = str(environ.get("PATH_INFO", ""))
        path = path if _IS_SAFE(path) else quote(path.encode("latin-1"), safe=_SAFE)
    line = orjson.dumps(
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
            "request_id": request_id,
        }
    )
    return line.decode()
