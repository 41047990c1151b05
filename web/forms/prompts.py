"""The prompt of an order as people write it, and the formats and priorities on offer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext

from app.models import Priority
from app.services import pricing
from app.utils import prompt_text
from words import prompts


class Wrong(ValueError):
    """What was written cannot be ordered. The message says why, for people."""


def tags(given: Sequence[str]) -> dict[str, Any]:
    """A prompt of tags, as an order has it. Raises Wrong."""
    if not given:
        raise Wrong(gettext("Describe in a word or two what the picture should show."))
    try:
        prompt = list(dict.fromkeys(map(prompts.normalise, given)))
    except ValueError:
        said = gettext("Use letters, digits and signs, at most 50 for each word or phrase.")
        raise Wrong(said) from None
    if len(prompt) > prompts.MAX_TAGS:
        raise Wrong(gettext("At most 20 words or phrases."))
    return {"prompt_tags": prompt}


def text(given: str) -> dict[str, Any]:
    """The same of a text, for engines that draw any words. Raises Wrong."""
    try:
        return {"prompt": prompt_text.cleaned(given)}
    except ValueError:
        raise Wrong(gettext("Describe the picture in at most 300 characters.")) from None


def offer_formats(form: forms.Form, engine: str) -> None:
    """Show only those that the style's engine draws."""
    field = form.fields["aspect_ratio"]
    assert isinstance(field, forms.ChoiceField)
    field.choices = [(ratio.value, ratio.label) for ratio in pricing.formats_of(engine)]


def offer_priorities(form: forms.Form) -> None:
    """Show what a high one costs."""
    field = form.fields["priority"]
    assert isinstance(field, forms.ChoiceField)
    dearer = gettext("High: %(factor)s times the price")
    field.choices = [
        (Priority.NORMAL, gettext("Normal")),
        (Priority.HIGH, dearer % {"factor": settings.PRIORITY_PRICE_FACTOR.normalize()}),
    ]
