"""Four invented artists with their works, so that a new installation is not empty.

The files lie beside this module; its README says where they come from.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Work:
    """One picture, a JPEG. ``tags`` say what it shows."""

    title: str
    tags: tuple[str, ...]
    path: Path


@dataclass(frozen=True)
class DemoArtist:
    """An artist with one style; ``price`` is in tokens for one generated picture.

    ``signature_path`` is a PNG: dark ink, the rest transparent.
    """

    username: str
    artist_name: str
    bio: str
    style_name: str
    style_description: str
    price: int
    tags: tuple[str, ...]
    works: tuple[Work, ...]
    sample_prompts: tuple[tuple[str, ...], ...]
    signature_path: Path


def _read_artists() -> tuple[DemoArtist, ...]:
    artists = []
    for entry in tomllib.loads((FOLDER / "artists.toml").read_text())["artists"]:
        folder = FOLDER / "works" / entry["username"]
        works = tuple(
            Work(work["title"], tuple(work["tags"]), folder / work["file"])
            for work in entry.pop("works")
        )
        prompts = tuple(tuple(prompt) for prompt in entry.pop("sample_prompts"))
        artists.append(
            DemoArtist(
                **{**entry, "tags": tuple(entry["tags"])},
                works=works,
                sample_prompts=prompts,
                signature_path=folder / "signature.png",
            )
        )
    return tuple(artists)


DEMO_ARTISTS = _read_artists()
