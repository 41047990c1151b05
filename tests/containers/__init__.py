"""``make containers``: the shipped images and compose files, run. See ``__main__.py``."""
