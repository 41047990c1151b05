"""The time, in one place, so that tests can stop it."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

# Where days and months begin that are the same for everybody: of sales, of monthly payouts, of a
# fee that changes.
HOME_ZONE = ZoneInfo("Asia/Seoul")


def now() -> datetime:
    return datetime.now(UTC)


def written(moment: datetime) -> str:
    """As the API writes it, for texts that are kept or sent as they are."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def seconds_from_now(seconds: float) -> datetime:
    return now() + timedelta(seconds=seconds)
