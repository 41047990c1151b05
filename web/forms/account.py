"""The user's own: sign-in, profile, keys, wallet."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from app.models import MailKind, MailRhythm, WebhookEvent
from app.models.api_key import Scope
from app.services import user_service
from app.utils.public_addresses import MAX_LENGTH
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


class ShownForm(SiteForm):
    """What somebody wants to see; a form of its own, since a tick that is missing says no."""

    shows_mature = forms.BooleanField(
        required=False,
        label=_("Show me pictures with nudity"),
        help_text=_("Otherwise they are in no list, and blurred on their own page."),
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


class WebhookForm(OnceForm):
    url = forms.CharField(
        max_length=MAX_LENGTH,
        label=_("Address"),
        help_text=_("It begins with https://."),
        widget=forms.URLInput(attrs={"placeholder": "https://example.com/hooks"}),
    )
    description = forms.CharField(required=False, max_length=100, label=_("What is it for?"))
    events = forms.MultipleChoiceField(
        required=False,
        choices=[(event.value, _(event.label)) for event in WebhookEvent],
        label=_("What is it told of?"),
        help_text=_("Choose nothing for everything."),
        widget=forms.CheckboxSelectMultiple,
    )


class MailForm(SiteForm):
    kinds = forms.MultipleChoiceField(
        required=False,
        choices=[
            (MailKind.MONEY, _("Sales, refunds and licences that end")),
            (MailKind.MODERATION, _("What our staff decides about my things")),
            (MailKind.PICTURES, _("My pictures are ready, or failed")),
            (MailKind.STYLES, _("My styles are trained, or failed")),
            (MailKind.PEOPLE, _("Likes, comments and followers")),
            (MailKind.SYSTEMS, _("My webhooks are switched off")),
        ],
        label=_("What do you want to hear of?"),
        help_text=_("The first two are sent within minutes, the others together."),
        widget=forms.CheckboxSelectMultiple,
    )
    rhythm = forms.ChoiceField(
        choices=[
            (MailRhythm.HOUR, _("At most once an hour")),
            (MailRhythm.DAY, _("At most once a day")),
        ],
        label=_("How often?"),
    )
    language = forms.ChoiceField(choices=settings.LANGUAGES, required=False, label=_("Language"))


class LeaveForm(SiteForm):
    """Closing an account: the user types their user name to confirm."""

    username = forms.CharField(max_length=150, label=_("Type your user name to confirm"))
    forfeits = forms.BooleanField(
        required=False, label=_("I give up my earnings that were not paid out.")
    )
