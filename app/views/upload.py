"""Places to upload large files to, apart from the API."""

from __future__ import annotations

from typing import IO, Any, cast

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from app.exceptions import DomainError
from app.http import errors
from app.http.bodies import to_json
from app.permissions import IsArtist
from app.serializers.upload import UploadPlacesSerializer, UploadRequestSerializer
from app.services.uploads import upload_service
from app.utils import links
from app.utils.error_bodies import error_body
from app.utils.exception_handler import STATUS_OF
from app.views.base import BaseViewSet


class UploadViewSet(BaseViewSet):
    """Links to upload files by, so that they need not pass through the API."""

    schema_tag = "uploads"
    permission_classes = (IsArtist,)
    output = {"create": UploadPlacesSerializer}
    input = {"create": UploadRequestSerializer}
    success = {"create": 201}
    errors = {"create": ("ARTIST_ONLY",)}

    def make(self, given: dict[str, Any]) -> dict[str, Any]:
        """Get a link for each file of a style to come. Links live for an hour, and what was
        uploaded and not used for two."""
        return {"uploads": upload_service.open_places(user=self.user, **given)}


@csrf_exempt  # the signature is the right to do this; no cookie is looked at
@require_http_methods(["PUT"])
def put_file(request: HttpRequest, key: str) -> HttpResponse:
    """Take a file for the local storage: 403 for a forged or dead link."""
    given = request.GET
    signed = (given.get("expires", ""), given.get("signature", ""))
    if not links.is_upload_link_valid(key, request.content_type or "", *signed):
        return errors.for_status(403)
    try:
        upload_service.receive(key, cast("IO[bytes]", request))
    except DomainError as error:
        body = error_body(error.code, error.message, error.details)
        return HttpResponse(
            to_json(body), status=STATUS_OF[type(error)], content_type="application/json"
        )
    return HttpResponse(status=200)
