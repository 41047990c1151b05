"""Files of the local storage, by signed links."""

import mimetypes
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from app.http import errors, rights
from app.services import storage
from app.services.safety import closing
from app.utils import links
from protocol.previews import CACHE_CONTROL


@require_safe
def file(request: HttpRequest, key: str) -> HttpResponse | FileResponse:
    """403 for a forged or dead link, 404 for a file that is gone, or hidden since the link was
    made."""
    given = request.GET
    signed, name = (given.get("expires", ""), given.get("signature", "")), given.get("name", "")
    if not links.is_link_valid(key, *signed, name):
        return errors.for_status(403)
    path = storage.local_path(key)
    if not path.is_file() or not closing.may_open(request.user, key):
        return errors.for_status(404)
    response = _content(key, path)
    if name:
        save_as = content_disposition_header(as_attachment=True, filename=name)
        response["Content-Disposition"] = save_as or "attachment"
    response["Cache-Control"] = CACHE_CONTROL
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'"
    rights.reserve(response)
    return response


def _content(key: str, path: Path) -> HttpResponse | FileResponse:
    """The file itself, or the order to nginx to hand it out in our stead."""
    content_type = mimetypes.guess_type(key)[0] or "application/octet-stream"
    if location := settings.MEDIA_ACCEL_LOCATION:
        response = HttpResponse(content_type=content_type)
        response["X-Accel-Redirect"] = location + quote(key)
        return response
    return FileResponse(path.open("rb"), content_type=content_type)
