"""What an artist sees before asking for a payout: the account it goes to, amounts and fees."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from app.models import FeeChange, User
from app.services import earnings, fees
from app.services.payments import onboarding, payouts
from app.utils import clock


def of(user: User) -> dict[str, Any]:
    """Amounts are tokens, of an account as it was read."""
    profile = onboarding.profile_of(user)
    now = clock.now()
    what = earnings.of(user)
    coming = FeeChange.objects.filter(effective_at__gt=now).order_by("effective_at").first()
    return {
        "gateway": profile.gateway,
        "status": profile.account_status,
        "note": profile.account_note,
        "pays_monthly": profile.pays_monthly,
        **vars(what),
        "hold_days": settings.EARNINGS_HOLD_DAYS,
        "minimum": settings.PAYOUT_MINIMUM,
        "currency": settings.CURRENCY,
        "token_value": settings.TOKEN_VALUE,
        "payable_price": payouts.value_of(what.payable),
        "fee_percent": fees.percent_at(now),
        "next_fee": coming,
    }
