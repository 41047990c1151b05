"""gunicorn's two logs as JSON lines. No query is in them: links to files are signed there, and the
codes of signing in pass through there."""

import json
import logging
import time
from datetime import timedelta
from typing import Any

from gunicorn.config import Config
from gunicorn.glogging import Logger

from app.utils import logs


class JsonLogger(Logger):
    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(logs.formatter())

    def access(self, resp: Any, req: Any, environ: dict[str, Any], request_time: timedelta) -> None:
        if self.access_log_enabled:
            line = json.dumps(_described(resp, environ, request_time))
            self.access_log.log(logging.INFO, "%s", line)


def _described(resp: Any, environ: dict[str, Any], request_time: timedelta) -> dict[str, Any]:
    answered = {name.lower(): value for name, value in resp.headers}
    return {
        "event": "request",
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "method": environ.get("REQUEST_METHOD"),
        "path": str(environ.get("RAW_URI", "")).partition("?")[0],
        "status": resp.status_code,
        "bytes": resp.sent,
        "seconds": round(request_time.total_seconds(), 4),
        "client": environ.get("HTTP_X_FORWARDED_FOR") or environ.get("REMOTE_ADDR"),
        "user_agent": environ.get("HTTP_USER_AGENT"),
        "request_id": answered.get("x-request-id"),
    }
