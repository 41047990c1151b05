"""Where nothing is ever sent to: tricks that name a machine of ours (SSRF)."""

from __future__ import annotations

import asyncio
from ipaddress import ip_address

import pytest

from app.delivery.webhook_sender import Sender
from app.services.webhooks.deliveries import Outcome
from app.utils.public_addresses import Address, Refused, is_public, target_of

# Each is this machine, a private network, a metadata service or nobody, for some program.
REFUSED = (
    # Other schemes
    *("ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "//example.com/"),
    *("javascript:alert(1)", "example.com", "", "https://", "https:///path", "http:example.com"),
    # Without TLS
    "http://example.com/",
    # Credentials, and what looks like the host
    *("https://user@example.com/", "https://user:secret@example.com/", "https://@example.com/"),
    *("https://example.com@127.0.0.1/", "https://127.0.0.1#@example.com/"),
    *("https://example.com\\@127.0.0.1/", "https://127.0.0.1\\.example.com/"),
    # Ports
    *("https://example.com:22/", "https://example.com:80/", "https://example.com:6379/"),
    *("https://example.com:0/", "https://example.com:443:80/"),
    *("https://example.com:0443x/", "https://example.com:99999/", "https://example.com:-1/"),
    # This machine
    *("https://localhost/", "https://LOCALHOST/", "https://a.localhost/", "https://localhost./"),
    *("https://127.0.0.1/", "https://127.1/", "https://127.255.255.254/", "https://0.0.0.0/"),
    *("https://0/", "https://0x7f.1/", "https://0x7f000001/", "https://2130706433/"),
    *("https://017700000001/", "https://0177.0.0.1/", "https://127.0.0.01/", "https://127.0.1/"),
    "https://127.0.0.1./",
    *("https://[::1]/", "https://[0:0:0:0:0:0:0:1]/", "https://[::]/", "https://[::127.0.0.1]/"),
    *("https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/", "https://[::ffff:10.0.0.1]/"),
    # Letters and digits that are written otherwise
    *(
        "https://１２７.０.０.１/",
        "https://①②⑦.⓪.⓪.①/",
        "https://ⓛocalhost/",
        "https://127。0。0。1/",
    ),
    *("https://%31%32%37.0.0.1/", "https://localhost%00.example.com/", "https://loc\u00adalhost/"),
    # Private networks
    *("https://10.0.0.1/", "https://172.16.0.1/", "https://172.31.255.255/"),
    *("https://192.168.1.1/", "https://100.64.0.1/", "https://198.18.0.1/"),
    *("https://[fc00::1]/", "https://[fd12:3456::1]/", "https://[fec0::1]/"),
    # Metadata services, and other links
    *(
        "https://169.254.169.254/latest/meta-data/",
        "https://[fe80::1]/",
        "https://[fe80::1%25eth0]/",
    ),
    *("https://[::ffff:169.254.169.254]/", "https://0xa9fea9fe/", "https://2852039166/"),
    *("https://100.100.100.200/", "https://192.0.0.192/", "https://168.63.129.16/"),
    *("https://[fd00:ec2::254]/", "https://metadata.google.internal/", "https://metadata/"),
    # IPv4 within IPv6: 6to4, NAT64, Teredo, compatible
    *("https://[2002:7f00:1::]/", "https://[64:ff9b::7f00:1]/", "https://[64:ff9b:1::1]/"),
    *("https://[::ffff:0:127.0.0.1]/", "https://[5f00::1]/", "https://[2001:20::1]/"),
    *("https://[2001:0:7f00:1::]/", "https://[::7f00:1]/"),
    # Nobody, everybody, and examples
    *("https://224.0.0.1/", "https://255.255.255.255/", "https://240.0.0.1/", "https://[ff02::1]/"),
    *("https://192.0.2.1/", "https://198.51.100.1/", "https://203.0.113.1/"),
    *("https://[2001:db8::1]/", "https://[3fff::1]/", "https://192.88.99.1/", "https://[100::1]/"),
    # Names of networks alone
    *("https://postgres/", "https://printer.local/", "https://files.internal/", "https://a.lan/"),
    # Names that are none
    *("https://exa mple.com/", "https://example..com/", "https://.example.com/", "https://-/"),
    *("https://example.com./", "https://" + "a" * 64 + ".com/", "https://[example.com]/"),
    *("https://example.com/\r\nX-Evil: 1", "https://example.com/\t", "https://example.com\n/"),
    *("https://example.com/#fragment", "https://example.com/ö", "https://example.com/" + "a" * 500),
    *(
        "https://[::1/",
        "https://]::1[/",
        "https://[v1.x]/",
        "https://256.1.1.1/",
        "https://1.2.3.4.5/",
    ),
)

GOOD = {
    "https://example.com": "https://example.com/",
    "HTTPS://Example.COM:443/Hooks?a=1": "https://example.com/Hooks?a=1",
    "https://bücher.example/x": "https://xn--bcher-kva.example/x",
    "https://xn--bcher-kva.example/x": "https://xn--bcher-kva.example/x",
    "https://8.8.8.8/": "https://8.8.8.8/",
    "https://[2606:4700:0::1111]/": "https://[2606:4700::1111]/",
    "https://3com.com/%C3%B6": "https://3com.com/%C3%B6",
}


def kept(url: str, *, allow_http: bool = False, allow_loopback: bool = False) -> str:
    return target_of(url, allow_http=allow_http, allow_loopback=allow_loopback).url


@pytest.mark.parametrize("url", REFUSED)
def test_it_is_refused(url: str) -> None:
    with pytest.raises(Refused):
        kept(url)


@pytest.mark.parametrize("url", GOOD)
def test_it_is_kept_in_its_one_form(url: str) -> None:
    assert kept(url) == GOOD[url] == kept(kept(url))


def test_what_settings_allow() -> None:
    assert kept("http://example.com/", allow_http=True) == "http://example.com/"
    for url in ("http://127.0.0.1:8000/", "http://localhost:8000/", "https://[::1]:8443/"):
        assert kept(url, allow_loopback=True) == url
    for url in ("http://example.com:443/", "http://example.com:8080/", "https://10.0.0.1/"):
        with pytest.raises(Refused):
            kept(url, allow_http=True, allow_loopback=True)


@pytest.mark.parametrize(
    "text", ["10.1.2.3", "::ffff:8.8.8.8", "169.254.169.254", "fe80::1", "2002:808:808::1"]
)
def test_what_a_name_server_answers_is_looked_at(text: str) -> None:
    asked: list[str] = []

    async def resolve(host: str, port: int) -> list[Address]:
        asked.append(host)
        # A good one beside it does not help.
        return [ip_address("8.8.8.8"), ip_address(text)]

    outcome = send("https://example.com/", resolve=resolve)
    assert (outcome.status, outcome.error) == (None, "The host is not at a public address.")
    assert asked == ["example.com"]


def test_an_address_that_was_kept_is_judged_again_when_it_is_used() -> None:
    """Loopback was allowed, say, when it was made."""
    for url in ("https://127.0.0.1/", "http://127.0.0.1:1/"):
        outcome = send(url)
        assert (outcome.status, outcome.error) == (None, "The host is not at a public address.")


def test_public_addresses_are_public() -> None:
    for text in ("8.8.8.8", "1.1.1.1", "2606:4700::1111", "2a00:1450:4001::1"):
        assert is_public(ip_address(text))


def send(url: str, **options: object) -> Outcome:
    sender = Sender(allow_loopback=False, timeout=5, **options)  # type: ignore[arg-type]
    return asyncio.run(sender.post(url, {}, b"{}"))
