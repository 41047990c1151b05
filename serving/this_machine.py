"""Development answers the machine that it runs on, and nobody else."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_REFUSAL = (
    b'{"success":false,"error":{"code":"PERMISSION_DENIED","message":"This is development, with '
    b"secrets that everybody knows. It answers the machine that it runs on alone: open it at "
    b"127.0.0.1, or deploy it with production's settings.\"}}"
)


def is_this_machine(host: str) -> bool:
    """Whether an address to bind to, or that of a client, can only be this machine's.

    A client of a Unix socket has none; who may open that is for the file system to say.
    """
    if host in {"", "localhost"}:
        return True
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


class ThisMachineOnly:
    """A WSGI application that refuses clients of other machines, wherever the server listens."""

    def __init__(self, application: WSGIApplication) -> None:
        self.application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if is_this_machine(environ.get("REMOTE_ADDR", "")):
            return self.application(environ, start_response)
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(_REFUSAL))),
            ("Cache-Control", "no-store"),
        ]
        start_response("403 Forbidden", headers)
        return [_REFUSAL]
