"""The mail server, from one address."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

SMTP = "web.smtp.EmailBackend"
FILES = "django.core.mail.backends.filebased.EmailBackend"
# Ports that mail programs use: in the clear, encrypted from the first byte, and after STARTTLS.
PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}
PATIENCE_SECONDS = 20


def settings_of(smtp_url: str, folder: str) -> dict[str, Any]:
    """Django's settings for ``smtp_url``, such as smtp+starttls://user:password@mail.example.com.
    Without one, mails are files in ``folder``."""
    if not smtp_url:
        return {"EMAIL_BACKEND": FILES, "EMAIL_FILE_PATH": folder}
    server = urlsplit(smtp_url)
    return {
        "EMAIL_BACKEND": SMTP,
        "EMAIL_HOST": server.hostname or "",
        "EMAIL_PORT": server.port or PORTS[server.scheme],
        "EMAIL_HOST_USER": unquote(server.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(server.password or ""),
        "EMAIL_USE_SSL": server.scheme == "smtps",
        "EMAIL_USE_TLS": server.scheme == "smtp+starttls",
        "EMAIL_TIMEOUT": PATIENCE_SECONDS,
    }
