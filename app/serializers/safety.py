"""Reports, statements of reasons and appeals; and what the desk sees."""

from rest_framework import serializers

from app.models import Action, AppealState, CaseState, Ground, ReportReason, ThingKind
from app.serializers.base import BaseSerializer


class ReportCreateSerializer(BaseSerializer):
    kind = serializers.ChoiceField(choices=ThingKind.choices)
    id = serializers.IntegerField(min_value=1, help_text="Of the thing; of a profile, its user's.")
    reason = serializers.ChoiceField(choices=ReportReason.choices)
    words = serializers.CharField(max_length=2000, allow_blank=True, default="")
    url = serializers.CharField(
        max_length=500, allow_blank=True, default="", help_text="The exact address."
    )
    email = serializers.EmailField(
        allow_blank=True,
        default="",
        help_text="Where somebody without an account is told; claims of rights need it.",
    )
    name = serializers.CharField(max_length=200, allow_blank=True, default="")
    work = serializers.CharField(
        max_length=1000, allow_blank=True, default="", help_text="Which work, and where it is."
    )
    good_faith = serializers.BooleanField(
        default=False, help_text="I believe in good faith that this use is not authorised."
    )
    accurate = serializers.BooleanField(
        default=False,
        help_text="Under penalty of perjury: this is accurate, and I may act for the owner.",
    )
    signature = serializers.CharField(max_length=200, allow_blank=True, default="")


class ReportSerializer(BaseSerializer):
    """What whoever reported may know of it."""

    token = serializers.CharField(help_text="Opens `GET /api/reports/{token}`.")
    kind = serializers.ChoiceField(choices=ThingKind.choices, source="report.case.kind")
    id = serializers.IntegerField(source="report.case.thing_id", help_text="Of the thing.")
    reason = serializers.ChoiceField(choices=ReportReason.choices, source="report.reason")
    created_at = serializers.DateTimeField(source="report.created_at")
    state = serializers.ChoiceField(choices=CaseState.choices)
    action = serializers.ChoiceField(choices=Action.choices, allow_null=True)
    ground = serializers.ChoiceField(choices=Ground.choices, allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)


class AppealSerializer(BaseSerializer):
    id = serializers.IntegerField()
    state = serializers.ChoiceField(choices=AppealState.choices)
    words = serializers.CharField()
    is_counter_notice = serializers.BooleanField()
    answer = serializers.CharField(help_text="Of who judged it; empty before.")
    created_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)


class ReasonsSerializer(BaseSerializer):
    """A statement of reasons (DSA Art. 17)."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=ThingKind.choices)
    thing_id = serializers.IntegerField()
    action = serializers.ChoiceField(choices=Action.choices)
    ground = serializers.ChoiceField(choices=Ground.choices)
    facts = serializers.CharField()
    is_automated = serializers.BooleanField()
    money = serializers.JSONField(
        help_text="`effect`: none, held or refunded; and the tokens `refunded` and `taken`."
    )
    suspended_until = serializers.DateTimeField(
        allow_null=True, help_text="How long a suspension lasts; null: for good, or there is none."
    )
    created_at = serializers.DateTimeField()
    appeal_until = serializers.DateTimeField()
    appeal = AppealSerializer(allow_null=True, default=None)


class AppealCreateSerializer(BaseSerializer):
    words = serializers.CharField(max_length=2000)
    name = serializers.CharField(
        max_length=200, allow_blank=True, default="", help_text="Of a counter-notice."
    )
    address = serializers.CharField(max_length=500, allow_blank=True, default="")
    signature = serializers.CharField(
        max_length=200,
        allow_blank=True,
        default="",
        help_text=(
            "Under penalty of perjury: it was removed by mistake, and I agree to the court of my"
            " address. A counter-notice has a name, an address and a signature: all or none."
        ),
    )


class CaseSerializer(BaseSerializer):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=ThingKind.choices)
    thing_id = serializers.IntegerField()
    subject_id = serializers.IntegerField(help_text="Whose thing it is.")
    state = serializers.ChoiceField(choices=CaseState.choices)
    severity = serializers.IntegerField()
    reasons = serializers.ListField(child=serializers.ChoiceField(choices=ReportReason.choices))
    report_count = serializers.IntegerField()
    findings = serializers.JSONField(help_text="Of checks by machine.")
    opened_at = serializers.DateTimeField()
    last_reported_at = serializers.DateTimeField(allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)


class CasesQuerySerializer(BaseSerializer):
    kind = serializers.ChoiceField(choices=ThingKind.choices, default="", allow_blank=True)


class DecisionSerializer(BaseSerializer):
    """An audit entry: it never changes."""

    id = serializers.IntegerField()
    case_id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=ThingKind.choices)
    thing_id = serializers.IntegerField()
    subject_id = serializers.IntegerField()
    action = serializers.ChoiceField(choices=Action.choices)
    ground = serializers.ChoiceField(choices=Ground.choices)
    words = serializers.CharField()
    is_automated = serializers.BooleanField()
    staff_id = serializers.IntegerField(allow_null=True)
    second_id = serializers.IntegerField(allow_null=True)
    before = serializers.JSONField()
    after = serializers.JSONField()
    reverses_id = serializers.IntegerField(allow_null=True)
    created_at = serializers.DateTimeField()


class DecideSerializer(BaseSerializer):
    action = serializers.ChoiceField(choices=Action.choices)
    ground = serializers.ChoiceField(choices=Ground.choices)
    words = serializers.CharField(max_length=500, help_text="Whom it concerns reads them.")
    strikes = serializers.BooleanField(
        allow_null=True, default=None, help_text="Null: as usual for the action."
    )
    until = serializers.DateTimeField(
        allow_null=True, default=None, help_text="Of a suspension; null for good."
    )
    further = serializers.BooleanField(default=False, help_text="Also where it is decided.")


class ProposeSerializer(BaseSerializer):
    ground = serializers.ChoiceField(choices=Ground.choices)
    words = serializers.CharField(max_length=500)
    with_refund = serializers.BooleanField(default=False)


class ProposalSerializer(BaseSerializer):
    id = serializers.IntegerField()
    case_id = serializers.IntegerField()
    ground = serializers.ChoiceField(choices=Ground.choices)
    words = serializers.CharField()
    with_refund = serializers.BooleanField()
    proposed_by_id = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class QueuedAppealSerializer(AppealSerializer):
    statement = ReasonsSerializer(fields=("id", "kind", "thing_id", "action", "ground", "facts"))


class JudgeSerializer(BaseSerializer):
    is_granted = serializers.BooleanField()
    words = serializers.CharField(max_length=500, help_text="The answer to who appealed.")
