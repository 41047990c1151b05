"""Pictures that people upload, read in one way everywhere: web processes, relay and worker."""

from pictures.preview import placeholder, preview
from pictures.reading import Bounds, Fit, OpenedPicture, PictureError, Reason, open_picture

__all__ = [
    "Bounds",
    "Fit",
    "OpenedPicture",
    "PictureError",
    "Reason",
    "open_picture",
    "placeholder",
    "preview",
]
