"""Requests, counted and timed for Prometheus.

With PROMETHEUS_MULTIPROC_DIR set, the processes of one web server count together.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache

from django.http import HttpRequest, HttpResponse
from prometheus_client import Histogram, generate_latest

from app.utils import metric_registry

SECONDS = Histogram(
    "style_license_request_seconds",
    "Time to answer a request, by route.",
    ["method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
METHODS = {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"}


class MetricsMiddleware:
    """Times each request under its route: an address is one of millions, a route of a hundred."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        response = self.get_response(request)
        match = request.resolver_match
        route = match.route if match is not None else "none"
        _of(request.method, route, response.status_code).observe(time.perf_counter() - began)
        return response


@cache
def _of(method: str | None, route: str, status: int) -> Histogram:
    """The histogram's child. Looking it up anew would check and lock its labels each time."""
    return SECONDS.labels(method if method in METHODS else "other", route, str(status))


def exposition() -> bytes:
    """What all processes have counted, in Prometheus's text format."""
    return generate_latest(metric_registry.of_all_processes())
