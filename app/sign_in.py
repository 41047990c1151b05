"""Sign-in with Google: django-allauth's flow, with its gaps closed. ``other_sign_in`` has the
other providers.

In the code flow, allauth trusts the token endpoint: it does not check the id token's signature and
sends no nonce. It also merges ``scope`` and ``auth_params`` of the browser into the redirect. Here,
the signature is verified with the provider's keys, the nonce binds the token to this browser's
sign-in (OpenID Connect Core 1.0, 3.1.2.1 and 3.1.3.7), and the browser cannot change the request.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import jwt
import structlog
from allauth.account.models import EmailAddress
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter, get_adapter
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.base import AuthError
from allauth.socialaccount.providers.google import provider as google
from allauth.socialaccount.providers.google.views import GoogleOAuth2Adapter
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.provider import OAuth2Provider
from allauth.socialaccount.providers.oauth2.views import (
    OAuth2Adapter,
    OAuth2CallbackView,
    OAuth2LoginView,
)
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.crypto import constant_time_compare
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import get_language
from django.views.decorators.http import require_GET
from requests import RequestException

from app.exceptions import LeftSuspended
from app.http import throttling
from app.http.addresses import client_address
from app.http.bodies import to_json
from app.models import User
from app.services import mail_service, user_service
from app.utils.error_bodies import error_body

# Asymmetric signatures only: never "none", and never the client secret.
ALGORITHMS = ("RS256", "ES256")
# The allowed difference between the provider's clock and ours, in seconds.
CLOCK_SKEW_SECONDS = 30
# The sizes of the account's columns; Google's ids have 21 digits.
LONGEST_SUBJECT = 191

log = structlog.get_logger(__name__)


class SignInRefusedError(OAuth2Error):
    """A sign-in is refused. The text is for the log and never quotes the provider."""


class IdTokenAdapter(OAuth2Adapter):
    """Accepts an id token only with a valid signature and this sign-in's nonce."""

    # Without a nonce, every token is refused.
    expected_nonce = ""

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        # allauth reads these once, at import; read the current settings instead.
        provider: dict[str, Any] = settings.SOCIALACCOUNT_PROVIDERS[self.provider_id]
        self.authorize_url = provider["AUTHORIZE_URL"]
        self.access_token_url = provider["ACCESS_TOKEN_URL"]
        self.certs_url = provider["CERTS_URL"]
        self.id_token_issuer = provider["ID_TOKEN_ISSUER"]

    def parse_token(self, data: dict[str, object]) -> SocialToken:
        """Access tokens are neither used nor stored: the id token contains everything needed."""
        return SocialToken()

    def complete_login(
        self, request: HttpRequest, app: SocialApp, token: SocialToken, **kwargs: object
    ) -> SocialLogin:
        response = kwargs["response"]
        if not isinstance(response, dict) or not isinstance(response.get("id_token"), str):
            raise SignInRefusedError("The provider sent no id token.")
        claims = self._decode_id_token(app, response["id_token"])
        return self.get_provider().sociallogin_from_response(request, claims)

    def _decode_id_token(self, app: SocialApp, id_token: str) -> dict[str, Any]:
        published_keys = self._fetch_keys()
        try:
            key_id = jwt.get_unverified_header(id_token)["kid"]
            claims = jwt.decode(
                id_token,
                jwt.PyJWKSet.from_dict(published_keys)[key_id],
                algorithms=ALGORITHMS,
                audience=app.client_id,
                issuer=self.id_token_issuer,
                leeway=CLOCK_SKEW_SECONDS,
                options={"require": ["exp", "iat", "sub"], "strict_aud": True},
            )
        except (jwt.PyJWTError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise SignInRefusedError(
                f"The id token is not valid: {type(error).__name__}."
            ) from error
        if claims.get("azp", app.client_id) != app.client_id:
            raise SignInRefusedError("The id token was issued to another client.")
        if not 0 < len(claims["sub"]) <= LONGEST_SUBJECT:
            raise SignInRefusedError("The id token names nobody.")
        nonce = str(claims.get("nonce", ""))
        if not self.expected_nonce or not constant_time_compare(nonce, self.expected_nonce):
            raise SignInRefusedError("The id token answers another sign-in.")
        if not self.is_verified(claims.get("email_verified")):
            raise SignInRefusedError("The e-mail address is not verified.")
        return claims

    def is_verified(self, claim: object) -> bool:
        """Whether ``claim`` says of the e-mail address that the provider has verified it."""
        return claim is True

    def _fetch_keys(self) -> Any:
        with get_adapter().get_requests_session() as session:
            response = session.get(self.certs_url)
            response.raise_for_status()
            return response.json()


class VerifyingGoogleAdapter(IdTokenAdapter, GoogleOAuth2Adapter):
    pass


class NonceProvider(OAuth2Provider):
    """Sends a nonce with each sign-in."""

    def get_redirect_from_request_kwargs(self, request: HttpRequest) -> dict[str, object]:
        arguments: dict[str, object] = super().get_redirect_from_request_kwargs(request)
        nonce = secrets.token_urlsafe(24)
        arguments["auth_params"] = {**self.get_auth_params(), "nonce": nonce}
        # allauth stores unknown arguments in the state, where the callback finds the nonce.
        arguments["nonce"] = nonce
        return arguments

    def extract_extra_data(self, data: dict[str, object]) -> dict[str, object]:
        """Keep only the name of the id token, for the user name."""
        return {"name": data.get("name") or data.get("given_name")}


class GoogleProvider(NonceProvider, google.GoogleProvider):
    oauth2_adapter_class = VerifyingGoogleAdapter


class SocialAdapter(DefaultSocialAccountAdapter):
    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        if sociallogin.is_existing and user_service.has_left(sociallogin.user):
            # The account was closed while allauth looked it up, and saved the identity again.
            sociallogin.account.delete()
            log.info("sign_in_refused", reason="closed", user_id=sociallogin.user.pk)
            raise ImmediateHttpResponse(
                _refusal(401, "UNAUTHENTICATED", "Your account was closed just now. Try again.")
            )
        if sociallogin.is_existing and not sociallogin.user.is_active:
            log.info("sign_in_refused", reason="inactive", user_id=sociallogin.user.pk)
            raise ImmediateHttpResponse(
                _refusal(403, "PERMISSION_DENIED", "This account has been deactivated.")
            )
        if sociallogin.is_existing:
            _keep_address(sociallogin)

    def populate_user(
        self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, str | None]
    ) -> User:
        """Set only the e-mail address; ``save_user`` chooses the user name."""
        user: User = sociallogin.user
        user.email = data.get("email") or ""
        return user

    @transaction.atomic
    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> User:
        """Create the account, link it to the provider and give the welcome bonus, or do nothing."""
        account = sociallogin.account
        _require_room(request)
        username = user_service.unique_username(str(account.extra_data["name"] or ""))
        # Two concurrent first sign-ins of one person wait for each other at the name lock above.
        made_meanwhile = (
            SocialAccount.objects.select_related("user")
            .filter(provider=account.provider, uid=account.uid)
            .first()
        )
        if made_meanwhile is not None:
            user: User = made_meanwhile.user
            sociallogin.account, sociallogin.user = made_meanwhile, user
            return user
        sociallogin.user.username = username
        user = super().save_user(request, sociallogin, form)
        mail_service.remember_language(user, get_language() or "")
        try:
            return user_service.welcome(
                user, provider=account.provider, provider_user_id=account.uid
            )
        except LeftSuspended as error:
            raise ImmediateHttpResponse(_refusal(403, error.code, error.message)) from error

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: object,
        error: object = None,
        exception: Exception | None = None,
        extra_context: dict[str, object] | None = None,
    ) -> None:
        log.warning("sign_in_refused", reason=_reason(error, exception))
        name = getattr(provider, "name", "Google")
        if isinstance(exception, RequestException):
            raise ImmediateHttpResponse(
                _refusal(503, "SERVICE_UNAVAILABLE", f"{name} does not answer. Try again later.")
            )
        if error == AuthError.CANCELLED:
            message = f"Signing in with {name} was canceled."
        else:
            message = f"Signing in with {name} did not work. Try again."
        raise ImmediateHttpResponse(_refusal(401, "UNAUTHENTICATED", message))


