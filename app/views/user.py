from django.contrib.auth import logout
from django.db.models import QuerySet
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from app.authentication import user_of
from app.exceptions import NotFound
from app.models import Follow, User
from app.serializers.community import FollowStateSerializer
from app.serializers.user import (
    BecomeArtistSerializer,
    FollowedArtistSerializer,
    ProfileUpdateSerializer,
    PublicProfileSerializer,
)
from app.services import community_service, user_service
from app.views.auth import me
from app.views.base import BaseViewSet, parse


class ProfileView(APIView):
    """Somebody's public profile."""

    permission_classes = (AllowAny,)

    def get(self, request: Request, user_id: int) -> Response:
        user = User.objects.profiles(request.user).filter(pk=user_id).first()
        if user is None:
            raise NotFound("There is no such user.")
        return Response(PublicProfileSerializer(user).data)


class OwnProfileView(APIView):
    """Edit one's profile, or leave."""

    permission_classes = (IsAuthenticated,)

    def patch(self, request: Request) -> Response:
        return me(
            user_service.update_profile(
                user=user_of(request), **parse(request, ProfileUpdateSerializer)
            )
        )

    def delete(self, request: Request) -> Response:
        user_service.leave(user_of(request))
        logout(request)
        return Response(status=204)


class BecomeArtistView(APIView):
    """Become an artist: a name, and a signature that is drawn into every picture."""

    permission_classes = (IsAuthenticated,)

    def post(self, request: Request) -> Response:
        artist = user_service.become_artist(
            user=user_of(request), **parse(request, BecomeArtistSerializer)
        )
        response = me(artist.user)
        response.status_code = 201
        return response


class FollowView(APIView):
    """Follow an artist, or stop following."""

    permission_classes = (IsAuthenticated,)

    def post(self, request: Request, artist_id: int) -> Response:
        state = community_service.toggle_follow(user=user_of(request), artist_id=artist_id)
        return Response(FollowStateSerializer(state).data)


class FollowingViewSet(BaseViewSet):
    """The artists I follow."""

    permission_classes = (IsAuthenticated,)
    output = {"list": FollowedArtistSerializer}

    def get_queryset(self) -> QuerySet[Follow]:
        return Follow.objects.of(self.user)
