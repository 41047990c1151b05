"""Short descriptions of people, as part of other objects."""

from __future__ import annotations

from typing import Annotated

from app.models.reads.row import Column, FileLink, Row


class UserBrief(Row):
    """A user, as part of a picture or a comment."""

    id: Annotated[int, Column("pk")]
    username: str
    profile_image: FileLink


class ArtistBrief(Row):
    """An artist, as part of a style. The id is the user's id."""

    id: Annotated[int, Column("pk")]
    username: Annotated[str, Column("user__username")]
    profile_image: Annotated[FileLink, Column("user__profile_image")]
    artist_name: str
