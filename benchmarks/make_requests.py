"""Make the requests of a checkout: ``earlier`` runs this in the folder of another version.

Each line of standard input is the name of a case and a number. The answer is a line with a length,
and so many bytes: the requests as they go over the wire, with ``load``'s separator between them.
Nothing but what all versions have may be imported.
"""

from __future__ import annotations

import os
import sys

from benchmarks.cases import all_cases
from benchmarks.load import SEPARATOR
from benchmarks.prepare import Database


def main() -> None:
    cases = {case.name: case for case in all_cases(Database(dict(os.environ)))}
    for line in sys.stdin:
        name, count = line.split()
        requests = cases[name].make(int(count))
        content = SEPARATOR.join(request.raw() for request in requests)
        sys.stdout.buffer.write(f"{len(content)}\n".encode() + content)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
