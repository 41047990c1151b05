"""Reports, acts of our staff, and appeals."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from app.models import Action, Ground, ModerationCase, ReportReason, User
from app.models.decision import FREE
from app.services.safety import appeals, deciding, records
from app.services.safety.reporting import Claim
from app.utils import clock
from web.cases import (
    FOLLOWS,
    FOLLOWS_OF_IMAGES,
    GROUND_OF,
    HINTS,
    VERBS,
    VERBS_OF_IMAGES,
)
from web.forms.base import OnceForm

# These are given to acts that break nothing, not chosen.
NO_GROUND = (Ground.APPEAL, Ground.NONE)


def _translated(text: Any) -> Any:
    return _(str(text)) if text else ""


class ReportForm(OnceForm):
    """What a stranger sees: everything. The fields of a claim are needed for a claim alone."""

    reason = forms.ChoiceField(
        label=_("What is wrong with it?"),
        widget=forms.RadioSelect,
        choices=[(value, _translated(label)) for value, label in ReportReason.choices],
        error_messages={"required": _("Choose what is wrong with it.")},
    )
    words = forms.CharField(
        required=False,
        max_length=2000,
        label=_("In your words"),
        help_text=_("What should we look at, and why is it wrong?"),
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    email = forms.EmailField(
        required=False,
        max_length=254,
        label=_("Your e-mail address"),
        help_text=_(
            "There we tell you that it arrived, and what we decided. A claim of rights needs it;"
            " otherwise you may leave it out."
        ),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    name = forms.CharField(
        required=False,
        max_length=200,
        label=_("Your full name"),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    work = forms.CharField(
        required=False,
        max_length=1000,
        label=_("Which work of yours is it, and where can we see it?"),
        help_text=_("For a name or a likeness: whose it is, and where that can be seen."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    is_good_faith = forms.BooleanField(
        required=False,
        label=_(
            "I believe in good faith that this use is allowed neither by the owner of the rights,"
            " nor by somebody for them, nor by the law."
        ),
    )
    is_accurate = forms.BooleanField(
        required=False,
        label=_(
            "What I say here is accurate, and under penalty of perjury: I own these rights, or may"
            " act for their owner."
        ),
    )
    signature = forms.CharField(
        required=False,
        max_length=200,
        label=_("Your signature"),
        help_text=_("Type your full name."),
    )

    def __init__(self, *args: Any, user: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if user is not None and user.is_authenticated:
            del self.fields["email"]

    @property
    def hints(self) -> list[tuple[Any, str]]:
        """Each reason's button, with what is asked of whoever chooses it."""
        return [(box, HINTS.get(str(box.data["value"]), "")) for box in self["reason"]]

    @property
    def statements(self) -> list[Any]:
        """What a claim states."""
        return [self["is_good_faith"], self["is_accurate"]]

    def given(self) -> dict[str, Any]:
        """For the service."""
        said = dict(self.cleaned_data)
        key = said.pop("key")
        names = ("name", "work", "is_good_faith", "is_accurate", "signature")
        return {"claim": Claim(**{name: said.pop(name) for name in names}), "key": key, **said}


LASTS = [
    ("", _("For good")),
    ("7", _("7 days")),
    ("30", _("30 days")),
    ("180", _("180 days")),
]


