"""What is said of a picture, by its owner and in comments."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from app.models import Visibility
from web.forms.base import OnceForm, SiteForm


class PictureForm(SiteForm):
    visibility = forms.ChoiceField(required=False, choices=Visibility.choices)
    description = forms.CharField(
        required=False,
        max_length=500,
        label=_("Description"),
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    allows_comments = forms.ChoiceField(required=False, choices=[("yes", "yes"), ("no", "no")])

    def changes(self) -> dict[str, Any]:
        """The fields that were sent: each button sends only its own."""
        sent = {name: self.cleaned_data[name] for name in self.fields if name in self.data}
        given = {name: value for name, value in sent.items() if value or name == "description"}
        if "allows_comments" in given:
            given["allows_comments"] = given["allows_comments"] == "yes"
        return given


class CommentForm(OnceForm):
    content = forms.CharField(
        max_length=500, label=_("Comment"), widget=forms.Textarea(attrs={"rows": 2})
    )
    parent_id = forms.IntegerField(
        required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput
    )
