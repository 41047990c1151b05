"""A user's own pictures: what is looked for among them, and what is done with those chosen."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from app.models import Collection, GenerationStatus, User, Visibility
from app.models.collection import MAX_NAME
from app.models.order import MAX_PICTURES
from app.utils import spellings
from web.forms.base import OnceForm, SiteForm

# By the name in the address; the first shows all.
KINDS: dict[str, dict[str, Any]] = {
    "": {},
    "public": {"visibility": Visibility.PUBLIC, "status": GenerationStatus.COMPLETED},
    "private": {"visibility": Visibility.PRIVATE, "status": GenerationStatus.COMPLETED},
    "making": {"status__in": [GenerationStatus.QUEUED, GenerationStatus.PROCESSING]},
    "failed": {"status": GenerationStatus.FAILED},
}


class OwnForm(SiteForm):
    """The query of one's own pictures. The page leaves invalid values out, and says so."""

    show = forms.ChoiceField(
        required=False, choices=[(kind, kind) for kind in KINDS], label=_("Show")
    )
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
    collection = forms.TypedChoiceField(
        required=False, coerce=int, empty_value=None, label=_("Collection")
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.collections = list(Collection.objects.of(user))
        field = self.fields["collection"]
        assert isinstance(field, forms.ChoiceField)
        named = [(each.pk, each.name) for each in self.collections]
        field.choices = [("", gettext("All")), *named]
        if not named:
            field.widget = forms.HiddenInput()

    def wrong(self) -> list[str]:
        """The labels of what was left out."""
        return [str(self[name].label) for name in self.errors]

    @property
    def kind(self) -> str:
        return self._given("show") or ""

    @property
    def shown_collection(self) -> Collection | None:
        """The one whose pictures alone are wanted."""
        wanted = self._given("collection")
        return next((each for each in self.collections if each.pk == wanted), None)

    def narrowed(self) -> dict[str, Any]:
        """The arguments of ``find_own``."""
        return {
            "words": spellings.spellings_of(self._given("q") or ""),
            "style": self._given("style") or "",
            "since": self._given("since"),
            "until": self._given("until"),
            "collection": self._given("collection"),
        }

    def _given(self, name: str) -> Any:
        self.is_valid()
        return self.cleaned_data.get(name)


class PicturesForm(SiteForm):
    """Pictures by their numbers."""

    picture = forms.TypedMultipleChoiceField(coerce=int)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        given = self.data.getlist("picture") if hasattr(self.data, "getlist") else []
        field = self.fields["picture"]
        assert isinstance(field, forms.ChoiceField)
        said = gettext("Choose pictures first, at most %(most)s at once.") % {"most": MAX_PICTURES}
        field.error_messages |= {"required": said, "invalid_choice": said}
        # Whose they are is asked of the database.
        numbers = [each for each in given if is_number(each)]
        field.choices = [(number, number) for number in numbers[:MAX_PICTURES]]

    def said(self) -> str:
        """What is wrong with it."""
        return " ".join(str(error) for errors in self.errors.values() for error in errors)


class ChosenForm(PicturesForm):
    """And what to do with all of them. ``collection`` is the one that they are taken out of."""

    act = forms.ChoiceField(choices=[("zip", ""), ("out", ""), *Visibility.choices])
    collection = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)


class CollectForm(PicturesForm):
    """And the collection that they are put into; without one, a new one."""

    into = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)


class CollectionForm(OnceForm):
    """The name of a collection."""

    name = forms.CharField(
        max_length=MAX_NAME,
        label=_("Name"),
        help_text=_("Only you see it."),
    )


def is_number(text: str) -> bool:
    """Whether it may be an id."""
    return text.isascii() and text.isdecimal() and len(text) < 19
