"""The permission classes, the error handler's corners, and the names that the admin shows."""

from types import SimpleNamespace

import pytest
from django.apps import apps
from django.core.exceptions import RequestDataTooBig, TooManyFilesSent
from django.db import InterfaceError
from django.utils.translation import gettext_lazy
from rest_framework import exceptions as drf

from app.middleware import ApiErrorMiddleware
from app.models import Tag
from app.pagination import CustomCursorPagination, _field
from app.permissions import IsArtist, IsOwner, IsOwnerOrReadOnly
from app.tests.factories import (
    ArtistFactory,
    GenerationFactory,
    PublicPictureFactory,
    StyleFactory,
    UserFactory,
)
from app.utils.exception_handler import custom_exception_handler
from app.utils.rendering import to_json

pytestmark = pytest.mark.django_db


def asked_by(user, method: str = "PATCH") -> SimpleNamespace:
    return SimpleNamespace(user=user, method=method)


class TestPermissions:
    def test_an_artist_is_one(self):
        assert IsArtist().has_permission(asked_by(ArtistFactory().user), None)

    @pytest.mark.parametrize("make", [GenerationFactory, StyleFactory], ids=["picture", "style"])
    def test_a_thing_is_its_owners(self, make):
        thing = make()
        owner = thing.user if hasattr(thing, "user") else thing.artist.user
        for user, is_owner in ((owner, True), (UserFactory(), False)):
            for permission in (IsOwner(), IsOwnerOrReadOnly()):
                assert permission.has_object_permission(asked_by(user), None, thing) is is_owner
            reading = asked_by(user, "GET")
            assert IsOwnerOrReadOnly().has_object_permission(reading, None, thing)

    def test_a_thing_without_an_owner_is_nobodys(self):
        thing = SimpleNamespace()
        assert not IsOwner().has_object_permission(asked_by(UserFactory()), None, thing)


class TestErrors:
    @pytest.mark.parametrize(
        ("detail", "details"),
        [
            ("Wrong.", {"body": ["Wrong."]}),
            ({"a": "Wrong."}, {"a": ["Wrong."]}),
            ({"a": {"b": ["Wrong."]}}, {"a.b": ["Wrong."]}),
            ({"a": [{}, {"b": ["Wrong."]}]}, {"a.1.b": ["Wrong."]}),
            ([{"b": ["Wrong."]}], {"0.b": ["Wrong."]}),
        ],
    )
    def test_details_map_fields_to_messages(self, detail, details):
        response = custom_exception_handler(drf.ValidationError(detail), {})
        assert response.data["error"]["details"] == details

    @pytest.mark.parametrize(
        ("error", "status"),
        [(RequestDataTooBig(), 413), (TooManyFilesSent(), 413), (InterfaceError(), 503)],
    )
    def test_errors_outside_of_the_apis_views(self, error, status):
        answer = ApiErrorMiddleware(lambda request: None).process_exception(None, error)
        assert answer.status_code == status

    def test_a_disk_without_room_is_a_503(self):
        response = custom_exception_handler(OSError(28, "No space left on device"), {})
        assert response.status_code == 503

    def test_any_other_error_is_djangos(self):
        handler = ApiErrorMiddleware(lambda request: None)
        assert handler.process_exception(None, ValueError()) is None


class TestOddAndEnds:
    def test_texts_that_are_translated_late_are_json(self):
        assert to_json({"a": gettext_lazy("yes")}) == b'{"a":"yes"}'

    def test_a_list_without_an_order_gets_the_usual_one(self, rf):
        paginator = CustomCursorPagination()
        request = SimpleNamespace(query_params={}, build_absolute_uri=lambda: "/")
        older, newer = Tag.objects.create(name="a"), Tag.objects.create(name="b")
        rows = paginator.paginate_queryset(Tag.objects.order_by(), request)
        assert rows == [newer, older]

    def test_a_cursor_needs_columns(self):
        with pytest.raises(TypeError, match="no_such is not a column"):
            _field(Tag, "no_such")

    def test_everything_has_a_name_in_the_admin(self):
        picture = PublicPictureFactory(style=StyleFactory(tags=("sea",), works=1))
        rows = [picture, picture.style, picture.style.artist, picture.user]
        rows += [
            row for model in apps.get_app_config("app").get_models() for row in model.objects.all()
        ]
        assert len({type(row) for row in rows}) >= 9
        assert all(str(row) for row in rows)
