import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def _no_rate_limits(settings):
    """Tests ask faster than people may; those about limits set their own."""
    settings.RATE_LIMITS = {}


@pytest.fixture(autouse=True)
def _empty_cache():
    cache.clear()
