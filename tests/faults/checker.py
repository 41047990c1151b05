"""``python -m tests.faults.checker``: the checks of works alone, for scenes without a relay."""

from __future__ import annotations

import os
import signal
import threading

import django

POLL_SECONDS = 0.5

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from app.delivery.upload_checks import UploadChecks

    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    checks = UploadChecks()
    checks.start()
    while checks.is_alive() and not stopping.wait(POLL_SECONDS):
        continue
    checks.stop()
