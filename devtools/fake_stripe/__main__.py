"""``python -m devtools.fake_stripe --port N``: start the provider on loopback."""

import argparse
import contextlib
import sys

from devtools.fake_stripe.server import FakeStripeServer


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m devtools.fake_stripe", description=__doc__)
    parser.add_argument("--port", type=int, default=12111, help="0 takes a free one")
    server = FakeStripeServer(parser.parse_args().port)
    sys.stdout.write(f"ready: {server.url}\n")
    sys.stdout.flush()
    with contextlib.suppress(KeyboardInterrupt):
        server.serve()


if __name__ == "__main__":
    main()
