"""gunicorn's two logs as JSON lines."""

import logging
from datetime import timedelta
from wsgiref.types import WSGIEnvironment

from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.http.message import Request
from gunicorn.http.wsgi import Response

from app.utils import logs
from serving import access_log


class JsonLogger(Logger):
    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(logs.formatter())

    def access(
        self,
        resp: Response,
        req: Request,
        environ: WSGIEnvironment,
        request_time: timedelta,
    ) -> None:
        if self.access_log_enabled:
            line = access_log.line(
                environ,
                status=resp.status_code,
                headers=resp.headers,
                sent=resp.sent,
                seconds=request_time.total_seconds(),
            )
            self.access_log.log(logging.INFO, "%s", line)
