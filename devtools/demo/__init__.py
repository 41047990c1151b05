"""Four invented artists whose pictures are drawn by code, so that a new installation is not empty.

No picture here was made by or after a person. numpy is needed in this package only; the rest of
the marketplace runs without it.
"""

from PIL import Image

from devtools.demo.artists import DEMO_ARTISTS, DemoArtist, Work
from devtools.demo.handwriting import write

__all__ = ["DEMO_ARTISTS", "DemoArtist", "Work", "signature"]

INK = (28, 26, 40)


def signature(artist: DemoArtist) -> Image.Image:
    """``artist``'s signature as an RGBA image: dark ink, the rest transparent."""
    return write(artist.artist_name, artist.handwriting, INK)
