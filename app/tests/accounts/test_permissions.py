"""The permission classes, the error handler's corners, and the names that the admin shows."""

from types import SimpleNamespace

import pytest
from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import (
    ImproperlyConfigured,
    RequestDataTooBig,
    TooManyFilesSent,
)
from django.db import InterfaceError, transaction
from django.utils.translation import gettext_lazy
from rest_framework import exceptions as drf

from app.http.bodies import to_json
from app.http.middleware import ApiErrorMiddleware
from app.http.pagination import CustomCursorPagination
from app.models import Notification, Tag
from app.permissions import IsArtist, IsOwner, IsOwnerOrReadOnly, IsOwnerOrStaff
from app.tests.api import Api
from app.tests.factories import (
    ArtistFactory,
    GenerationFactory,
    PublicPictureFactory,
    StyleFactory,
    UserFactory,
)
from app.utils.exception_handler import custom_exception_handler
from app.views.base import BaseViewSet

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
            for permission in (IsOwner(), IsOwnerOrStaff(), IsOwnerOrReadOnly()):
                assert permission.has_object_permission(asked_by(user), None, thing) is is_owner
            reading = asked_by(user, "GET")
            assert IsOwnerOrReadOnly().has_object_permission(reading, None, thing)

    def test_a_thing_without_an_owner_is_nobodys(self):
        thing = SimpleNamespace()
        for user in (UserFactory(), AnonymousUser()):
            assert not IsOwner().has_object_permission(asked_by(user), None, thing)


class Owned:
    """Something of ``owner``, and requests that change it."""

    def __init__(self) -> None:
        self.owner = ArtistFactory(user__tokens=100).user
        self.style = StyleFactory(artist=self.owner.artist)
        self.failed = StyleFactory(artist=self.owner.artist, training_status="failed")
        self.picture = PublicPictureFactory(user=self.owner)
        self.queued = GenerationFactory(user=self.owner, status="queued")
        note = Notification.objects.create(recipient=self.owner, type="follow", message=".")
        as_owner = Api(self.owner)
        key = as_owner.post("/api/keys", {"name": "k", "scopes": ["read"]}).data["id"]
        path = f"/api/images/{self.picture.pk}/comments"
        comment = as_owner.post(path, {"content": "."}).data["id"]
        # The class that decides, the request, and what somebody else is told.
        self.changes = [
            (IsOwnerOrReadOnly, "PATCH", f"/api/models/{self.style.pk}", {"price": 20}, 403),
            (IsOwnerOrReadOnly, "DELETE", f"/api/models/{self.style.pk}", None, 403),
            (IsOwnerOrReadOnly, "POST", f"/api/models/{self.failed.pk}/retrain", None, 404),
            (IsOwnerOrReadOnly, "PATCH", f"/api/images/{self.picture.pk}", {}, 403),
            (IsOwnerOrReadOnly, "POST", f"/api/images/{self.queued.pk}/cancel", None, 404),
            (IsOwner, "PATCH", f"/api/notifications/{note.pk}/read", None, 404),
            (IsOwner, "DELETE", f"/api/keys/{key}", None, 404),
            (IsOwnerOrStaff, "DELETE", f"/api/comments/{comment}", None, 403),
        ]

    def ask(self, user, method: str, path: str, body) -> int:
        """The status of a request that leaves nothing behind."""
        with transaction.atomic():
            status = Api(user).send(method, path, body).status
            transaction.set_rollback(True)
        return status


class TestTheClassesDecide:
    """Views ask them, and nobody else does: what they say is what becomes of a request."""

    def test_what_the_owner_may_others_may_not(self):
        owned, stranger = Owned(), UserFactory()
        for _, method, path, body, refusal in owned.changes:
            assert owned.ask(stranger, method, path, body) == refusal
            assert owned.ask(None, method, path, body) == 401
            assert owned.ask(owned.owner, method, path, body) in {200, 204}

    def test_whom_they_refuse_is_refused(self, monkeypatch):
        owned = Owned()
        for kind, method, path, body, refusal in owned.changes:
            with monkeypatch.context() as changed:
                changed.setattr(kind, "has_object_permission", lambda *_: False)
                assert owned.ask(owned.owner, method, path, body) == refusal

    def test_whom_they_let_is_let(self, monkeypatch):
        owned, stranger = Owned(), ArtistFactory().user
        for kind, method, path, body, _ in owned.changes:
            with monkeypatch.context() as changed:
                changed.setattr(kind, "has_object_permission", lambda *_: True)
                answer = owned.ask(stranger, method, path, body)
            # What is answered after a change is read as the viewer may see it. What only staff do
            # to others' things, services allow by the right to moderate.
            refused = {"retrain": 404, "cancel": 404, "comments": 403}
            said = next((status for part, status in refused.items() if part in path), None)
            assert answer in ({said} if said else {200, 204})

    def test_an_action_that_asks_none_of_them_is_a_mistake(self):
        view = BaseViewSet(action="update")
        with pytest.raises(ImproperlyConfigured, match="update: no permission class"):
            view.may_change(UserFactory(), StyleFactory())


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

    def test_everything_has_a_name_in_the_admin(self):
        picture = PublicPictureFactory(style=StyleFactory(tags=("sea",), works=1))
        rows = [picture, picture.style, picture.style.artist, picture.user]
        rows += [
            row for model in apps.get_app_config("app").get_models() for row in model.objects.all()
        ]
        assert len({type(row) for row in rows}) >= 9
        assert all(str(row) for row in rows)
