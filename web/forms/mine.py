"""A user's own pictures: what is looked for among them, and what is done with those chosen."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from app.models import GenerationStatus, Visibility
from app.models.order import MAX_PICTURES
from app.utils import spellings
from web.forms.base import SiteForm

# By the name in the address; the first shows all.
KINDS: dict[str, dict[str, Any]] = {
    "": {},
    "public": {"visibility": Visibility.PUBLIC, "status": GenerationStatus.COMPLETED},
    "private": {"visibility": Visibility.PRIVATE, "status": GenerationStatus.COMPLETED},
    "making": {"status__in": [GenerationStatus.QUEUED, GenerationStatus.PROCESSING]},
    "failed": {"status": GenerationStatus.FAILED},
}


class OwnForm(SiteForm):
    """The query of one's own pictures. Invalid values are ignored, not refused."""

    show = forms.ChoiceField(required=False, choices=[(kind, kind) for kind in KINDS])
    q = forms.CharField(
        required=False,
        max_length=100,
        label=_("Words"),
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    style = forms.CharField(
        required=False,
        max_length=100,
        label=_("Style"),
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    since = forms.DateField(
        required=False, label=_("From"), widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        required=False, label=_("To"), widget=forms.DateInput(attrs={"type": "date"})
    )

    @property
    def kind(self) -> str:
        return self._given("show") or ""

    def narrowed(self) -> dict[str, Any]:
        """The arguments of ``find_own``."""
        return {
            "words": spellings.spellings_of(self._given("q") or ""),
            "style": self._given("style") or "",
            "since": self._given("since"),
            "until": self._given("until"),
        }

    def _given(self, name: str) -> Any:
        self.is_valid()
        return self.cleaned_data.get(name)


class ChosenForm(SiteForm):
    """Pictures by their numbers, and what to do with all of them."""

    picture = forms.TypedMultipleChoiceField(coerce=int)
    act = forms.ChoiceField(choices=[("zip", ""), *Visibility.choices])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        given = self.data.getlist("picture") if hasattr(self.data, "getlist") else []
        numbers = [each for each in given if each.isascii() and each.isdecimal() and len(each) < 19]
        field = self.fields["picture"]
        assert isinstance(field, forms.ChoiceField)
        said = gettext("Choose pictures first, at most %(most)s at once.") % {"most": MAX_PICTURES}
        field.error_messages |= {"required": said, "invalid_choice": said}
        # Whose they are is asked of the database.
        field.choices = [(number, number) for number in numbers[:MAX_PICTURES]]
