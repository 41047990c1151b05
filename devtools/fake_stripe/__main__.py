"""``python -m devtools.fake_stripe --port N``: start the provider on loopback."""

import argparse
import contextlib
import signal
import sys
import threading
from pathlib import Path

from devtools.fake_stripe import books
from devtools.fake_stripe.kept import keep, load, save
from devtools.fake_stripe.readings import listen
from devtools.fake_stripe.server import FakeStripeServer


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m devtools.fake_stripe", description=__doc__)
    parser.add_argument("--port", type=int, default=12111, help="0 takes a free one")
    parser.add_argument("--keep", type=Path, help="file to keep the state in from run to run")
    parser.add_argument("--webhook", default="", help="address to send all events to")
    parser.add_argument("--secret", default="", help="what they are signed with")
    parser.add_argument("--funds", default="", help="what we have there already: 100000:usd")
    given = parser.parse_args()
    server = FakeStripeServer(given.port)
    # Told to stop, it ends as by Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if given.keep:
        load(server.service, given.keep)
    if given.webhook:
        listen(server.service.state, given.webhook, given.secret)
    amount, _, currency = given.funds.partition(":")
    if amount and not any(server.service.state.all("balance_transaction")):
        books.book(server.service.state, "topup", int(amount), currency, "tu_given")
    if given.keep:
        kept = (server.service, given.keep)
        threading.Thread(target=keep, args=kept, daemon=True).start()
    sys.stdout.write(f"ready: {server.url}\n")
    sys.stdout.flush()
    try:
        with contextlib.suppress(KeyboardInterrupt):
            server.serve()
    finally:
        if given.keep:
            save(server.service, given.keep)


if __name__ == "__main__":
    main()
