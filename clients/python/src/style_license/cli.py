"""The command `style-license`. It says what is wrong in plain words, and never shows a traceback.

Exit codes: 0 done; 1 the site has refused it, a picture failed, or a check failed; 2 the command is
not written as it should be; 3 the site does not answer, or is in trouble; 4 the key is missing or
may not do this; 5 there are not enough tokens; 6 the time of --timeout is over; 130 stopped by
Ctrl-C.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from style_license import commands, own_commands
from style_license.errors import (
    ApiError,
    KeyReused,
    NotAllowed,
    NotEnoughTokens,
    NotSignedIn,
    RateLimited,
    ServerProblem,
    StyleLicenseError,
    TookTooLong,
    Unreachable,
)
from style_license.operations import ORDERS
from style_license.version import VERSION

FAILED, UNREACHABLE, NO_ACCESS, NO_TOKENS, TOO_LONG, STOPPED = 1, 3, 4, 5, 6, 130
# What to do, by the kind of error: the first that fits.
ADVICE: tuple[tuple[type[Exception], int, str], ...] = (
    (
        NotSignedIn,
        NO_ACCESS,
        "Make a key on the site (Account → API keys), and `style-license login`.",
    ),
    (
        NotAllowed,
        NO_ACCESS,
        "Make a key that may do this: the scopes are read, generate to order, and manage to delete"
        " and to collect.",
    ),
    (
        NotEnoughTokens,
        NO_TOKENS,
        "`style-license wallet` shows what you have; buy tokens on the site.",
    ),
    (
        KeyReused,
        FAILED,
        "`style-license status` lists your orders. Take another --key for another order.",
    ),
    (RateLimited, FAILED, "Try again in a while."),
    (ServerProblem, UNREACHABLE, "The site restarts or is in trouble. Try again in a while."),
    (TookTooLong, TOO_LONG, "`style-license status ORDER --wait --out DIR` waits again."),
    (Unreachable, UNREACHABLE, "Look at the address and your network, then try again."),
)


def run() -> None:
    sys.exit(main())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    given = parser().parse_args(arguments)
    told = commands.Told(is_json=given.json)
    try:
        code: int = given.run(given, told)
    except KeyboardInterrupt:
        _say(told.way_back or told.doubt or "Stopped.")
        return STOPPED
    except BrokenPipeError:
        # Whoever reads has enough, as `head` does.
        sys.stderr.close()
        return 0
    except StyleLicenseError as error:
        return _explained(error, told, given.json)
    except OSError as error:
        name = f"{error.filename}: " if error.filename else ""
        _say(f"{name}{error.strerror or error}.")
        if told.way_back:
            _say(told.way_back)
        return FAILED
    return code


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="style-license",
        description="Order pictures from Style License, and check their licences.",
        epilog=(__doc__ or "").partition("\n\n")[2],
    )
    top.add_argument("--version", action="version", version=VERSION)
    named = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in (*commands.ALL, *own_commands.ALL):
        one = named.add_parser(command.name, help=command.help, description=command.help)
        one.add_argument("--json", action="store_true", help="print JSON for programs")
        one.add_argument("--url", help="address of the site (STYLE_LICENSE_URL)")
        command.add_arguments(one)
        one.set_defaults(run=command.run)
    return top


def _explained(error: StyleLicenseError, told: commands.Told, is_json: bool) -> int:
    code, advice = next(
        ((code, advice) for kind, code, advice in ADVICE if isinstance(error, kind)), (FAILED, "")
    )
    if is_json:
        _say(json.dumps({"error": _facts(error)}, ensure_ascii=False))
        return code
    _say(str(error))
    if isinstance(error, ApiError):
        for name, said in error.fields.items():
            wrong = f"{name}: {' '.join(map(str, said))}"
            # The first of them may be the message.
            if wrong != error.message:
                _say(f"  {wrong}")
    # Nothing goes on of what the site has refused.
    is_trouble = isinstance(error, RateLimited | ServerProblem)
    way_back = "" if isinstance(error, ApiError) and not is_trouble else told.way_back
    if isinstance(error, Unreachable | ServerProblem) and error.asked == ORDERS:
        way_back = way_back or told.doubt
    if way_back or advice:
        _say(way_back or advice)
    return code


def _facts(error: StyleLicenseError) -> dict[str, Any]:
    if isinstance(error, ApiError):
        return {"code": error.code, "message": error.message, "details": error.details}
    return {"code": type(error).__name__, "message": str(error), "details": {}}


def _say(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201 - this is what it is for
