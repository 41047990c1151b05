from __future__ import annotations

from typing import Any

from django.contrib.auth import logout
from django.db.models import QuerySet
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request

from app.exceptions import NotFound
from app.http.bodies import Answer
from app.models import Follow, HiddenPerson, User
from app.models.notification import TargetType
from app.models.reads.session import SESSION_WITH_NEWS
from app.models.user import UserQuerySet
from app.permissions import IsArtist
from app.serializers.community import FollowStateSerializer
from app.serializers.user import (
    AcceptDeclarationSerializer,
    ArtistUpdateSerializer,
    BecameArtistSerializer,
    BecomeArtistSerializer,
    DeclarationSerializer,
    DistanceSerializer,
    ExportSerializer,
    FollowedArtistSerializer,
    HiddenPersonSerializer,
    LeaveQuerySerializer,
    MailChangeSerializer,
    MailSerializer,
    MeSerializer,
    ProfileUpdateSerializer,
    PublicProfileSerializer,
    SiteSerializer,
    SiteUpdateSerializer,
)
from app.services import (
    community_service,
    export_service,
    mail_service,
    people_service,
    site_service,
    user_service,
)
from app.services.licences import declaration
from app.views.base import BaseViewSet, ReadOnlyViewSet


class UserViewSet(BaseViewSet):
    """People: their public profiles, and one's own account."""

    schema_tag = "users"
    permission_classes = (IsAuthenticated,)
    action_permissions = {
        "retrieve": (),
        **dict.fromkeys(("update_artist", "site", "name_site", "forget_site"), (IsArtist,)),
    }
    session_query = {"retrieve": SESSION_WITH_NEWS[TargetType.USER]}
    output = {
        "list": MeSerializer,
        "retrieve": PublicProfileSerializer,
        "become_artist": BecameArtistSerializer,
        **dict.fromkeys(("declaration", "accept_declaration"), DeclarationSerializer),
        **dict.fromkeys(("mail", "change_mail"), MailSerializer),
        **dict.fromkeys(("site", "name_site"), SiteSerializer),
        **dict.fromkeys(("export", "ask_export"), ExportSerializer),
        **dict.fromkeys(("follow", "start_following", "stop_following"), FollowStateSerializer),
    }
    input = {
        "update": ProfileUpdateSerializer,
        "become_artist": BecomeArtistSerializer,
        "update_artist": ArtistUpdateSerializer,
        "accept_declaration": AcceptDeclarationSerializer,
        "change_mail": MailChangeSerializer,
        "name_site": SiteUpdateSerializer,
    }
    query = {"destroy": LeaveQuerySerializer}
    success = {"destroy": 204, "become_artist": 201, "ask_export": 202, "forget_site": 204}
    errors = {
        "destroy": ("STYLE_IN_USE", "EARNINGS_LEFT"),
        "become_artist": ("CONFLICT",),
        "update_artist": ("ARTIST_ONLY",),
        "site": ("ARTIST_ONLY", "NOT_FOUND"),
        "name_site": ("ARTIST_ONLY",),
        "forget_site": ("ARTIST_ONLY",),
        "follow": ("CONFLICT",),
        "start_following": ("CONFLICT",),
        "stop_following": ("CONFLICT",),
    }

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Somebody's public profile. Notifications about them are read then."""
        user = self.get_queryset().filter(pk=kwargs["pk"]).first()
        if user is None:
            raise NotFound("There is no such user.")
        self.mark_seen(TargetType.USER, user.pk)
        return self.show(user)

    def get_queryset(self) -> UserQuerySet:
        found: UserQuerySet = User.objects.profiles(self.request.user)
        return found

    def change(self, given: dict[str, Any]) -> User:
        """Change my user name, bio or picture. All but the picture may be sent as JSON as well."""
        return user_service.update_profile(user=self.user, **given)

    def remove(self, pk: Any) -> None:
        """Leave: personal data are erased; what others paid for stays under a closed account.
        Earnings that can be paid out are to be paid out first, or given up by
        `forfeit_earnings`."""
        user_service.close_account(self.user, forfeits=self.parse_query()["forfeit_earnings"])
        logout(self.request)

    def become_artist(self, request: Request) -> Answer:
        artist = user_service.become_artist(user=self.user, **self.parse())
        became: Any = artist.user
        became.declaration = declaration.declared_by(artist.user)
        return self.show(became, status=201)

    become_artist.__doc__ = f"""Become an artist: a name, and a signature that is drawn into every
        picture. Whoever becomes one declares of all works that they will upload:

        “{declaration.current().en}”

        The name alone may be sent as JSON as well.
        """

    def declaration(self, request: Request) -> Answer:
        """What artists declare about the works that they upload, and since when I accept it."""
        return self.show(declaration.declared_by(self.user))

    def accept_declaration(self, request: Request) -> Answer:
        """Accept the declaration's wording of the day, by its version. Twice is once."""
        return self.show(declaration.accept(self.user, **self.parse()))

    def mail(self, request: Request) -> Answer:
        """What I hear of by e-mail."""
        return self.show(mail_service.preference_of(self.user))

    def change_mail(self, request: Request) -> Answer:
        """Choose what I hear of by e-mail. No kinds: nothing."""
        return self.show(mail_service.change(self.user, **self.parse()))

    def site(self, request: Request) -> Answer:
        """My own site, by which I prove who I am, and whether it does."""
        return self.show(site_service.site_of(self.user))

    def name_site(self, request: Request) -> Answer:
        """Name my own site, or have it looked at again. It proves who I am once it has a link to my
        page here, `/artists/{id}`, with `rel="me"`. It is looked at within a minute, and each week
        after that. Redirects are not followed."""
        return self.show(site_service.name_site(user=self.user, **self.parse()))

    def forget_site(self, request: Request) -> Answer:
        """Name no site any more."""
        site_service.forget_site(self.user)
        return Answer(status=204)

    def export(self, request: Request) -> Answer:
        """All that is kept of me: whether it is ready, and a link that dies soon."""
        return self.show(export_service.state_of(self.user))

    def ask_export(self, request: Request) -> Answer:
        """Have all that is kept of me written into a ZIP: JSON and files. It takes a moment; I am
        told when it is ready. One of the last day is not made again."""
        return self.show(export_service.ask(self.user), status=202)

    def update_artist(self, request: Request) -> Answer:
        """Change my artist name or signature. The name alone may be sent as JSON as well.

        The name changes wherever it is shown. A new signature is for pictures that are ordered
        from now on: those that are made or under way keep theirs, and files keep the name that is
        written into them.
        """
        artist = user_service.update_artist(user=self.user, **self.parse())
        return self.show(artist.user)

    def follow(self, request: Request, pk: int) -> Answer:
        """Follow an artist, or stop following. The id is the artist's user id."""
        return self._follow(pk, None)

    def start_following(self, request: Request, pk: int) -> Answer:
        """Follow an artist, whether I did before or not."""
        return self._follow(pk, True)

    def stop_following(self, request: Request, pk: int) -> Answer:
        """Stop following an artist, whether I did before or not."""
        return self._follow(pk, False)

    def _follow(self, artist_id: int, wanted: bool | None) -> Answer:
        follow = community_service.set_follow
        return self.show(follow(user=self.user, artist_id=artist_id, is_following=wanted))


