from typing import Any

from rest_framework.request import Request

from app.models.reads.search import found_by
from app.serializers.search import FoundSerializer, SearchQuerySerializer
from app.views.base import ApiViewSet


class SearchViewSet(ApiViewSet):
    pagination_class = None
    output = {"list": FoundSerializer}
    query = {"list": SearchQuerySerializer}
    shared = ("list",)
    schema_tag = "search"
    schema_names = {"list": "everything"}
    paged = ()

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Look for styles, artists, tags and public pictures at once; at most `limit` of each.

        Each word of `q` has to be found, in any spelling: British or American, singular or plural,
        Korean or English. Where nothing is found as it is written, the words are corrected, and
        `corrected` says to what. More of a kind: `GET /api/models?q=…&sort=popular`,
        `GET /api/community/feed?tag=…&sort=popular`, `GET /api/tags?search=…`.
        """
        wanted = self.parse_query()
        return self.show(found_by(wanted["q"], request.user.pk, wanted["limit"]))
