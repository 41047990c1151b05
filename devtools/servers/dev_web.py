"""gunicorn's settings under ``manage.py dev``."""

import os

bind = f"127.0.0.1:{os.environ['PORT']}"
workers = 1
worker_class = "app.http.gunicorn.web_worker.Worker"
threads = 8
# All of it goes to standard output, which is the log file.
accesslog = "-"
errorlog = "-"
graceful_timeout = 3
timeout = 60
limit_request_line = 8190
control_socket_disable = True