class HiddenPeopleViewSet(ReadOnlyViewSet):
    """The people whom I block or mute, the latest first, and doing so.

    Who is blocked and who blocks do not see each other: pictures, comments and profiles, in lists,
    searches, notifications and e-mails. They cannot like, answer or follow each other. Who is muted
    is hidden from me, and notices nothing. Styles stay on offer.
    """

    schema_tag = "users"
    permission_classes = (IsAuthenticated,)
    output = {
        "list": HiddenPersonSerializer,
        **dict.fromkeys(("block", "unblock", "mute", "unmute"), DistanceSerializer),
    }
    related = {"list": ("with_person",)}
    schema_names = {"list": "hidden_people"}
    errors = dict.fromkeys(("block", "unblock", "mute", "unmute"), ("CONFLICT",))

    def get_queryset(self) -> QuerySet[HiddenPerson]:
        return HiddenPerson.objects.chosen_by(self.user)

    def block(self, request: Request, pk: int) -> Answer:
        """Block a person, whether I did before or not. It ends that we follow each other."""
        return self._block(pk, True)

    def unblock(self, request: Request, pk: int) -> Answer:
        """Block a person no more, whether I did before or not."""
        return self._block(pk, False)

    def mute(self, request: Request, pk: int) -> Answer:
        """Mute a person, whether I did before or not."""
        return self._mute(pk, True)

    def unmute(self, request: Request, pk: int) -> Answer:
        """Mute a person no more, whether I did before or not."""
        return self._mute(pk, False)

    def _block(self, person_id: int, wanted: bool) -> Answer:
        block = people_service.set_block
        return self.show(block(user=self.user, person_id=person_id, is_blocked=wanted))

    def _mute(self, person_id: int, wanted: bool) -> Answer:
        mute = people_service.set_mute
        return self.show(mute(user=self.user, person_id=person_id, is_muted=wanted))


class FollowingViewSet(ReadOnlyViewSet):
    """The artists I follow, the latest first."""

    schema_tag = "users"
    permission_classes = (IsAuthenticated,)
    output = {"list": FollowedArtistSerializer}
    related = {"list": ("with_artist",)}
    schema_names = {"list": "following"}

    def get_queryset(self) -> QuerySet[Follow]:
        return Follow.objects.of(self.user)
