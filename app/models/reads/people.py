"""People as they are shown beside what they made."""

from __future__ import annotations

from typing import Annotated

from app.models.reads.row import Column, FileLink, Row


class UserBrief(Row):
    """A person as shown beside what they made."""

    id: Annotated[int, Column("pk")]
    username: str
    profile_image: FileLink


class ArtistBrief(Row):
    """An artist as shown beside their styles. The id is the user's."""

    id: Annotated[int, Column("pk")]
    username: Annotated[str, Column("user__username")]
    profile_image: Annotated[FileLink, Column("user__profile_image")]
    artist_name: str
