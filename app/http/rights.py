"""What pages and files tell machines: that their rights are reserved, and where the terms are.

Headers of TDMRep (a report of the W3C's community group of 10 May 2024), of robots (X-Robots-Tag)
and of RSL 1.0. The documents that they lead to are in ``app/views/rights.py``.
"""

from __future__ import annotations

from functools import cache

from django.conf import settings
from django.http.response import HttpResponseBase

from speed.headers import SameHeaders

ROBOTS = "noai, noimageai"
# Where the documents are.
TDM_POLICY = "/.well-known/tdm-policy.json"
RSL = "/license.xml"


def reserve(response: HttpResponseBase) -> None:
    """Tell machines by headers that nobody may mine or train on ``response``."""
    _headers(settings.SITE_URL).add_to(response)


@cache
def _headers(site_url: str) -> SameHeaders:
    return SameHeaders(
        {
            "X-Robots-Tag": ROBOTS,
            "tdm-reservation": "1",
            "tdm-policy": f"{site_url}{TDM_POLICY}",
            "Link": f'<{site_url}{RSL}>; rel="license"; type="application/rsl+xml"',
        }
    )