class ActForm(OnceForm):
    """What is done about a case, and why."""

    verbs, follows = VERBS, FOLLOWS

    action = forms.ChoiceField(
        label=_("What to do"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose what to do.")},
    )
    ground = forms.ChoiceField(
        required=False,
        label=_("Ground"),
        help_text=_("The law or the rule that is broken."),
        choices=[(each.value, _translated(each.label)) for each in Ground if each not in NO_GROUND],
    )
    words = forms.CharField(
        max_length=records.MAX_WORDS,
        label=_("Reason"),
        help_text=_("The facts, for whom it concerns. Name nobody who reported it."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    lasts = forms.ChoiceField(
        required=False,
        label=_("How long a suspension lasts"),
        choices=LASTS,
    )
    counts = forms.ChoiceField(
        required=False,
        label=_("Does it count against the account?"),
        choices=[("", _("As usual for this")), ("yes", _("Yes")), ("no", _("No"))],
    )
    # What the page showed: a case that somebody else has decided since is not decided once more.
    further = forms.BooleanField(required=False, widget=forms.HiddenInput)
    with_refund = forms.BooleanField(
        required=False, label=_("A revoked licence: give the buyer the price back")
    )

    def __init__(self, *args: Any, case: ModerationCase, staff: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["action"]
        assert isinstance(field, forms.ChoiceField)
        offered = [each for each in deciding.actions_for(case.kind) if deciding.may(staff, each)]
        self.is_for_another = records.has_answered(staff.pk, case)
        if self.is_for_another:
            offered.remove(Action.DISMISS)
        field.choices = [(each.value, _translated(VERBS[each])) for each in offered]
        self.fields["further"].initial = not case.is_open
        reason = next(iter(case.reasons), "")
        self.fields["ground"].initial = GROUND_OF.get(reason, Ground.RULES)
        if Action.REVOKE not in offered or not deciding.may(staff, Action.REVOKE, with_refund=True):
            del self.fields["with_refund"]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        action = given.get("action")
        if action in FREE:
            # Nothing is broken where nothing is taken.
            given["ground"] = Ground.NONE if action == Action.DISMISS else Ground.MISTAKE
        elif not given.get("ground"):
            self.add_error("ground", _("Choose the law or the rule."))
        return given

    @property
    def strikes(self) -> bool | None:
        return {"yes": True, "no": False}.get(self.cleaned_data["counts"])

    @property
    def gives_back(self) -> bool:
        given = self.cleaned_data
        return bool(given["action"] == Action.REVOKE and given.get("with_refund"))

    @property
    def settled(self) -> list[tuple[Any, Any]]:
        """What else was chosen, in words, for whoever is asked whether they are sure."""
        action = self.cleaned_data["action"]
        said: list[tuple[Any, Any]] = []
        if action == Action.SUSPEND:
            lasts = dict(LASTS)[self.cleaned_data["lasts"]]
            said.append((self.fields["lasts"].label, lasts))
        if action == Action.REVOKE:
            said.append(
                (
                    gettext("Price"),
                    gettext("The buyer gets the price back.")
                    if self.gives_back
                    else gettext("The buyer gets nothing back."),
                )
            )
        if action not in FREE:
            is_counted = deciding.counts(action, strikes=self.strikes)
            said.append(
                (self.fields["counts"].label, gettext("Yes") if is_counted else gettext("No"))
            )
        return said

    @property
    def until(self) -> datetime | None:
        lasts = self.cleaned_data["lasts"]
        return clock.now() + timedelta(days=int(lasts)) if lasts else None


class HeldForm(OnceForm):
    """What becomes of something that a check holds, and why."""

    verbs: Mapping[str, str]
    follows: Mapping[str, str]
    read_by: Any

    action = forms.ChoiceField(
        label=_("What to do"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose what to do.")},
    )
    words = forms.CharField(
        max_length=records.MAX_WORDS,
        label=_("Reason"),
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["action"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(value, _translated(verb)) for value, verb in self.verbs.items()]
        self.fields["words"].help_text = self.read_by


class WorksForm(HeldForm):
    """Works that are like those of others."""

    verbs = {each: VERBS[each] for each in (Action.ALLOW, Action.REFUSE)}
    follows = FOLLOWS
    read_by = _("Its artist reads this.")


class ImageForm(HeldForm):
    """A profile picture or signature that shows nudity."""

    verbs = VERBS_OF_IMAGES
    follows = FOLLOWS_OF_IMAGES
    read_by = _("Its owner reads this.")


DENY_ALONE = [("deny", _("Deny it: the decision stands"))]


class JudgeForm(OnceForm):
    """The answer to an appeal."""

    verdict = forms.ChoiceField(
        label=_("Your answer"),
        widget=forms.RadioSelect,
        choices=[
            ("grant", _("Grant it: give back what the decision took")),
            *DENY_ALONE,
        ],
        error_messages={"required": _("Choose an answer.")},
    )
    words = forms.CharField(
        max_length=records.MAX_WORDS,
        label=_("Reason"),
        help_text=_("Whoever appealed reads this."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(self, *args: Any, may_be_granted: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        verdict = self.fields["verdict"]
        assert isinstance(verdict, forms.ChoiceField)
        if not may_be_granted:
            verdict.choices = DENY_ALONE

    @property
    def is_granted(self) -> bool:
        return bool(self.cleaned_data["verdict"] == "grant")


class AppealForm(OnceForm):
    words = forms.CharField(
        max_length=appeals.MAX_WORDS,
        label=_("Why is the decision wrong?"),
        help_text=_("At most 2,000 characters. Somebody who has not decided before reads it."),
        widget=forms.Textarea(attrs={"rows": 6}),
    )


class CounterNoticeForm(AppealForm):
    """Against a decision for copyright; it may be a plain appeal, too."""

    name = forms.CharField(required=False, max_length=200, label=_("Your full name"))
    address = forms.CharField(
        required=False,
        max_length=500,
        label=_("Your address and telephone number"),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    signature = forms.CharField(
        required=False,
        max_length=200,
        label=_("Your signature"),
        help_text=_("Type your full name."),
    )

    @property
    def counter_notice(self) -> appeals.CounterNotice | None:
        return appeals.CounterNotice.of(self.cleaned_data)
