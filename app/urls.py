"""Every address of the API. A trailing slash is allowed on each (see TrailingSlashMiddleware)."""

from django.urls import path, register_converter
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from app import sign_in
from app.throttling import limited
from app.utils.converters import IdConverter
from app.views import (
    api_key,
    auth,
    community,
    health,
    image,
    media,
    metrics,
    notification,
    style,
    tag,
    token,
)
from app.views import user as users

register_converter(IdConverter, "id")

Auth = auth.AuthViewSet.as_view
Users = users.UserViewSet.as_view
Styles = style.StyleModelViewSet.as_view
Images = image.ImageViewSet.as_view
Tokens = token.TokenViewSet.as_view
Keys = api_key.ApiKeyViewSet.as_view
Tags = tag.TagViewSet.as_view
Comments = community.CommentViewSet.as_view
Notifications = notification.NotificationViewSet.as_view

urlpatterns = [
    path("api/health", health.HealthViewSet.as_view({"get": "health"}), name="health"),
    path("api/ready", health.HealthViewSet.as_view({"get": "ready"}), name="ready"),
    path("metrics", metrics.metrics, name="metrics"),
    path("api/schema", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    # Signing in
    path("api/auth/google/login", limited("sign_in", sign_in.google_login), name="google_login"),
    path("api/auth/google/callback", sign_in.google_callback, name="google_callback"),
    path("api/auth/demo", Auth({"post": "demo"}), name="demo_sign_in"),
    path("api/auth/logout", Auth({"post": "logout"}), name="logout"),
    path("api/auth/me", Auth({"get": "me"}), name="me"),
    # People
    path("api/users/me", Users({"patch": "update", "delete": "destroy"}), name="own_profile"),
    path("api/users/me/artist", Users({"post": "become_artist"}), name="become_artist"),
    path("api/users/following", users.FollowingViewSet.as_view({"get": "list"}), name="following"),
    path("api/users/<id:pk>", Users({"get": "retrieve"}), name="profile"),
    path("api/artists/<id:pk>/follow", Users({"post": "follow"}), name="follow"),
    # Keys for programs
    path("api/keys", Keys({"get": "list", "post": "create"}), name="keys"),
    path("api/keys/<id:pk>", Keys({"delete": "destroy"}), name="key"),
    # Styles
    path("api/models", Styles({"get": "list", "post": "create"}), name="styles"),
    path("api/models/mine", Styles({"get": "mine"}), name="own_styles"),
    path(
        "api/models/<id:pk>",
        Styles({"get": "retrieve", "patch": "update", "delete": "destroy"}),
        name="style",
    ),
    path("api/models/<id:pk>/retrain", Styles({"post": "retrain"}), name="retrain"),
    path("api/models/<id:pk>/status", Styles({"patch": "report"}), name="training_report"),
    # Tags
    path("api/tags", Tags({"get": "list"}), name="tags"),
    path("api/tags/<id:pk>", Tags({"get": "retrieve"}), name="tag"),
    # Tokens
    path("api/tokens/balance", Tokens({"get": "balance"}), name="balance"),
    path("api/tokens/purchase", Tokens({"post": "purchase"}), name="purchase"),
    path("api/tokens/transactions", Tokens({"get": "transactions"}), name="transactions"),
    # Pictures
    path("api/images/generate", Images({"post": "generate"}), name="generate"),
    path("api/images/mine", Images({"get": "mine"}), name="own_images"),
    path("api/images/<id:pk>", Images({"get": "retrieve", "patch": "update"}), name="image"),
    path("api/images/<id:pk>/cancel", Images({"post": "cancel"}), name="cancel"),
    path(
        "api/images/<id:pk>/status",
        Images({"get": "status", "patch": "report"}),
        name="image_status",
    ),
    path("api/images/<id:pk>/like", Comments({"post": "like"}), name="like"),
    path(
        "api/images/<id:pk>/comments",
        Comments({"get": "list", "post": "create"}),
        name="comments",
    ),
    path("api/comments/<id:pk>", Comments({"delete": "destroy"}), name="comment"),
    path("api/community/feed", community.FeedViewSet.as_view({"get": "list"}), name="feed"),
    # Notifications
    path(
        "api/notifications",
        Notifications({"get": "list", "post": "create"}),
        name="notifications",
    ),
    path(
        "api/notifications/mark-all-read",
        Notifications({"post": "mark_all_read"}),
        name="mark_all_read",
    ),
    path("api/notifications/<id:pk>/read", Notifications({"patch": "read"}), name="read"),
    # Files
    path("media/<path:key>", media.file, name="media"),
]
