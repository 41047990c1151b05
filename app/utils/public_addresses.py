"""Which addresses our own machines may send to when somebody else names them.

A request from within the network reaches what nobody outside does: databases, metadata services,
other people's routers (server-side request forgery). So only public addresses are sent to.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

import idna

MAX_LENGTH = 500
PORTS = {"https": 443, "http": 80}
# Names that are resolved within a network alone.
_PRIVATE_SUFFIXES = ("localhost", "local", "internal", "intranet", "lan", "home.arpa", "onion")
_GLOBAL_UNICAST = IPv6Network("2000::/3")
# Relays and documentation, which Python's table does not call private.
# The last two answer for the machines of a cloud: Oracle's, and Azure's.
_OTHERS = (
    *(IPv4Network("192.88.99.0/24"), IPv6Network("2002::/16"), IPv6Network("3fff::/20")),
    *(IPv4Network("192.0.0.0/24"), IPv4Network("168.63.129.16/32")),
)

Address = IPv4Address | IPv6Address


class Refused(ValueError):
    """Why an address is not sent to, in a sentence for people."""


@dataclass(frozen=True)
class Target:
    """Where a request goes: the parts of an URL that was found good."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host_header}{self.path}"


def target_of(url: str, *, allow_http: bool, allow_loopback: bool) -> Target:
    """The target of ``url``, in its one written form. Asks no name server. Raises Refused."""
    _require_short(url)
    if re.search(r"[\s\\\x00-\x20\x7f]", url):
        raise Refused("An address has no spaces, control characters or backslashes.")
    try:
        parts = urlsplit(url)
        port, named = parts.port, parts.hostname or ""
    except ValueError as error:
        raise Refused("This is not an address that can be read.") from error
    if parts.scheme not in PORTS or not named:
        raise Refused("An address begins with https:// and a host.")
    if "@" in parts.netloc:
        raise Refused("An address has no user name and no password.")
    if "#" in url:
        raise Refused("An address has no fragment (#).")
    rest = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not rest.isascii():
        raise Refused("Write the path with % signs: it has letters that are not ASCII.")
    host, is_loopback = _host_of(named, parts.netloc, allow_loopback=allow_loopback)
    port = PORTS[parts.scheme] if port is None else port
    target = Target(parts.scheme, host, port, rest)
    # A host in other letters is longer in this form, and so is what stands for it.
    _require_short(target.url)
    if is_loopback:
        return target
    if target.scheme == "http" and not allow_http:
        raise Refused("An address begins with https://.")
    if target.port != PORTS[target.scheme]:
        raise Refused(f"The port is {PORTS[target.scheme]}. Leave it out.")
    return target


def _require_short(url: str) -> None:
    if len(url) > MAX_LENGTH:
        raise Refused(f"An address has at most {MAX_LENGTH} characters.")


def _host_of(named: str, netloc: str, *, allow_loopback: bool) -> tuple[str, bool]:
    """The host in its one form, and whether it is this machine."""
    if "[" in netloc:
        return _literal(named, allow_loopback=allow_loopback)
    try:
        host = idna.encode(named, uts46=True).decode()
    except idna.IDNAError as error:
        raise Refused("The host is not a name that can be looked up.") from error
    if host.endswith("."):
        raise Refused("Leave out the dot after the host.")
    last = host.rpartition(".")[2]
    # "127.1", "2130706433", "0x7f.1" and "0177.0.0.1" are all this machine to some resolvers.
    if re.fullmatch(r"[0-9]+|0x[0-9a-f]*", last):
        return _literal(host, allow_loopback=allow_loopback)
    if host == "localhost" and allow_loopback:
        return host, True
    if "." not in host or any(f".{host}".endswith(f".{suffix}") for suffix in _PRIVATE_SUFFIXES):
        raise Refused("The host is not a public name.")
    return host, False


def _literal(host: str, *, allow_loopback: bool) -> tuple[str, bool]:
    try:
        address = ip_address(host)
    except ValueError as error:
        raise Refused("Write an IP address in its usual form.") from error
    if isinstance(address, IPv6Address) and address.scope_id:
        raise Refused("Write an IP address in its usual form.")
    require_allowed(address, allow_loopback=allow_loopback)
    return str(address), address.is_loopback


def require_allowed(address: Address, *, allow_loopback: bool) -> None:
    """Raise Refused unless ``address`` is public, or this machine where that is allowed."""
    if not (is_public(address) or (allow_loopback and address.is_loopback)):
        raise Refused("The host is not at a public address.")


def is_public(address: Address) -> bool:
    """Whether the whole internet reaches it. IPv4 addresses written as IPv6 are not: there is no
    need for them, and each form (mapped, 6to4, NAT64, Teredo) hides an address within."""
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    if any(address.version == net.version and address in net for net in _OTHERS):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved)
