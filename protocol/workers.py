"""What workers tell of themselves."""

from typing import Annotated
from uuid import UUID

import msgspec

from protocol.engines import NAME_PATTERN
from protocol.figures import Count

Short = Annotated[str, msgspec.Meta(max_length=50)]
Long = Annotated[str, msgspec.Meta(max_length=200)]


class WorkerAnnouncement(msgspec.Struct, frozen=True, omit_defaults=True):
    """A worker lives, and has ``engine``: to be told every half a minute.

    ``worker_id`` is drawn by the process when it starts. ``base_model`` and ``device`` are for
    people, ``version`` is that of the program. ``warm_styles`` are those whose models it holds, by
    their ids; ``done`` and ``failed`` count the jobs that it has ended since it started.
    """

    worker_id: UUID
    engine: Annotated[str, msgspec.Meta(pattern=rf"^{NAME_PATTERN}\Z")]
    engine_version: Short
    base_model: Long = ""
    device: Long = ""
    version: Short = ""
    warm_styles: Annotated[
        list[Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]], msgspec.Meta(max_length=1000)
    ] = []
    done: Count = 0
    failed: Count = 0
    uptime_seconds: Annotated[float, msgspec.Meta(ge=0, le=1e9)] = 0.0
