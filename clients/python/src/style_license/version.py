"""The version of this package, said once: the packaging reads it here."""

VERSION = "0.1.0"
