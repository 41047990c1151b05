"""``python -m serving [MODULE:APPLICATION]``: the web processes, by Granian.

SIGHUP replaces the worker processes one by one without losing a request; SIGTERM stops them once
the requests in progress are answered.
"""

from __future__ import annotations

import os
import sys

from serving.connections import shortage
from serving.processes import begin_metrics, end_metrics
from serving.settings import BadSettings, refusal_to_serve, web_settings


def main() -> None:
    try:
        settings = web_settings(os.environ)
    except BadSettings as error:
        sys.exit(str(error))
    if problems := refusal_to_serve(os.environ, settings.host):
        sys.exit(problems)
    if problem := shortage(os.environ, settings):
        sys.exit(problem)
    begin_metrics()
    try:
        # After the checks: a bad environment is refused at once.
        from serving.granian import serve

        serve(settings, *sys.argv[1:2])
    finally:
        end_metrics()


if __name__ == "__main__":
    main()
