"""``docker compose`` in the stand-in."""

import sys

from tests.containers.standin.compose import main

sys.exit(main(sys.argv[1:]))
