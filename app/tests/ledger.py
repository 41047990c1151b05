"""What the books say, for tests that change them."""

from app.models import OutboxMessage, Transaction, User
from app.services import audit_service


def assert_right() -> None:
    """Every balance and every picture adds up."""
    assert audit_service.audit() == []


def balance_of(user: User) -> int:
    return User.objects.values_list("token_balance", flat=True).get(pk=user.pk)


def entries_of(user: User) -> list[tuple[str, int]]:
    """Type and amount of the user's entries, oldest first."""
    mine = Transaction.objects.of(user).reverse()
    return list(mine.values_list("type", "amount"))


def snapshot() -> tuple[object, ...]:
    """All that money and work are written in; equal before and after a refusal."""
    return (
        list(User.objects.order_by("pk").values_list("pk", "token_balance")),
        Transaction.objects.count(),
        OutboxMessage.objects.count(),
    )
