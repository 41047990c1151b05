"""Who a session belongs to."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend

from app.models import User
from app.models.hot_reads import ACCOUNT, ACCOUNT_COLUMNS


class AccountBackend(AuthenticationBackend):
    """allauth's, which reads the account of every request with a compiled query."""

    def get_user(self, user_id: Any) -> User | None:
        rows = ACCOUNT.rows("any", {"user_id": int(user_id)})
        if not rows:
            return None
        user = User.from_db("default", ACCOUNT_COLUMNS, rows[0])
        return user if self.user_can_authenticate(user) else None
