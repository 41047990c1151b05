"""The routes of the site."""

from django.urls import path

from app.http import addresses  # noqa: F401 (registers "id")
from web.views import (
    account,
    books,
    community,
    feed,
    information,
    licences,
    making,
    notifications,
    people,
    picture,
    search,
    session,
    studio,
    styles,
    upload,
    verify,
    wallet,
)

app_name = "web"
urlpatterns = [
    path("", feed.feed, name="feed"),
    path("search", search.search, name="search"),
    # Pictures
    path("pictures/<id:picture_id>", picture.picture, name="picture"),
    path("pictures/<id:picture_id>/image", picture.image, name="picture_image"),
    path("pictures/<id:picture_id>/download", picture.download, name="download"),
    path("pictures/<id:picture_id>/edit", picture.edit, name="edit_picture"),
    path("pictures/<id:picture_id>/progress", making.progress, name="progress"),
    path("pictures/<id:picture_id>/cancel", making.cancel, name="cancel"),
    path("pictures/<id:picture_id>/like", community.like, name="like"),
    path("pictures/<id:picture_id>/comments", community.comment, name="comment"),
    path("comments/<id:comment_id>/delete", community.delete_comment, name="delete_comment"),
    path("mine", picture.mine, name="mine"),
    # Licences
    path("licences/<str:number>", licences.licence, name="licence_page"),
    path("licences/<str:number>/card.png", licences.preview, name="licence_card"),
    path("licences/<str:number>/certificate.jwt", licences.credential, name="credential"),
    path("licences/<str:number>/name", licences.name_buyer, name="name_buyer"),
    path("verify", verify.verify, name="verify"),
    path("terms/<slug:key>/<id:version>", licences.terms_page, name="terms"),
    path("terms/<slug:key>/<id:version>.txt", licences.terms_text, name="terms_text"),
    # Styles
    path("styles", styles.styles, name="styles"),
    path("styles/<id:style_id>", styles.style, name="style"),
    path("styles/<id:style_id>/image", styles.image, name="style_image"),
    path("styles/<id:style_id>/manifest.json", licences.training_manifest, name="manifest"),
    path("styles/<id:style_id>/make", making.make, name="make"),
    path("words", making.words, name="words"),
    # People
    path("artists/<id:artist_id>", people.artist, name="artist"),
    path("artists/<id:artist_id>/follow", community.follow, name="follow"),
    path("users/<id:user_id>", people.user, name="user"),
    path("following", people.following, name="following"),
    # One's own
    path("wallet", wallet.wallet, name="wallet"),
    path("wallet/buy", wallet.buy, name="buy"),
    path("wallet/pictures/<id:picture_id>", wallet.receipt, name="receipt"),
    path("notifications", notifications.notifications, name="notifications"),
    path("notifications/count", notifications.count, name="unread_count"),
    path("notifications/read", notifications.read_all, name="read_all"),
    path("notifications/<id:notification_id>", notifications.follow_up, name="notification"),
    path("account", account.account, name="account"),
    path("account/keys", account.keys, name="keys"),
    path("account/keys/<id:key_id>/revoke", account.revoke_key, name="revoke_key"),
    path("account/leave", account.leave, name="leave"),
    # Artists
    path("studio", studio.dashboard, name="studio"),
    path("studio/join", studio.join, name="join"),
    path("studio/profile", studio.profile, name="artist_profile"),
    path("studio/upload", upload.upload, name="upload"),
    path("studio/upload/check", upload.check, name="check_upload"),
    path("studio/upload/earnings", upload.earnings, name="earnings"),
    path("studio/styles/<id:style_id>", studio.style, name="own_style"),
    path("studio/styles/<id:style_id>/training", studio.training, name="training"),
    path("studio/styles/<id:style_id>/retrain", studio.retrain, name="retrain"),
    path("studio/styles/<id:style_id>/again", studio.upload_again, name="upload_again"),
    path("studio/styles/<id:style_id>/offer", studio.offer, name="offer"),
    # Signing in and out
    path("sign-in", session.sign_in, name="sign_in"),
    path("sign-in/demo", session.demo_sign_in, name="demo_sign_in"),
    path("sign-out", session.sign_out, name="sign_out"),
    path("preferences", session.preferences, name="preferences"),
    # About
    path("licence", information.licence, name="licence"),
    path("about", information.about, name="about"),
    path("about/books", books.books, name="books"),
    path("about/root-certificate", books.root_certificate, name="root_certificate"),
    path("robots.txt", information.robots, name="robots"),
    path("favicon.ico", information.icon, name="icon"),
    path("sitemap.xml", information.sitemap, name="sitemap"),
]
