"""Whether somebody looks at the answer to a request."""

from __future__ import annotations

from django.http import HttpRequest


def is_look(request: HttpRequest) -> bool:
    """Browsers fetch some pages before anybody wants to see them, and say so (the Fetch standard's
    ``Sec-Purpose``; ``Purpose`` in older ones). Such a GET must change nothing."""
    asked = request.META
    purpose = asked.get("HTTP_SEC_PURPOSE") or asked.get("HTTP_PURPOSE") or ""
    return request.method == "GET" and "prefetch" not in purpose.lower()
