"""What all forms of the site have in common."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.http import QueryDict

from app.utils import names
from web import once


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
