"""Sign-in with Google: django-allauth's flow, with three gaps closed.

In the code flow allauth trusts the token endpoint and neither checks the id token's signature nor
sends a nonce, and it merges ``scope`` and ``auth_params`` of the browser into the redirect. Here
the signature is verified against the provider's keys, the nonce ties the token to this browser's
attempt (OpenID Connect Core 1.0, 3.1.2.1 and 3.1.3.7), and the browser has no say in the request.
"""

from __future__ import annotations

import secrets
from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.google import provider as google
from allauth.socialaccount.providers.google.views import GoogleOAuth2Adapter
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme

from app.models import User
from app.services import user_service
from app.utils.exception_handler import error_body
from app.utils.rendering import to_json

PROVIDER = "google"
# Google's keys as a JSON Web Key Set; allauth's own default is the older certificate list.
JWKS_URL = settings.SOCIALACCOUNT_PROVIDERS["google"].get(
    "CERTS_URL", "https://www.googleapis.com/oauth2/v3/certs"
)
ALGORITHMS = ("RS256", "ES256")


class VerifyingGoogleAdapter(GoogleOAuth2Adapter):
    def complete_login(
        self, request: HttpRequest, app: Any, token: Any, **kwargs: Any
    ) -> SocialLogin:
        if not kwargs["response"].get("id_token"):
            raise OAuth2Error("The provider sent no id token.")
        return super().complete_login(request, app, token, **kwargs)

    def _decode_id_token(self, app: Any, id_token: str) -> dict[str, Any]:
        try:
            header = jwtkit.jwt.get_unverified_header(id_token)
            if header.get("alg") not in ALGORITHMS:
                raise OAuth2Error("The id token is not signed by a public key.")
            return jwtkit.verify_and_decode(
                credential=id_token,
                keys_url=JWKS_URL,
                issuer=self.id_token_issuer,
                audience=app.client_id,
                lookup_kid=jwtkit.lookup_kid_jwk,
                verify_signature=True,
            )
        except (KeyError, TypeError, ValueError, jwtkit.jwt.PyJWTError) as error:
            raise OAuth2Error("The id token is not valid.") from error


class GoogleProvider(google.GoogleProvider):
    oauth2_adapter_class = VerifyingGoogleAdapter
    pkce_enabled_default = True

    def get_redirect_from_request_kwargs(self, request: HttpRequest) -> dict[str, Any]:
        arguments = super().get_redirect_from_request_kwargs(request)
        nonce = secrets.token_urlsafe(24)
        arguments["scope"] = self.get_scope()
        arguments["auth_params"] = {**self.get_auth_params(), "nonce": nonce}
        # Unknown arguments are kept in the state, where the callback finds the nonce again.
        arguments["nonce"] = nonce
        return arguments


class SocialAdapter(DefaultSocialAccountAdapter):
    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        claims = sociallogin.account.extra_data
        expected = (sociallogin.state or {}).get("nonce")
        given = claims.get("nonce")
        if not expected or not given or not secrets.compare_digest(str(expected), str(given)):
            raise PermissionDenied("The id token answers another sign-in.")
        if claims.get("email_verified") is not True:
            raise PermissionDenied("The e-mail address is not verified.")

    def populate_user(
        self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]
    ) -> User:
        user: User = super().populate_user(request, sociallogin, data)
        # Never made from the e-mail address, which others must not see.
        name = sociallogin.account.extra_data.get("name") or data.get("first_name") or "user"
        user.username = user_service.unique_username(str(name))
        return user

    @transaction.atomic
    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> User:
        """The account, its tie to Google and the welcome bonus: all or nothing."""
        user: User = super().save_user(request, sociallogin, form)
        return user_service.welcome(
            user, provider=PROVIDER, provider_user_id=sociallogin.account.uid
        )

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = None,
        exception: Exception | None = None,
        extra_context: dict[str, Any] | None = None,
    ) -> None:
        body = error_body("UNAUTHENTICATED", "Signing in with Google did not work. Try again.")
        raise ImmediateHttpResponse(
            HttpResponse(to_json(body), status=401, content_type="application/json")
        )


_login = OAuth2LoginView.adapter_view(VerifyingGoogleAdapter)
_callback = OAuth2CallbackView.adapter_view(VerifyingGoogleAdapter)


def google_login(request: HttpRequest) -> HttpResponse:
    """Redirect to Google. ``?next=`` takes local paths only; others are dropped."""
    following = request.GET.get("next", "")
    is_local = following.startswith("/") and url_has_allowed_host_and_scheme(
        following, allowed_hosts=None
    )
    request.GET = request.GET.copy()
    request.GET.clear()
    if is_local:
        request.GET["next"] = following
    return _login(request)


def google_callback(request: HttpRequest) -> HttpResponse:
    """Complete the sign-in: a redirect, or the user for clients that accept JSON only."""
    response = _callback(request)
    accept = request.headers.get("Accept", "")
    wants_json = "application/json" in accept and "text/html" not in accept
    if response.status_code == 302 and request.user.is_authenticated and wants_json:
        from app.views.auth import MeView

        return MeView.as_view()(request)
    return response
