"""Artists are paid: payouts, the account that they go to, and statements."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from rest_framework.request import Request

from app.http.bodies import Answer
from app.http.tables import csv_file
from app.models import Payout
from app.permissions import IsArtist
from app.serializers.payout import (
    OnboardingLinkSerializer,
    OnboardingSerializer,
    PayoutAccountChangeSerializer,
    PayoutAccountSerializer,
    PayoutSerializer,
    StatementSerializer,
)
from app.services import statements
from app.services.payments import accounts, onboarding, payouts
from app.utils.error_bodies import IDEMPOTENCY_CODES
from app.views.base import ApiViewSet, ReadOnlyViewSet


class PayoutViewSet(ReadOnlyViewSet):
    """What I was paid for my sales, in money."""

    permission_classes = (IsArtist,)
    output = {
        "list": PayoutSerializer,
        **dict.fromkeys(("account", "change_account"), PayoutAccountSerializer),
        "onboard": OnboardingLinkSerializer,
    }
    input = {
        "onboard": OnboardingSerializer,
        "change_account": PayoutAccountChangeSerializer,
    }
    schema_tag = "payouts"
    success = {"create": 201}
    errors = {
        **dict.fromkeys(("list", "retrieve", "account", "change_account"), ("ARTIST_ONLY",)),
        "create": (
            *("ARTIST_ONLY", "PAYMENT_DISPUTED", "PAYOUT_UNDER_WAY", "PAYOUT_ACCOUNT_REQUIRED"),
            *("PAYOUT_TOO_SMALL", *IDEMPOTENCY_CODES),
        ),
        "onboard": ("ARTIST_ONLY", "PAYMENT_REFUSED"),
    }

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """My payouts, newest first."""
        return super().list(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Payout]:
        return Payout.objects.filter(artist=self.user)

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """One of my payouts."""
        return self.show(payouts.find(self.user, kwargs["pk"]))

    def create(self, request: Request) -> Answer:
        """Have all that is payable sent to my bank. The money is sent a moment later, and arrives
        after days; if it does not, I have the tokens again."""
        self.given: dict[str, Any] = {}
        return self.run_once(
            prepare=lambda: None,
            act=lambda _: payouts.request(self.user).pk,
            find=lambda pk: payouts.find(self.user, pk),
            status=201,
        )

    def account(self, request: Request) -> Answer:
        """My account at the payment provider, and what of my earnings may be paid out."""
        return self.show(accounts.of(self.user))

    def onboard(self, request: Request) -> Answer:
        """Where I tell the payment provider who I am, and which bank is mine. It sends me back to
        the site."""
        return self.show({"url": onboarding.begin(self.user, **self.parse())})

    def change_account(self, request: Request) -> Answer:
        """Whether what is payable is paid out by itself, on the first of each month."""
        onboarding.set_monthly(self.user, **self.parse())
        return self.show(accounts.of(self.user))


class StatementViewSet(ApiViewSet):
    permission_classes = (IsArtist,)
    pagination_class = None
    output = {"retrieve": StatementSerializer}
    files = {"as_csv": "text/csv"}
    errors = dict.fromkeys(("retrieve", "as_csv"), ("ARTIST_ONLY", "VALIDATION_ERROR"))
    schema_tag = "payouts"
    schema_names = {"retrieve": "statement", "as_csv": "statement_csv"}

    def retrieve(self, request: Request, month: str) -> Answer:
        """What each picture of a month cost, and what I earned by it, such as `2026-11`."""
        return self.show(statements.of(self.user, self._month(month)))

    def as_csv(self, request: Request, month: str) -> HttpResponse:
        """The lines of a statement, for a spreadsheet."""
        statement = statements.of(self.user, self._month(month))
        return csv_file(statements.as_csv(statement), statements.name_of(statement))

    @staticmethod
    def _month(text: str) -> date:
        return statements.month_of(text)
