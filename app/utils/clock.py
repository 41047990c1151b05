"""The time, in one place, so that tests can stop it."""

from datetime import UTC, datetime, timedelta


def now() -> datetime:
    return datetime.now(UTC)


def seconds_from_now(seconds: float) -> datetime:
    return now() + timedelta(seconds=seconds)
