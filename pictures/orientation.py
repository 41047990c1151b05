"""How a camera was held, as EXIF says it (EXIF 2.32, 4.6.4; the form is that of TIFF 6.0)."""

from __future__ import annotations

import struct

from PIL.Image import Transpose

ORIENTATION = 0x0112
SHORT, LONG = 3, 4
# What makes a picture upright.
UPRIGHT = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
ON_ITS_SIDE = {5, 6, 7, 8}


def orientation_of(exif: bytes) -> int:
    """1 to 8. Anything else that is written there, in whatever type, says nothing: that is 1."""
    tiff = exif.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return 1
    try:
        [start] = struct.unpack_from(f"{order}I", tiff, 4)
        [entries] = struct.unpack_from(f"{order}H", tiff, start)
        for entry in range(entries):
            at = start + 2 + 12 * entry
            tag, kind, count = struct.unpack_from(f"{order}HHI", tiff, at)
            if tag == ORIENTATION and count == 1 and kind in {SHORT, LONG}:
                [value] = struct.unpack_from(order + ("H" if kind == SHORT else "I"), tiff, at + 8)
                return value if 1 <= value <= 8 else 1
    except struct.error:  # it points beyond its end
        pass
    return 1
