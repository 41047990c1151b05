"""What is looked for: the queries of the wall and of the page of styles."""

from __future__ import annotations

from typing import Any

from django import forms

from app.models import AspectRatio
from web.forms.base import SiteForm


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
    q = forms.CharField(required=False, max_length=100)
    style = forms.IntegerField(required=False, min_value=1)
    artist = forms.IntegerField(required=False, min_value=1)
    format = forms.ChoiceField(required=False, choices=AspectRatio.choices)

    def wanted(self) -> dict[str, Any]:
        self.is_valid()
        return {
            name: self.cleaned_data[name] for name in self.cleaned_data if self.cleaned_data[name]
        }
