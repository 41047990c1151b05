from rest_framework import serializers

from app.models import AccountStatus, MoveStatus
from app.serializers.base import BaseSerializer


class PayoutSerializer(BaseSerializer):
    """All that was payable to me at one time."""

    id = serializers.IntegerField()
    amount = serializers.IntegerField(help_text="Tokens.")
    price = serializers.IntegerField(help_text="In the currency's smallest unit.")
    currency = serializers.CharField()
    status = serializers.ChoiceField(choices=MoveStatus.choices)
    until = serializers.DateTimeField(help_text="Sales up to then were no longer on hold.")
    is_monthly = serializers.BooleanField()
    gateway = serializers.CharField(help_text="`test` moves no money.")
    failure = serializers.CharField(help_text="Why the tokens came back.")
    created_at = serializers.DateTimeField()
    sent_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)


class NextFeeSerializer(BaseSerializer):
    percent = serializers.IntegerField()
    effective_at = serializers.DateTimeField()


class PayoutAccountSerializer(BaseSerializer):
    """My account at the payment provider, and what of my earnings may be paid out. Amounts are
    tokens."""

    gateway = serializers.CharField(help_text="`test` moves no money.")
    status = serializers.ChoiceField(choices=AccountStatus.choices)
    note = serializers.CharField(help_text="What the provider still asks for.")
    pays_monthly = serializers.BooleanField()
    earned = serializers.IntegerField(help_text="By all my sales.")
    on_hold = serializers.IntegerField(help_text="Payable later: see `hold_days`.")
    payable = serializers.IntegerField()
    paid = serializers.IntegerField()
    spendable = serializers.IntegerField(help_text="Can only be spent, and never be paid out.")
    hold_days = serializers.IntegerField()
    minimum = serializers.IntegerField(help_text="The least that is paid out.")
    currency = serializers.CharField()
    token_value = serializers.IntegerField(
        help_text="What 100 tokens are paid out as, in the currency's smallest unit."
    )
    payable_price = serializers.IntegerField(help_text="What is payable, in money.")
    fee_percent = serializers.IntegerField(help_text="The platform's part of each sale.")
    next_fee = NextFeeSerializer(allow_null=True)


class PayoutAccountChangeSerializer(BaseSerializer):
    pays_monthly = serializers.BooleanField()


class OnboardingSerializer(BaseSerializer):
    country = serializers.RegexField(
        "^[A-Z]{2}$",
        default="",
        allow_blank=True,
        help_text="Where I have my bank, as KR. Else that of the platform.",
    )


class OnboardingLinkSerializer(BaseSerializer):
    url = serializers.CharField(help_text="Open it in a browser. It works once, for minutes.")


class StatementLineSerializer(BaseSerializer):
    at = serializers.DateTimeField()
    type = serializers.CharField(source="kind")
    picture = serializers.IntegerField(allow_null=True)
    style = serializers.CharField()  # type: ignore[assignment]
    licence = serializers.CharField()
    licence_state = serializers.CharField()
    price = serializers.IntegerField()
    fee = serializers.IntegerField()
    share = serializers.IntegerField(help_text="What I got; negative: what was taken.")
    payable = serializers.IntegerField(help_text="What of it stands for money.")


class TotalsSerializer(BaseSerializer):
    sales = serializers.IntegerField()
    price = serializers.IntegerField()
    fee = serializers.IntegerField()
    earned = serializers.IntegerField()
    taken_back = serializers.IntegerField(help_text="Less what an appeal gave back.")
    paid_out = serializers.IntegerField(help_text="Less payouts that came back.")


class StatementSerializer(BaseSerializer):
    """What each picture of a month cost, and what I earned by it. Amounts are tokens."""

    month = serializers.DateField(help_text="Its first day; months are those of UTC.")
    lines = StatementLineSerializer(many=True)
    totals = TotalsSerializer()
    lifetime = TotalsSerializer()
