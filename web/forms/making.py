"""The order of a picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from app.models import AspectRatio, Priority, Style
from app.models.generation import MAX_SEED, prompt_shown, unknown_words
from app.models.style import MAX_PRICE, MIN_PRICE
from app.services import pricing
from app.services.checks.prompts import require_allowed
from app.utils import prompt_text, tag_names
from protocol.engines import DRAW_KNOWN_WORDS
from web.forms import prompts
from web.forms.base import OnceForm

# Pictures of the same words. The list of an order takes more.
MOST_AT_ONCE = 4


class MakeForm(OnceForm):
    """The order of a picture, or a few of the same words: words, format, priority and seed, at the
    price and under the terms of the style that were shown.

    ``accepted`` are the unknown words that the buyer has been told of.
    """

    price = forms.IntegerField(
        required=False, min_value=MIN_PRICE, max_value=MAX_PRICE, widget=forms.HiddenInput
    )
    terms = forms.CharField(required=False, max_length=60, widget=forms.HiddenInput)
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
    priority = forms.ChoiceField(
        required=False,
        initial=Priority.NORMAL,
        label=_("Priority"),
        help_text=_("Of two who wait, a picture of high priority has its turn earlier."),
        widget=forms.RadioSelect,
    )
    # How many times the price a high one was said to cost.
    factor = forms.DecimalField(
        required=False, min_value=1, max_value=100, widget=forms.HiddenInput
    )
    seed = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=MAX_SEED,
        label=_("Seed"),
        help_text=_(
            "A number. The same words and seed give the same picture."
            " Leave it empty for a new picture each time. Several pictures take this number and"
            " those that follow it."
        ),
    )
    count = forms.TypedChoiceField(
        required=False,
        coerce=int,
        empty_value=None,
        choices=[(count, count) for count in range(1, MOST_AT_ONCE + 1)],
        initial=2,
        label=_("How many"),
        widget=forms.RadioSelect,
    )
    again = forms.BooleanField(required=False, label=_("The same picture again"))
    # The seed of the picture that this order began with.
    same = forms.IntegerField(
        required=False, min_value=0, max_value=MAX_SEED, widget=forms.HiddenInput
    )
    # That picture, if it is the buyer's own.
    like = forms.IntegerField(
        required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        prompts.offer_priorities(self)
        self.unknown_words: tuple[str, ...] = ()
        self.takes_text = False
        if isinstance(self.data, QueryDict):
            # Suggestions are only words: accept whatever was ticked.
            self.suggest(self.data.getlist("suggested"))

    def suggest(self, names: Sequence[str]) -> None:
        field = self.fields["suggested"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(name, name) for name in names]

    def ask_for_prompt(self, engine: str) -> None:
        """Ask for a text where the style's engine draws any words."""
        self.takes_text = engine not in DRAW_KNOWN_WORDS
        if self.takes_text:
            field = self.fields["words"]
            field.help_text = gettext("Words or sentences, at most 300 characters.")
            field.widget = forms.Textarea(attrs={"rows": 3, "maxlength": prompt_text.MAX_LENGTH})

    def show_price(self, price: int) -> None:
        """The price that is shown is what the buyer agrees to next."""
        factor = settings.PRIORITY_PRICE_FACTOR
        self.fields["price"].initial, self.fields["factor"].initial = price, factor
        self.renew(price=str(price), factor=str(factor))

    def show_terms(self, terms_id: str) -> None:
        """What the page says of the terms is what the buyer agrees to next."""
        self.renew(terms=terms_id)

    def clean_priority(self) -> str:
        return self.cleaned_data["priority"] or Priority.NORMAL

    def clean_count(self) -> int:
        return self.cleaned_data["count"] or 1

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.takes_text:
            return self._clean_text(cleaned)
        given = [*tag_names.split(cleaned.get("words", "")), *cleaned.get("suggested", [])]
        cleaned["prompt"] = self._ordered(prompts.tags, given)
        return cleaned

    def _clean_text(self, cleaned: dict[str, Any]) -> dict[str, Any]:
        said = [cleaned.get("words", ""), *cleaned.get("suggested", [])]
        given = ", ".join(each.strip() for each in said if each.strip())
        cleaned["prompt"] = self._ordered(prompts.text, given)
        return cleaned

    def _ordered(self, read: Callable[[Any], dict[str, Any]], given: Any) -> dict[str, Any]:
        try:
            return read(given)
        except prompts.Wrong as error:
            self.add_error("words", str(error))
            return {}

    def require_allowed_words(self, style: Style) -> None:
        """Raises WordsRefused."""
        ordered = self.cleaned_data["prompt"]
        text = prompt_shown(ordered.get("prompt"), ordered.get("prompt_tags", ()))
        require_allowed([(text, style)])

    def tell_unknown_words(self, engine: str) -> bool:
        """Whether there are unknown words that the buyer has not been told of; they are now.

        Words from the style need not be known: they choose among its works.
        """
        unknown = unknown_words(engine, tag_names.split(self.cleaned_data["words"]))
        told = tag_names.split(self.cleaned_data["accepted"])
        self.unknown_words = unknown
        return not set(unknown) <= set(told)

    def order(self) -> dict[str, Any]:
        """The arguments of ``request_generation``, for one picture."""
        given = self.cleaned_data
        seen, ratio, priority = given["price"], given["aspect_ratio"], given["priority"]
        cost = None
        if seen is not None:
            cost = pricing.cost_of(seen, ratio, priority, factor=given["factor"])
        return {
            **given["prompt"],
            "aspect_ratio": ratio,
            "priority": priority,
            "seed": self._seed(),
            "again": given["like"] if given["again"] else None,
            "expected_cost": cost,
            "expected_terms": given["terms"] or None,
        }

    def order_of_several(self, style_id: int) -> dict[str, Any]:
        """The arguments of ``placing.place``, for ``count`` pictures."""
        one, count = self.order(), self.cleaned_data["count"]
        seed, cost = one.pop("seed"), one.pop("expected_cost")
        terms, priority = one.pop("expected_terms"), one.pop("priority")
        # Its settings are for one picture alone.
        del one["again"]
        item = {"style_id": style_id, **one}
        # As many tools do: the seeds after the one that is given.
        seeds = [] if seed is None else [(seed + n) % (MAX_SEED + 1) for n in range(count)]
        return {
            "items": [{**item, "seed": each, "count": 1} for each in seeds]
            or [{**item, "seed": None, "count": count}],
            "expected_cost": None if cost is None else count * cost,
            "expected_terms": terms,
            "priority": priority,
        }

    def _seed(self) -> int | None:
        seed: int | None = self.cleaned_data["seed"]
        if seed is None and self.cleaned_data["again"]:
            seed = self.cleaned_data["same"]
        return seed