@transaction.atomic
def _keep_address(sociallogin: SocialLogin) -> None:
    """Write to the address that the provider has verified now: somebody else may read the one of
    before. Whose account it is, an address never says. Several accounts may have the same one."""
    user: User = sociallogin.user
    email = sociallogin.email_addresses[0].email if sociallogin.email_addresses else ""
    if not email or email == user.email:
        return
    # A closed account has none, also if it was closed this moment.
    if not User.objects.filter(pk=user.pk, closed_at=None).update(email=email):
        return
    user.email = email
    own = EmailAddress.objects.filter(user=user)
    own.exclude(primary=True).delete()
    own.update(email=email.lower())
    if mail_service.preference_of(user).refused:
        mail_service.change(user)
    log.info("address_changed", user_id=user.pk)


class CallbackView(OAuth2CallbackView):
    def _get_state(self, request: HttpRequest, provider: object) -> tuple[Any, Any]:
        """Pass the nonce of this sign-in to the adapter, which reads the token before the state."""
        state, response = super()._get_state(request, provider)
        self.adapter.expected_nonce = (state or {}).get("nonce", "")
        return state, response


_login = OAuth2LoginView.adapter_view(VerifyingGoogleAdapter)
_callback = CallbackView.adapter_view(VerifyingGoogleAdapter)


