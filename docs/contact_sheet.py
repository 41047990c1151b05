"""Draw ``docs/contact-sheet.webp``: three demo styles × three prompts, as the worker makes them.

Run from the project's folder: ``.venv/bin/python -m docs.contact_sheet``.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from PIL import Image

from devtools.demo import DEMO_ARTISTS, DemoArtist
from worker.engines.base import Artwork
from worker.engines.stylenet import StylenetEngine
from worker.signature import sign

PROMPTS = (("castle", "sunset", "lake"), ("cat", "night", "moon"), ("boat", "sea", "clouds"))
SIDE, GAP = 384, 10
TARGET = Path(__file__).parent / "contact-sheet.webp"


def train(engine: StylenetEngine, artist: DemoArtist, folder: Path) -> Path:
    """The model of ``artist``'s style, under ``folder``."""
    artworks = [Artwork(work.path, work.tags) for work in artist.works]
    output = folder / artist.username
    output.mkdir()
    trained = engine.train(
        artworks, artist.tags, output=output, num_epochs=3, on_progress=lambda done, of: None
    )
    return trained.path


def pictures_by(engine: StylenetEngine, artist: DemoArtist, folder: Path) -> list[Image.Image]:
    signature = Image.open(artist.signature_path)
    model = train(engine, artist, folder)
    pictures = []
    for prompt in PROMPTS:
        picture = engine.generate(
            model, prompt, size=(512, 512), seed=3, on_progress=lambda done, of: None
        )
        pictures.append(sign(picture, signature=signature, artist_name=artist.artist_name))
    return pictures


def main() -> None:
    engine = StylenetEngine()
    artists = DEMO_ARTISTS[:3]
    across, down = len(PROMPTS), len(artists)
    sheet = Image.new(
        "RGB", (across * (SIDE + GAP) + GAP, down * (SIDE + GAP) + GAP), (250, 249, 246)
    )
    with tempfile.TemporaryDirectory() as folder:
        for row, artist in enumerate(artists):
            for column, picture in enumerate(pictures_by(engine, artist, Path(folder))):
                small = picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
                sheet.paste(small, (GAP + column * (SIDE + GAP), GAP + row * (SIDE + GAP)))
    sheet.save(TARGET, quality=86, method=6)


if __name__ == "__main__":
    main()
