"""Threads of a new process may read their first message at the same moment.

msgspec finds out about a type when it is first asked for it. Two threads that do so at once kill
the process, nine times of ten in this test.
"""

import json
import subprocess
import sys
from uuid import uuid4

import pytest

from protocol.tests.test_schemas import GENERATION

REPORT = {"task_id": str(uuid4()), "attempt": 1}
FIRST = {
    "decode_task": GENERATION,
    "decode_training_report": REPORT | {"training_status": "training"},
    "decode_generation_report": REPORT | {"status": "processing"},
}
AT_ONCE = """
import sys
from threading import Barrier, Thread

import protocol

sys.setswitchinterval(1e-6)
barrier = Barrier(8)

def read():
    barrier.wait()
    getattr(protocol, sys.argv[1])(sys.argv[2].encode())

threads = [Thread(target=read) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


@pytest.mark.parametrize(("decode", "message"), FIRST.items())
def test_many_threads_read_their_first_message_at_once(decode: str, message: object) -> None:
    for _ in range(3):
        command = [sys.executable, "-c", AT_ONCE, decode, json.dumps(message)]
        ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert (ended.returncode, ended.stderr) == (0, "")
