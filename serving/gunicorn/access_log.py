"""gunicorn's two logs as JSON lines."""

import logging
from datetime import timedelta
from typing import Any

from gunicorn.config import Config
from gunicorn.glogging import Logger

from app.utils import logs
from serving import access_log


class JsonLogger(Logger):
    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(logs.formatter())

    def access(self, resp: Any, req: Any, environ: dict[str, Any], request_time: timedelta) -> None:
        if self.access_log_enabled:
            line = access_log.line(
                environ,
                status=resp.status_code,
                headers=resp.headers,
                sent=resp.sent,
                seconds=request_time.total_seconds(),
            )
            self.access_log.log(logging.INFO, "%s", line)
