"""Files of the local storage, by signed links."""

import mimetypes

from django.http import FileResponse, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from app.services import storage
from app.utils import links
from app.views import errors


@require_safe
def file(request: HttpRequest, key: str) -> HttpResponse | FileResponse:
    """403 for a forged or dead link, 404 for a file that is gone."""
    given = request.GET
    if not links.is_link_valid(key, given.get("expires", ""), given.get("signature", "")):
        return errors.for_status(403)
    try:
        content = storage.local_path(key).open("rb")
    except (FileNotFoundError, IsADirectoryError):
        return errors.for_status(404)
    content_type = mimetypes.guess_type(key)[0] or "application/octet-stream"
    response = FileResponse(content, content_type=content_type)
    response["Cache-Control"] = "private, max-age=1800, immutable"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'"
    return response
