"""The ledger in double entry: two lines for each entry, which sum to zero, and two more for a
fee."""

from __future__ import annotations

from django.db import models

from app.models.token import Transaction


class LedgerLine(models.Model):
    """A line of the view ``app_ledgerline``: what an entry moves in one account.

    Accounts are ``user:7``, ``platform:sales``, ``platform:fees``, ``platform:bonus``,
    ``gateway:stripe``, ``payable:7`` and ``loss``. Buyers pay into ``platform:sales``; from there
    artists get their share, and ``platform:fees`` the rest.
    """

    id = models.CharField(max_length=30, primary_key=True)
    entry = models.ForeignKey(Transaction, models.DO_NOTHING, related_name="lines")
    account = models.CharField(max_length=60)
    amount = models.BigIntegerField(help_text="Tokens; what the account gets is positive.")

    class Meta:
        managed = False
        db_table = "app_ledgerline"

    def __str__(self) -> str:
        return f"{self.account} {self.amount:+}"
