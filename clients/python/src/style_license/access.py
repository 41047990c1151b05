"""Which site, and whose key: given, from the environment, or from the file that ``login`` wrote."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from style_license.errors import StyleLicenseError

URL_NAME, KEY_NAME = "STYLE_LICENSE_URL", "STYLE_LICENSE_KEY"


@dataclass(frozen=True)
class Access:
    url: str
    key: str


def folder() -> Path:
    """Where what belongs to one user of this machine is kept."""
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "style-license"


def find(url: str | None = None, key: str | None = None) -> Access:
    """What is given counts, then the environment, then the file. The key of the file is sent to the
    site of the file alone. Raises StyleLicenseError."""
    kept = _read()
    site = (url or os.environ.get(URL_NAME) or kept.url).strip().rstrip("/")
    if not _is_address(site):
        raise StyleLicenseError(
            f"Which site? Set {URL_NAME} to its address, as in https://styles.example.com,"
            " or run `style-license login`."
        )
    own = kept.key if site == kept.url else ""
    secret = (key or os.environ.get(KEY_NAME) or own).strip()
    if not (secret.isascii() and secret.isprintable()):
        raise StyleLicenseError("This is no API key: it begins with sl_ and has no odd characters.")
    return Access(site, secret)


def keep(access: Access) -> Path:
    """Write the file, which nobody else on this machine may read."""
    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump({"url": access.url, "key": access.key}, file)
    part.replace(path)
    return path


def _is_address(site: str) -> bool:
    try:
        parts = urlsplit(site)
        return parts.scheme in ("https", "http") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _path() -> Path:
    return folder() / "login.json"


def _read() -> Access:
    try:
        said = json.loads(_path().read_text())
        return Access(str(said["url"]), str(said["key"]))
    except FileNotFoundError:
        return Access("", "")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StyleLicenseError(f"{_path()} cannot be read. Run `style-license login`.") from error
