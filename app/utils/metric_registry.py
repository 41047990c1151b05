"""What the processes of a web server have counted, added up."""

from __future__ import annotations

import os

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector


def of_all_processes() -> CollectorRegistry:
    """The registry to read from: with PROMETHEUS_MULTIPROC_DIR set, that of all processes."""
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return registry


def value_of(name: str, **labels: str) -> int:
    """What has been counted under ``name``; 0 before the first time."""
    return int(of_all_processes().get_sample_value(name, labels) or 0)
