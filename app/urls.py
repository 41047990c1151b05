"""Every address of the API. A trailing slash is allowed on each (see TrailingSlashMiddleware)."""

from django.urls import URLPattern, URLResolver, include, path
from django.views.decorators.cache import cache_control
from drf_spectacular.views import SpectacularAPIView

import app.http.addresses  # noqa: F401 - registers "id"
from app import other_sign_in as others
from app import sign_in
from app.http.bodies import FirstUnlessAsked
from app.http.rights import RSL, TDM_POLICY
from app.http.schema import SchemaOnce
from app.http.throttling import limited
from app.views import (
    api_key,
    auth,
    books,
    collection,
    community,
    desk,
    docs,
    health,
    image,
    licence,
    media,
    metrics,
    notification,
    order,
    payout,
    purchase,
    rights,
    safety,
    search,
    style,
    tag,
    token,
    upload,
    verify,
    webhook_endpoints,
    webhooks,
)
from app.views import user as users

Auth = auth.AuthViewSet.as_view
Users = users.UserViewSet.as_view
Hidden = users.HiddenPeopleViewSet.as_view
Styles = style.StyleModelViewSet.as_view
Images = image.ImageViewSet.as_view
Tokens = token.TokenViewSet.as_view
Keys = api_key.ApiKeyViewSet.as_view
Tags = tag.TagViewSet.as_view
Comments = community.CommentViewSet.as_view
Licences = licence.LicenceViewSet.as_view
Books = books.BooksViewSet.as_view
Proofs = books.ProofViewSet.as_view
Collections = collection.CollectionViewSet.as_view
Orders = order.OrderViewSet.as_view
Payouts = payout.PayoutViewSet.as_view
Statements = payout.StatementViewSet.as_view
Purchases = purchase.PurchaseViewSet.as_view
Terms = licence.TermsViewSet.as_view
Notifications = notification.NotificationViewSet.as_view
Reports = safety.ReportViewSet.as_view
Reasons = safety.StatementViewSet.as_view
Cases = desk.CaseViewSet.as_view
Appeals = desk.QueuedAppealViewSet.as_view
Webhooks = webhook_endpoints.WebhookViewSet.as_view

# What says the same until the next version comes.
for_a_while = cache_control(public=True, max_age=300)

