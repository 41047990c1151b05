"""``python -m serving.healthcheck``: does the web process of this container answer?

Asks as nginx does, since the process answers no other host and redirects plain HTTP.
"""

import http.client
import os
import sys
from contextlib import closing
from urllib.parse import urlsplit

SECONDS = 5.0


def is_healthy() -> bool:
    port = int(os.environ.get("WEB_BIND", ":8000").rpartition(":")[2])
    host = urlsplit(os.environ.get("SITE_URL", "")).hostname or "localhost"
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    with closing(client):
        try:
            client.request(
                "GET", "/api/health", headers={"Host": host, "X-Forwarded-Proto": "https"}
            )
            return client.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False


if __name__ == "__main__":
    sys.exit(0 if is_healthy() else 1)
