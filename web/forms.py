"""The forms of the site. Services check the rules."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from app.models import AspectRatio, Visibility
from app.models.api_key import Scope
from app.models.generation import MAX_SEED
from app.models.style import MAX_PRICE, MIN_PRICE
from app.services import pricing, user_service
from app.utils import names, tag_names
from web import once
from words import prompts, understand

LINE_END = re.compile(r"\r\n|\r|\n")


class Field(BoundField):
    """Where the form is wrong first, there its reader is put: by the browser, without scripts."""

    def build_widget_attrs(
        self, attrs: dict[str, Any], widget: forms.Widget | None = None
    ) -> dict[str, Any]:
        built: dict[str, Any] = super().build_widget_attrs(attrs, widget)
        form = self.form
        is_first = form.is_bound and next(iter(form.errors), "") == self.name
        if is_first and not form.non_field_errors():
            built["autofocus"] = True
        return built


class SiteForm(forms.Form):
    """The base of all forms: labels have no colon, because they are bold."""

    bound_field_class = Field

    def __init__(self, data: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(names.composed(data), *args, **{"label_suffix": "", **kwargs})


class OnceForm(SiteForm):
    """A form with a hidden idempotency key: sending it twice takes effect once."""

    key = forms.CharField(max_length=100, widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["key"].initial = once.new_key

    def renew_key(self) -> None:
        """Give a form that is shown again a new key: sending it again is a new order."""
        self.renew(key=once.new_key())

    def renew(self, **hidden: str) -> None:
        """Put other values into fields that nobody sees."""
        if isinstance(self.data, QueryDict):
            data = self.data.copy()
            for name, value in hidden.items():
                data[name] = value
            self.data = data

    def clean_key(self) -> str:
        return self.cleaned_data["key"] or once.new_key()


class MakeForm(OnceForm):
    """The order of a picture: words, format and seed, at the style's price that was shown.

    ``accepted`` are the unknown words that the buyer has been told of.
    """

    price = forms.IntegerField(
        required=False, min_value=MIN_PRICE, max_value=MAX_PRICE, widget=forms.HiddenInput
    )

    suggested = forms.MultipleChoiceField(
        required=False, label=_("Words from this style"), widget=forms.CheckboxSelectMultiple
    )
    words = forms.CharField(
        required=False,
        max_length=1100,
        label=_("What should the picture show?"),
        help_text=_("English or Korean words or short phrases, separated by commas."),
        widget=forms.TextInput(attrs={"placeholder": _("castle, sunset, sea")}),
    )
    accepted = forms.CharField(required=False, max_length=1100, widget=forms.HiddenInput)
    aspect_ratio = forms.ChoiceField(
        choices=AspectRatio.choices,
        initial=AspectRatio.SQUARE,
        label=_("Format"),
        widget=forms.RadioSelect,
    )
    seed = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=MAX_SEED,
        label=_("Seed"),
        help_text=_(
            "A number. The same words and seed give the same picture."
            " Leave it empty for a new picture each time."
        ),
    )
    again = forms.BooleanField(required=False, label=_("The same picture again"))
    # The seed of the picture that this order began with.
    same = forms.IntegerField(
        required=False, min_value=0, max_value=MAX_SEED, widget=forms.HiddenInput
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.unknown_words: tuple[str, ...] = ()
        if isinstance(self.data, QueryDict):
            # Suggestions are only words: accept whatever was ticked.
            self.suggest(self.data.getlist("suggested"))

    def suggest(self, names: Sequence[str]) -> None:
        field = self.fields["suggested"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(name, name) for name in names]

    def show_price(self, price: int) -> None:
        """The price that is shown is what the buyer agrees to next."""
        self.fields["price"].initial = price
        self.renew(price=str(price))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        given = [*tag_names.split(cleaned.get("words", "")), *cleaned.get("suggested", [])]
        try:
            prompt = list(dict.fromkeys(map(prompts.normalise, given)))
        except ValueError:
            prompt = []
            self.add_error(
                "words",
                gettext("Use letters, digits and signs, at most 50 for each word or phrase."),
            )
        if not given:
            self.add_error(
                "words", gettext("Describe in a word or two what the picture should show.")
            )
        elif len(prompt) > prompts.MAX_TAGS:
            self.add_error("words", gettext("At most 20 words or phrases."))
        cleaned["prompt"] = prompt
        return cleaned

    def tell_unknown_words(self) -> bool:
        """Whether there are unknown words that the buyer has not been told of; they are now.

        Words from the style need not be known: they choose among its works.
        """
        unknown = understand(tag_names.split(self.cleaned_data["words"])).unknown_words
        told = tag_names.split(self.cleaned_data["accepted"])
        self.unknown_words = unknown
        return not set(unknown) <= set(told)

    def order(self) -> dict[str, Any]:
        """The arguments of ``request_generation``."""
        seen, ratio = self.cleaned_data["price"], self.cleaned_data["aspect_ratio"]
        seed = self.cleaned_data["seed"]
        if seed is None and self.cleaned_data["again"]:
            seed = self.cleaned_data["same"]
        return {
            "prompt_tags": self.cleaned_data["prompt"],
            "aspect_ratio": ratio,
            "seed": seed,
            "expected_cost": None if seen is None else pricing.cost_of(seen, ratio),
        }


class SearchForm(SiteForm):
    """The query of the page of styles. Invalid values are ignored, not refused."""

    q = forms.CharField(required=False, max_length=100)
    sort = forms.ChoiceField(required=False, choices=[("created_at", ""), ("popular", "")])
    followed = forms.BooleanField(required=False)

    def wanted(self) -> dict[str, Any]:
        self.is_valid()
        tags = self.data.getlist("tag") if hasattr(self.data, "getlist") else []
        return {
            "q": self.cleaned_data.get("q", "").replace("\x00", ""),
            "sort": self.cleaned_data.get("sort") or "created_at",
            "followed": self.cleaned_data.get("followed", False),
            "tags": list(dict.fromkeys(tag.replace("\x00", "") for tag in tags if tag))[:10],
        }


class FeedForm(SiteForm):
    """The query of the wall. Invalid values are ignored, not refused."""

    sort = forms.ChoiceField(required=False, choices=[("popular", "")])
    tag = forms.CharField(required=False, max_length=50)
    style = forms.IntegerField(required=False, min_value=1)
    artist = forms.IntegerField(required=False, min_value=1)
    format = forms.ChoiceField(required=False, choices=AspectRatio.choices)

    def wanted(self) -> dict[str, Any]:
        self.is_valid()
        return {
            name: self.cleaned_data[name] for name in self.cleaned_data if self.cleaned_data[name]
        }


class PictureForm(SiteForm):
    visibility = forms.ChoiceField(required=False, choices=Visibility.choices)
    description = forms.CharField(
        required=False,
        max_length=500,
        label=_("Description"),
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def changes(self) -> dict[str, Any]:
        """The fields that were sent: each button sends only its own."""
        sent = {name: self.cleaned_data[name] for name in self.fields if name in self.data}
        return {name: value for name, value in sent.items() if value or name == "description"}


class CommentForm(OnceForm):
    content = forms.CharField(
        max_length=500, label=_("Comment"), widget=forms.Textarea(attrs={"rows": 2})
    )
    parent_id = forms.IntegerField(
        required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput
    )


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


class JoinForm(SiteForm):
    artist_name = forms.CharField(
        max_length=60,
        label=_("Artist name"),
        help_text=_("This name is shown with your styles and signs your pictures."),
    )
    signature_image = forms.FileField(
        required=False,
        label=_("Signature file"),
        help_text=_("A PNG with a transparent background, at most 1 MB."),
        widget=forms.FileInput(attrs={"accept": "image/png"}),
    )


def parsed_tags(text: str) -> list[str]:
    """The tags of a comma-separated list. Raises ValidationError."""
    try:
        return tag_names.normalise_all(tag_names.split(text))
    except ValueError as error:
        raise forms.ValidationError(gettext(str(error))) from error


class StyleForm(SiteForm):
    """The fields of a style that its artist may change at any time."""

    description = forms.CharField(
        required=False,
        max_length=2000,
        label=_("Description"),
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    tags = forms.CharField(
        required=False,
        max_length=1100,
        label=_("Tags"),
        help_text=_(
            "At most 20, in English, separated by commas. Buyers use them to find your style."
        ),
        widget=forms.TextInput(attrs={"placeholder": _("watercolour, landscape, soft")}),
    )
    price = forms.IntegerField(
        min_value=MIN_PRICE,
        max_value=MAX_PRICE,
        initial=10,
        label=_("Price of a 512 × 512 picture, in tokens"),
    )

    def clean_tags(self) -> list[str]:
        return parsed_tags(self.cleaned_data["tags"])


class OwnStyleForm(StyleForm):
    """A style that its artist changes. ``cover`` is the id of one of its works."""

    name = forms.CharField(
        max_length=100,
        label=_("Name of the style"),
        help_text=_("Files that were delivered keep the old name in their licence."),
    )
    cover = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    field_order = ["name", "description", "tags", "price", "cover"]


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Any number of files, as a list; how many and which is the service's to judge."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        return [file for file in (data or []) if file]


class UploadForm(OnceForm, StyleForm):
    """A new style. ``image_tags`` has a line for each picture, in their order."""

    name = forms.CharField(max_length=100, label=_("Name of the style"))
    images = FilesField(
        required=False,
        label=_("Pictures"),
        widget=FilesInput(attrs={"accept": "image/jpeg,image/png"}),
    )
    image_tags = forms.CharField(
        required=False,
        # An empty line stands for a picture that has no tags.
        strip=False,
        max_length=200_000,
        label=_("Tags of the pictures"),
        help_text=_(
            "One line for each picture, in the same order: what it shows, separated by commas."
            " Buyers see these words as suggestions."
        ),
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    field_order = ["name", "description", "tags", "price", "images", "image_tags", "key"]

    def __init__(
        self, data: Any = None, files: MultiValueDict[str, Any] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(data, files, **kwargs)

    def clean_image_tags(self) -> list[list[str]]:
        lines: str = self.cleaned_data["image_tags"]
        # Not splitlines(): it also parts at signs that a tag may have been pasted with.
        return [parsed_tags(line) for line in LINE_END.split(lines)]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        count = len(cleaned.get("images", []))
        lines = cleaned.get("image_tags", [])
        if any(lines[count:]):
            self.add_error("image_tags", gettext("There are more lines than pictures."))
        cleaned["image_tags"] = (lines + [[]] * count)[:count]
        return cleaned
