"""Artists and their styles."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.conf import settings
from django.utils.datastructures import MultiValueDict
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from app.models import Style, TermsKey
from app.models.style import MAX_PRICE, MIN_PRICE
from app.services.licences import declaration, terms
from app.utils import tag_names
from protocol.samples import MOST_OWN_PROMPTS
from web.forms.base import OnceForm, SiteForm
from words import prompts

# What artists are told of the engines that they choose among.
ENGINES = {
    "stylenet": _("stylenet: painted scenes of about 250 words, trained in seconds"),
    "diffusion": _("diffusion: whatever words describe, trained in minutes"),
}
LINE_END = re.compile(r"\r\n|\r|\n")


class OwnSiteForm(SiteForm):
    url = forms.CharField(
        max_length=500,
        label=_("Address of your site"),
        help_text=_("The page with the link itself: we do not follow redirects."),
        widget=forms.URLInput(),
    )


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


def _language() -> str:
    """The visitor's, of those that terms and declaration are published in."""
    language = get_language() or ""
    return language if language in terms.LANGUAGES else "en"


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
    terms = forms.ChoiceField(
        required=False,
        initial=TermsKey.COMMERCIAL,
        label=_("What may buyers do with the pictures?"),
        help_text=_("New terms hold for later orders."),
    )

    allows = forms.ChoiceField(
        required=False,
        initial="general",
        label=_("May buyers order nudity?"),
        choices=[("general", _("No")), ("mature", _("Yes, where it is not pornographic"))],
        help_text=_("Pictures with nudity are shown to those alone who want to see them."),
    )
    excluded_subjects = forms.CharField(
        required=False,
        max_length=1100,
        label=_("What may not be ordered in this style?"),
        help_text=_(
            "At most 20 words or phrases, separated by commas. Orders with these words are refused."
            " Everybody sees them with the terms of the style."
        ),
        widget=forms.TextInput(attrs={"placeholder": _("weapons, politics, brands")}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["terms"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(each.key, each.words[_language()].title) for each in terms.choices()]

    def clean_terms(self) -> str:
        """Forms of before have no such field."""
        return self.cleaned_data["terms"] or str(self.initial.get("terms", TermsKey.COMMERCIAL))

    def clean_tags(self) -> list[str]:
        return parsed_tags(self.cleaned_data["tags"])

    def clean_excluded_subjects(self) -> list[str]:
        given = tag_names.split(self.cleaned_data["excluded_subjects"])
        try:
            return list(map(prompts.normalise, given))
        except ValueError:
            said = gettext("Use letters, digits and signs, at most 50 for each word or phrase.")
            raise forms.ValidationError(said) from None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        cleaned["allows_mature"] = cleaned.pop("allows", "") == "mature"
        return cleaned


def allowed_in(style: Style) -> dict[str, str]:
    """What may be ordered, as StyleForm shows it."""
    return {
        "allows": "mature" if style.allows_mature else "general",
        "excluded_subjects": ", ".join(style.excluded_subjects),
    }


class OwnStyleForm(StyleForm):
    """A style that its artist changes. ``cover`` is the id of one of its works, or ``sample-`` and
    the place of a sample."""

    name = forms.CharField(
        max_length=100,
        label=_("Name of the style"),
        help_text=_("Files that were delivered keep the old name in their licence."),
    )
    cover = forms.RegexField(r"^(?:sample-\d{1,3}|[1-9]\d{0,17})$", required=False)
    field_order = [
        *("name", "description", "tags", "price", "terms", "allows", "excluded_subjects", "cover")
    ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        chosen = cleaned.get("cover") or ""
        of_sample = chosen.startswith("sample-")
        cleaned["cover"] = int(chosen) if chosen and not of_sample else None
        cleaned["cover_sample"] = int(chosen.removeprefix("sample-")) if of_sample else None
        return cleaned


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
    engine = forms.ChoiceField(
        required=False,
        label=_("What is to draw in this style?"),
        widget=forms.RadioSelect,
    )
    offer = forms.ChoiceField(
        required=False,
        initial="by_hand",
        label=_("When may people order from it?"),
        choices=[
            ("by_hand", _("When I have seen samples of it, and press “Offer”")),
            ("when_trained", _("As soon as it is trained")),
        ],
        widget=forms.RadioSelect,
    )
    sample_prompts = forms.CharField(
        required=False,
        strip=False,
        max_length=1100 * MOST_OWN_PROMPTS,
        label=_("Samples that you want to see"),
        help_text=_(
            "After the training, six samples are drawn for everybody to see what your style does."
            " Add up to three of your own: one line for each, words with commas."
        ),
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": _("robot, rain")}),
    )
    declared = forms.BooleanField(
        error_messages={"required": _("Confirm what you declare about your works.")}
    )
    # The version of the wording that was shown.
    wording = forms.IntegerField(required=False, widget=forms.HiddenInput)
    field_order = [
        *("name", "description", "tags", "price", "terms", "allows", "excluded_subjects"),
        *(
            "images",
            "image_tags",
            "engine",
            "offer",
            "sample_prompts",
            "declared",
            "wording",
            "key",
        ),
    ]

    def __init__(
        self, data: Any = None, files: MultiValueDict[str, Any] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(data, files, **kwargs)
        shown = declaration.current()
        self.fields["declared"].label = shown.text[_language()]
        self.fields["wording"].initial = shown.version
        engine = self.fields["engine"]
        assert isinstance(engine, forms.ChoiceField)
        engine.choices = [(name, ENGINES.get(name, name)) for name in settings.ENGINES]
        engine.initial = settings.ENGINES[0]
        if len(engine.choices) == 1:
            del self.fields["engine"]

    def clean_offer(self) -> str:
        return self.cleaned_data["offer"] or "by_hand"

    def clean_sample_prompts(self) -> list[list[str]]:
        lines = map(tag_names.split, LINE_END.split(self.cleaned_data["sample_prompts"]))
        given = [tags for tags in lines if tags]
        if len(given) > MOST_OWN_PROMPTS:
            raise forms.ValidationError(gettext("At most three samples."))
        if any(len(tags) > prompts.MAX_TAGS for tags in given):
            raise forms.ValidationError(gettext("At most 20 words or phrases."))
        try:
            return [list(map(prompts.normalise, tags)) for tags in given]
        except ValueError as error:
            raise forms.ValidationError(
                gettext("Use letters, digits and signs, at most 50 for each word or phrase.")
            ) from error

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
