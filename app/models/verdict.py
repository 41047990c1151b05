"""What is said of a picture that somebody asks about."""

from enum import StrEnum


class Verdict(StrEnum):
    AUTHENTIC = "authentic"  # signed by us, and not a byte was changed since
    ALTERED = "altered"  # signed by us, and changed since
    MATCH = "match"  # its pixels are those of a licensed picture
    POSSIBLE = "possible"  # something speaks for it, and not enough
    UNKNOWN = "unknown"  # we do not know it


class Layer(StrEnum):
    """What was looked at, in this order."""

    SIGNATURE = "signature"
    MARK = "mark"
    FINGERPRINT = "fingerprint"
    PART = "part"
