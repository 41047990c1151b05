"""What was typed into a form that could not be accepted yet: its sender had to sign in, buy tokens
or wait.

It stays in a cookie of the browser, for an hour. Pages whose address says ``?kept=1`` fill it in.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.core import signing
from django.http import HttpRequest, HttpResponseBase

COOKIE = "kept"
MARK = "kept"
SECONDS = 3600
# Browsers keep 4,096 bytes of a cookie, its name and attributes included.
MAX_BYTES = 3800
# These belong to one page and one moment.
LEFT_OUT = frozenset({"csrfmiddlewaretoken", "key", "next", "drawing"})


def keep(request: HttpRequest, response: HttpResponseBase) -> None:
    """Keep what was sent; of what does not fit, the longest fields are left out."""
    sent = {name: values for name, values in request.POST.lists() if name not in LEFT_OUT}
    while sent:
        text = signing.dumps([request.path, sent], salt=COOKIE, compress=True)
        if len(text) <= MAX_BYTES:
            options: dict[str, Any] = {"httponly": True, "samesite": "Lax"}
            response.set_cookie(
                COOKIE, text, max_age=SECONDS, secure=request.is_secure(), **options
            )
            return
        del sent[max(sent, key=lambda name: sum(map(len, sent[name])))]


def initial(request: HttpRequest, at: str, form: type[forms.Form]) -> dict[str, Any]:
    """Initial values for ``form`` from what was kept when it was sent to the path ``at``."""
    if MARK not in request.GET:
        return {}
    try:
        path, sent = signing.loads(request.COOKIES.get(COOKIE, ""), salt=COOKIE, max_age=SECONDS)
    except signing.BadSignature:
        return {}
    if path != at:
        return {}
    return {
        name: values if isinstance(field, forms.MultipleChoiceField) else values[-1]
        for name, field in form.base_fields.items()
        if (values := sent.get(name))
    }


def here(request: HttpRequest) -> str:
    """The address of the page that is shown. For the answer to a form it is that of the form."""
    if request.method != "POST":
        return request.get_full_path()
    return f"{request.path}?{MARK}=1"
