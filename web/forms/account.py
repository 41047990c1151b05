"""The user's own: sign-in, profile, keys, wallet."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from app.models.api_key import Scope
from app.services import user_service
from web.forms.base import OnceForm, SiteForm

PAYMENT_METHODS = [
    ("card", _("Card")),
    ("bank_transfer", _("Bank transfer")),
    ("kakao_pay", "KakaoPay"),
    ("paypal", "PayPal"),
]


class BuyForm(OnceForm):
    # The page that the tokens are bought for.
    next = forms.CharField(required=False, max_length=1000, widget=forms.HiddenInput)
    amount = forms.IntegerField(
        min_value=100,
        max_value=1_000_000,
        step_size=100,
        initial=500,
        label=_("Tokens"),
        help_text=_("In steps of 100."),
        widget=forms.NumberInput(attrs={"list": "amounts"}),
    )
    payment_method = forms.ChoiceField(
        choices=PAYMENT_METHODS, initial="card", label=_("Pay with"), widget=forms.RadioSelect
    )


class DemoSignInForm(SiteForm):
    username = forms.CharField(max_length=40, label=_("Name"))


class ProfileForm(SiteForm):
    username = forms.RegexField(
        user_service.USERNAME_PATTERN,
        label=_("User name"),
        help_text=_("2–40 letters, digits, dots, dashes, underscores."),
        error_messages={"invalid": _("Use 2–40 letters, digits, dots, dashes, underscores.")},
    )
    bio = forms.CharField(
        required=False,
        max_length=500,
        label=_("About me"),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    profile_image = forms.FileField(
        required=False,
        label=_("Profile picture"),
        help_text=_("JPG or PNG, at most 2 MB. It is cropped to a square."),
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png"}),
    )


class KeyForm(OnceForm):
    name = forms.CharField(max_length=60, label=_("What is the key for?"))
    scopes = forms.MultipleChoiceField(
        choices=[
            (Scope.READ, _("Read everything that I can see")),
            (Scope.GENERATE, _("Order and cancel pictures, which costs tokens")),
            (Scope.MANAGE, _("Change my styles, pictures, profile and likes")),
        ],
        initial=[Scope.READ],
        label=_("What may it do?"),
        widget=forms.CheckboxSelectMultiple,
    )


class LeaveForm(SiteForm):
    """Closing an account: the user types their user name to confirm."""

    username = forms.CharField(max_length=150, label=_("Type your user name to confirm"))