def is_set_up(provider: str) -> bool:
    """Whether people can sign in with it here."""
    [app] = settings.SOCIALACCOUNT_PROVIDERS[provider]["APPS"]
    return bool(app["client_id"])


@require_GET
def google_login(request: HttpRequest) -> HttpResponse:
    """Redirect to Google. ``?next=`` takes local paths; others are ignored."""
    if not settings.GOOGLE_CLIENT_ID:
        return not_set_up("Google")
    return begin(request, _login)


def begin(request: HttpRequest, login: Callable[[HttpRequest], HttpResponse]) -> HttpResponse:
    """Redirect to the provider of ``login``."""
    following = request.GET.get("next", "")
    is_local = following.startswith("/") and url_has_allowed_host_and_scheme(
        following, allowed_hosts=None
    )
    # allauth reads more from the query than a browser should control: scope, process, action …
    request.GET = QueryDict(urlencode({"next": following}) if is_local else "")
    return login(request)


@require_GET
def google_callback(request: HttpRequest) -> HttpResponse:
    """Complete the sign-in: redirect, or return the user to clients that accept only JSON."""
    if not settings.GOOGLE_CLIENT_ID:
        return not_set_up("Google")
    return finish(request, _callback)


def finish(request: HttpRequest, callback: Callable[[HttpRequest], HttpResponse]) -> HttpResponse:
    """Answer a browser that comes back from the provider of ``callback``."""
    response = callback(request)
    accept = request.headers.get("Accept", "")
    wants_json = "application/json" in accept and "text/html" not in accept
    if response.status_code == 302 and request.user.is_authenticated and wants_json:
        from app.views.auth import AuthViewSet

        return AuthViewSet.as_view({"get": "me"})(request)
    return response


def _require_room(request: HttpRequest) -> None:
    """Refuse one more account of an address that has made many. Those who have an account sign in
    as always."""
    verdict = throttling.check(request, "sign_up", client_address(request))
    if verdict is None or verdict.is_allowed:
        return
    log.info("sign_up_refused", seconds=verdict.reset_seconds)
    message = (
        "Too many accounts were made from your network. Try again in"
        f" {verdict.reset_seconds} seconds."
    )
    refusal = _refusal(429, "RATE_LIMITED", message)
    refusal["Retry-After"] = str(verdict.reset_seconds)
    raise ImmediateHttpResponse(refusal)


def not_set_up(name: str) -> HttpResponse:
    message = f"Sign-in with {name} is not set up on this server."
    return _refusal(503, "SERVICE_UNAVAILABLE", message)


def _refusal(status: int, code: str, message: str) -> HttpResponse:
    return HttpResponse(
        to_json(error_body(code, message)), status=status, content_type="application/json"
    )


def _reason(error: object, exception: Exception | None) -> str:
    """The reason for the log. It never quotes the provider's answer, which may contain tokens."""
    if exception is None:
        return str(error)
    return str(exception) if isinstance(exception, SignInRefusedError) else type(exception).__name__