api = [
    # What is asked for most comes first, since addresses are tried in turn.
    path("community/feed", community.FeedViewSet.as_view({"get": "list"}), name="feed"),
    path("models", Styles({"get": "list", "post": "create"}), name="styles"),
    path("tags", Tags({"get": "list"}), name="tags"),
    path("tokens/balance", Tokens({"get": "balance"}), name="balance"),
    path("notifications", Notifications({"get": "list", "post": "create"}), name="notifications"),
    path("images/generate", Images({"post": "generate"}), name="generate"),
    path(
        "images/<id:pk>/status",
        Images({"get": "status", "patch": "report"}),
        name="image_status",
    ),
    path(
        "images/<id:pk>",
        Images({"get": "retrieve", "patch": "update", "delete": "destroy"}),
        name="image",
    ),
    path(
        "models/<id:pk>",
        Styles({"get": "retrieve", "patch": "update", "delete": "destroy"}),
        name="style",
    ),
    # The program itself
    path("health", health.HealthCheckView.as_view({"get": "health"}), name="health"),
    path("ready", health.HealthCheckView.as_view({"get": "ready"}), name="ready"),
    path(
        "schema",
        for_a_while(
            SpectacularAPIView.as_view(
                generator_class=SchemaOnce, content_negotiation_class=FirstUnlessAsked
            )
        ),
        name="schema",
    ),
    path("docs", for_a_while(docs.DocsView.as_view()), name="docs"),
    # Signing in
    path("auth/google/login", limited("sign_in", sign_in.google_login), name="google_login"),
    path("auth/google/callback", sign_in.google_callback, name="google_callback"),
    path("auth/github/login", limited("sign_in", others.github_login), name="github_login"),
    path("auth/github/callback", others.github_callback, name="github_callback"),
    path("auth/apple/login", limited("sign_in", others.apple_login), name="apple_login"),
    path("auth/apple/callback", others.apple_callback, name="apple_callback"),
    path("auth/demo", Auth({"post": "demo"}), name="demo_sign_in"),
    path("auth/logout", Auth({"post": "logout"}), name="logout"),
    path("auth/sessions", Auth({"get": "sessions", "delete": "end_sessions"}), name="own_sessions"),
    path("auth/sessions/<str:pk>", Auth({"delete": "end_session"}), name="own_session"),
    path("auth/me", Auth({"get": "me"}), name="me"),
    # People
    path("users/me", Users({"patch": "update", "delete": "destroy"}), name="own_profile"),
    path(
        "users/me/artist",
        Users({"post": "become_artist", "patch": "update_artist"}),
        name="own_artist",
    ),
    path(
        "users/me/declaration",
        Users({"get": "declaration", "post": "accept_declaration"}),
        name="declaration",
    ),
    path(
        "users/me/site",
        Users({"get": "site", "put": "name_site", "delete": "forget_site"}),
        name="own_site",
    ),
    path("users/me/export", Users({"get": "export", "post": "ask_export"}), name="export"),
    path("users/me/mail", Users({"get": "mail", "patch": "change_mail"}), name="mail"),
    path("users/following", users.FollowingViewSet.as_view({"get": "list"}), name="following"),
    path("users/hidden", Hidden({"get": "list"}), name="hidden_people"),
    path("users/<id:pk>", Users({"get": "retrieve"}), name="profile"),
    path("users/<id:pk>/block", Hidden({"put": "block", "delete": "unblock"}), name="block"),
    path("users/<id:pk>/mute", Hidden({"put": "mute", "delete": "unmute"}), name="mute"),
    path(
        "artists/<id:pk>/follow",
        Users({"post": "follow", "put": "start_following", "delete": "stop_following"}),
        name="follow",
    ),
    # API keys
    path("keys", Keys({"get": "list", "post": "create"}), name="keys"),
    path("keys/<id:pk>", Keys({"delete": "destroy"}), name="key"),
    # Styles
    path("models/mine", Styles({"get": "mine"}), name="own_styles"),
    path("models/<id:pk>/offer", Styles({"post": "offer"}), name="offer"),
    path("models/<id:pk>/retrain", Styles({"post": "retrain"}), name="retrain"),
    path("models/<id:pk>/works", Styles({"put": "replace_works"}), name="works"),
    path("models/<id:pk>/status", Styles({"patch": "report"}), name="training_report"),
    path("uploads", upload.UploadViewSet.as_view({"post": "create"}), name="uploads"),
    # Finding
    path("search", search.SearchViewSet.as_view({"get": "list"}), name="search"),
    path("tags/<id:pk>", Tags({"get": "retrieve"}), name="tag"),
    # Tokens
    path("tokens/purchase", Tokens({"post": "purchase"}), name="purchase"),
    path("tokens/packs", purchase.PackViewSet.as_view({"get": "packs"}), name="packs"),
    path("tokens/purchases", Purchases({"get": "list"}), name="purchases"),
    path("tokens/purchases/<id:pk>", Purchases({"get": "retrieve"}), name="purchase_status"),
    path("tokens/purchases/<id:pk>/refund", Purchases({"post": "refund"}), name="refund_purchase"),
    path(
        "payments/stripe/webhook",
        purchase.StripeWebhook.as_view({"post": "receive"}),
        name="stripe_webhook",
    ),
    path("tokens/transactions", Tokens({"get": "transactions"}), name="transactions"),
    # What artists are paid
    path("payouts", Payouts({"get": "list", "post": "create"}), name="payouts"),
    path(
        "payouts/account",
        Payouts({"get": "account", "post": "onboard", "patch": "change_account"}),
        name="payout_account",
    ),
    path("payouts/<id:pk>", Payouts({"get": "retrieve"}), name="payout"),
    path("statements/<str:month>.csv", Statements({"get": "as_csv"}), name="statement_csv"),
    path("statements/<str:month>", Statements({"get": "retrieve"}), name="statement"),
    # Pictures
    path("quotes", Orders({"post": "quote"}), name="quotes"),
    path("orders", Orders({"get": "list", "post": "create"}), name="orders"),
    path("orders/<id:pk>", Orders({"get": "retrieve"}), name="order"),
    path("orders/<id:pk>/cancel", Orders({"post": "cancel"}), name="cancel_order"),
    path("collections", Collections({"get": "list", "post": "create"}), name="collections"),
    path(
        "collections/<id:pk>",
        Collections({"get": "retrieve", "patch": "update", "delete": "destroy"}),
        name="collection",
    ),
    path(
        "collections/<id:pk>/images",
        Collections({"post": "add", "delete": "take_out"}),
        name="collected",
    ),
    path("images/mine", Images({"get": "mine"}), name="own_images"),
    path("images/deleted", Images({"get": "deleted"}), name="deleted_images"),
    path("images/<id:pk>/restore", Images({"post": "restore"}), name="restore"),
    path("images/<id:pk>/cancel", Images({"post": "cancel"}), name="cancel"),
    path(
        "images/<id:pk>/like",
        Comments({"post": "like", "put": "set_like", "delete": "remove_like"}),
        name="like",
    ),
    path("images/<id:pk>/comments", Comments({"get": "list", "post": "create"}), name="comments"),
    path("comments/<id:pk>", Comments({"delete": "destroy"}), name="comment"),
    # Safe in public
    path("reports", Reports({"post": "create"}), name="reports"),
    path("reports/<str:token>", Reports({"get": "retrieve"}), name="report"),
    path("moderation/statements", Reasons({"get": "list"}), name="statements_of_reasons"),
    path(
        "moderation/statements/<id:pk>",
        Reasons({"get": "retrieve"}),
        name="statement_of_reasons",
    ),
    path("moderation/statements/<id:pk>/appeal", Reasons({"post": "appeal"}), name="appeal"),
    path("moderation/cases", Cases({"get": "list"}), name="cases"),
    path("moderation/cases/<id:pk>", Cases({"get": "retrieve"}), name="case"),
    path(
        "moderation/cases/<id:pk>/decisions",
        Cases({"get": "decisions", "post": "decide"}),
        name="decisions",
    ),
    path("moderation/cases/<id:pk>/proposals", Cases({"post": "propose"}), name="propose"),
    path("moderation/proposals/<id:pk>", Cases({"delete": "turn_down"}), name="proposal"),
    path("moderation/proposals/<id:pk>/confirm", Cases({"post": "confirm"}), name="confirm"),
    path("moderation/appeals", Appeals({"get": "list"}), name="appeals"),
    path("moderation/appeals/<id:pk>/judge", Appeals({"post": "judge"}), name="judge"),
    # Licences
    path("licences", Licences({"get": "mine"}), name="own_licences"),
    path("licences/<str:number>", Licences({"get": "retrieve", "patch": "update"}), name="licence"),
    path("licences/<str:number>/proof", Proofs({"get": "retrieve"}), name="proof"),
    path("books", Books({"get": "list"}), name="books"),
    path("books/days", Books({"get": "days"}), name="book_days"),
    path("verify", verify.VerifyViewSet.as_view({"post": "verify"}), name="verify"),
    path("terms", Terms({"get": "list"}), name="terms"),
    path(
        "internal/signatures",
        webhooks.SignatureViewSet.as_view({"post": "create"}),
        name="signatures",
    ),
    path(
        "internal/workers",
        webhooks.WorkerViewSet.as_view({"post": "announce"}),
        name="workers",
    ),
    # Notifications
    path(
        "notifications/mark-all-read",
        Notifications({"post": "mark_all_read"}),
        name="mark_all_read",
    ),
    path("notifications/<id:pk>/read", Notifications({"patch": "read"}), name="read"),
    # Webhooks
    path("webhooks", Webhooks({"get": "list", "post": "create"}), name="webhooks"),
    path(
        "webhooks/<id:pk>",
        Webhooks({"get": "retrieve", "patch": "update", "delete": "destroy"}),
        name="webhook",
    ),
    path("webhooks/<id:pk>/secret", Webhooks({"get": "secret"}), name="webhook_secret"),
    path("webhooks/<id:pk>/rotate", Webhooks({"post": "rotate"}), name="rotate_webhook"),
    path("webhooks/<id:pk>/test", Webhooks({"post": "test"}), name="test_webhook"),
    path("webhooks/<id:pk>/deliveries", Webhooks({"get": "deliveries"}), name="deliveries"),
    path(
        "webhooks/deliveries/<id:pk>/send-again",
        Webhooks({"post": "send_again"}),
        name="send_again",
    ),
    path(
        "webhooks/<id:pk>/send-again",
        Webhooks({"post": "send_range_again"}),
        name="send_range_again",
    ),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/", include(api)),
    path(".well-known/jwks.json", limited("anonymous", licence.public_keys), name="jwks"),
    path(TDM_POLICY[1:], limited("anonymous", rights.tdm_policy), name="tdm_policy"),
    path(".well-known/tdmrep.json", limited("anonymous", rights.tdmrep), name="tdmrep"),
    path(RSL[1:], limited("anonymous", rights.rsl), name="rsl"),
    path(
        ".well-known/c2pa-root.pem",
        limited("anonymous", rights.root_certificates),
        name="root_certificates",
    ),
    path(
        "credentials/status/<id:number>",
        limited("anonymous", licence.status_list),
        name="licence_status",
    ),
    path("books/<str:day>.txt", limited("anonymous", books.leaves), name="leaves"),
    path("metrics", metrics.metrics, name="metrics"),
    # Files
    path("uploads/<path:key>", upload.put_file, name="upload_file"),
    path("media/<path:key>", media.file, name="media"),
]
