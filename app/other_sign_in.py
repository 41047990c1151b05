"""Sign-in with GitHub and with Apple, where the environment says that it is set up.

Each identity is an account of its own: who signs in with the e-mail address of an account that came
by another provider gets another account, and never that one.
"""

from __future__ import annotations

from typing import Any

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.apple import provider as apple
from allauth.socialaccount.providers.apple.client import AppleOAuth2Client
from allauth.socialaccount.providers.github import provider as github
from allauth.socialaccount.providers.oauth2.views import OAuth2Adapter, OAuth2LoginView
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import urlencode
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods

from app.sign_in import (
    CallbackView,
    IdTokenAdapter,
    NonceProvider,
    SignInRefusedError,
    begin,
    finish,
    is_set_up,
    not_set_up,
)

# What GitHub says in e-mail addresses; more is no answer of GitHub.
MOST_ADDRESSES = 200


class GitHubAdapter(OAuth2Adapter):
    """GitHub has no id tokens: its API says over TLS whose the access token is, which is then
    forgotten."""

    provider_id = "github"

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        provider: dict[str, Any] = settings.SOCIALACCOUNT_PROVIDERS[self.provider_id]
        self.authorize_url = provider["AUTHORIZE_URL"]
        self.access_token_url = provider["ACCESS_TOKEN_URL"]
        self.api_url = provider["API_URL"]

    def parse_token(self, data: dict[str, object]) -> SocialToken:
        """It is used for two questions and not stored; when it ends does not matter."""
        token = data.get("access_token")
        if not isinstance(token, str):
            raise SignInRefusedError("The provider sent no access token.")
        return SocialToken(token=token)

    def complete_login(
        self, request: HttpRequest, app: SocialApp, token: SocialToken, **kwargs: object
    ) -> SocialLogin:
        person = self._ask("/user", token)
        if not isinstance(person, dict) or type(person.get("id")) is not int:
            raise SignInRefusedError("The provider names nobody.")
        email = _verified(self._ask("/user/emails", token))
        told = {"id": person["id"], "name": person.get("name") or person.get("login")}
        return self.get_provider().sociallogin_from_response(request, {**told, "email": email})

    def _ask(self, path: str, token: SocialToken) -> Any:
        headers = {"Authorization": f"Bearer {token.token}", "Accept": "application/json"}
        with get_adapter().get_requests_session() as session:
            response = session.get(f"{self.api_url}{path}", headers=headers)
            response.raise_for_status()
            return response.json()


def _verified(addresses: Any) -> str:
    """The primary address, which GitHub has verified. Raises SignInRefusedError."""
    for each in addresses[:MOST_ADDRESSES] if isinstance(addresses, list) else ():
        is_it = isinstance(each, dict) and each.get("primary") is True
        if is_it and each.get("verified") is True and isinstance(each.get("email"), str):
            return str(each["email"])
    raise SignInRefusedError("The e-mail address is not verified.")


class GitHubProvider(github.GitHubProvider):
    oauth2_adapter_class = GitHubAdapter

    def extract_extra_data(self, data: dict[str, object]) -> dict[str, object]:
        """Keep only the name, for the user name."""
        return {"name": data.get("name")}


class AppleAdapter(IdTokenAdapter):
    """The id token is the one that Apple gives for the code, never the one that the browser
    brings."""

    provider_id = "apple"
    client_class = AppleOAuth2Client

    def is_verified(self, claim: object) -> bool:
        """Apple writes it as text, too."""
        return claim == "true" or super().is_verified(claim)


class AppleProvider(NonceProvider, apple.AppleProvider):
    oauth2_adapter_class = AppleAdapter

    def extract_extra_data(self, data: dict[str, object]) -> dict[str, object]:
        """Apple's tokens have no name. Its form does, which the browser could change."""
        return {"name": None}


_github_login = OAuth2LoginView.adapter_view(GitHubAdapter)
_github_callback = CallbackView.adapter_view(GitHubAdapter)
_apple_login = OAuth2LoginView.adapter_view(AppleAdapter)
_apple_callback = CallbackView.adapter_view(AppleAdapter)


@require_GET
def github_login(request: HttpRequest) -> HttpResponse:
    """Redirect to GitHub. ``?next=`` takes local paths; others are ignored."""
    return begin(request, _github_login) if is_set_up("github") else not_set_up("GitHub")


@require_GET
def github_callback(request: HttpRequest) -> HttpResponse:
    return finish(request, _github_callback) if is_set_up("github") else not_set_up("GitHub")


@require_GET
def apple_login(request: HttpRequest) -> HttpResponse:
    """Redirect to Apple. ``?next=`` takes local paths; others are ignored."""
    return begin(request, _apple_login) if is_set_up("apple") else not_set_up("Apple")


@csrf_exempt
@require_http_methods(["GET", "POST"])
def apple_callback(request: HttpRequest) -> HttpResponse:
    """Apple sends a form from its own site, with which browsers send no cookies: the redirect to
    this address again has them. The state says that the browser began the sign-in."""
    if not is_set_up("apple"):
        return not_set_up("Apple")
    if request.method == "POST":
        told = {
            name: request.POST[name] for name in ("code", "state", "error") if name in request.POST
        }
        answer = redirect(f"{request.path}?{urlencode(told)}")
        answer.status_code = 303
        return answer
    return finish(request, _apple_callback)
