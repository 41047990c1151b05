"""A WSGI application whose answers take as many seconds as the query says.

It makes the file BEGAN when it begins with one that takes any.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path
from wsgiref.types import StartResponse, WSGIEnvironment


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    if seconds := float(environ["QUERY_STRING"] or 0):
        Path(os.environ["BEGAN"]).touch()
        time.sleep(seconds)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "4")])
    return [b"done"]
