"""How many parts a JPEG has, before anybody decodes it (ITU-T T.81, annex B).

Decoders go through all of a picture once for each scan, and a scan may be a few bytes: a small
file can keep one busy for hours.
"""

from __future__ import annotations

import re

# Encoders write about ten; those that try out which are the shortest, a few dozen.
MOST_SCANS = 100
# Tables, comments and metadata. A colour profile, of 64 kB each, may have 255.
MOST_SEGMENTS = 2000
# Bytes between the segments of a header, which mean nothing. Pillow passes over them one by one.
MOST_BETWEEN = 65_536
END, SCAN = 0xD9, 0xDA
# From here on a marker has a length and a body.
FIRST_KNOWN = 0xC0
# Stuffed and filling bytes, restarts and a second beginning are no segments.
MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")


def is_within_bounds(content: bytes) -> bool:
    """Whether the first picture in the file, the one that is decoded, has few enough parts.

    It is gone through as decoders do: what looks like a scan in a thumbnail, or in a film behind
    the picture, is none.
    """
    at, scans, segments, between = 2, 0, 0, 0
    while found := MARKER.search(content, at):
        kind = content[found.start() + 1]
        if kind == END:
            break
        segments += 1
        scans += kind == SCAN
        between += 0 if scans else found.start() - at
        if scans > MOST_SCANS or segments > MOST_SEGMENTS or between > MOST_BETWEEN:
            return False
        at = found.end()
        if kind >= FIRST_KNOWN:
            at += max(2, int.from_bytes(content[at : at + 2]))
    return bool(scans) or len(content) - at <= MOST_BETWEEN
