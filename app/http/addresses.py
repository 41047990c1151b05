"""Which addresses answer data, and need nothing of what pages are made with."""

_DATA = ("/api/", "/media/", "/static/", "/uploads/", "/metrics")
# Pages and redirects for browsers, though they stand below /api.
_PAGES = ("/api/docs", "/api/auth/google/")


def answers_data(path: str) -> bool:
    return path.startswith(_DATA) and not path.startswith(_PAGES)


def is_for_programs(path: str) -> bool:
    """Whether errors there have the API's shape."""
    return f"/{path.strip('/')}/".startswith(("/api/", "/media/", "/uploads/"))
