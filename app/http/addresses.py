"""Addresses: which of them answer data, how ids in them are matched, and those of clients.

Importing this module registers the path converter ``id``.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest
from django.urls import register_converter
from django.urls.converters import IntConverter

MAX_ID = 2**63 - 1
_DATA = (
    *("/api/", "/media/", "/static/", "/uploads/", "/metrics", "/.well-known/", "/credentials/"),
    *("/books/", "/license.xml"),
)
# Pages and redirects for browsers, though they stand below /api.
SIGN_IN = ("/api/auth/google/", "/api/auth/github/", "/api/auth/apple/")
_PAGES = ("/api/docs", *SIGN_IN)


def answers_data(path: str) -> bool:
    return path.startswith(_DATA) and not path.startswith(_PAGES)


def is_for_programs(path: str) -> bool:
    """Whether errors there have the API's shape."""
    return f"/{path.strip('/')}/".startswith(("/api/", "/media/", "/uploads/"))


def client_address(request: HttpRequest) -> str:
    """The address that our outermost proxy saw; what clients claim beyond it is not believed."""
    remote: object = request.META.get("REMOTE_ADDR", "")
    sent: str = request.META.get("HTTP_X_FORWARDED_FOR", "")
    hops = [hop.strip() for hop in sent.split(",")]
    proxies = settings.TRUSTED_PROXIES
    if proxies and len(hops) >= proxies and hops[-proxies]:
        return _counted_as_one(hops[-proxies])
    return _counted_as_one(str(remote))


@lru_cache(maxsize=10_000)
def _counted_as_one(address: str) -> str:
    """An IPv4 address, or the /64 of an IPv6 address, of which each household has at least one."""
    bare = address.strip("[]").partition("%")[0]
    if "]" in bare or bare.count(":") == 1:
        # With a port.
        bare = bare.rpartition(":")[0].rstrip("]")
    try:
        ip = ip_address(bare)
    except ValueError:
        return address
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is None:
        return str(ip_network((ip, 64), strict=False))
    return str(getattr(ip, "ipv4_mapped", ip))


class IdConverter(IntConverter):
    """A database id; larger numbers match nothing, like any other unknown address."""

    regex = "[0-9]{1,19}"

    def to_python(self, value: str) -> int:
        number = int(value)
        if number > MAX_ID:
            raise ValueError
        return number


register_converter(IdConverter, "id")
