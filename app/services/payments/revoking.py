"""Licences that were paid for with money which a bank took back end, where the platform wants it so
(``DISPUTE_REVOKES_LICENCES``).

How much is still to be revoked is written with the loss, in one transaction. The relay goes on from
there, picture by picture, so that no crash leaves some of them valid, and none ends too many.
"""

from __future__ import annotations

from functools import partial

from django.db import transaction
from django.db.models import QuerySet

from app.models import (
    Action,
    Decision,
    Dispute,
    Generation,
    Ground,
    Licence,
    LicenceState,
    NotificationType,
    ThingKind,
)
from app.services import guard
from app.services.licences import states
from app.services.notification_service import tell_of_sale
from app.services.safety.records import Act, Why, record

REVOKED = "The payment for this picture was taken back."
# Pictures of one dispute in a round of the relay.
BATCH = 20


def sweep() -> int:
    """Revoke what lost disputes still ask for. Returns how many licences ended. One that breaks
    keeps no other dispute from its turn."""
    ended = 0
    for pk in Dispute.objects.filter(to_revoke__gt=0).order_by("pk").values_list("pk", flat=True):
        for _ in range(BATCH):
            is_more = guard.attempt("revoked licences", partial(_revoke_next, pk), dispute_id=pk)
            if not is_more:
                break
            ended += 1
    return ended


@transaction.atomic
def _revoke_next(dispute_id: int) -> bool:
    """Whether a licence ended: the oldest of those that the buyer paid for since the purchase, and
    before we knew of the dispute."""
    # Two relays take different pictures.
    dispute = Dispute.objects.select_for_update().get(pk=dispute_id)
    valid = _bought_with(dispute).filter(licence__state=LicenceState.ACTIVE)
    bought = valid.order_by("created_at", "pk")
    found = bought.values_list("pk", flat=True).first() if dispute.to_revoke else None
    if found is None:
        _leave(dispute, 0)
        return False
    picture = Generation.objects.select_for_update(no_key=True).get(pk=found)
    if not Licence.objects.get(pk=found).is_valid:
        # Somebody was faster: the next round takes another.
        return False
    _revoke(picture)
    _leave(dispute, max(0, dispute.to_revoke - (picture.paid_bought or 0)))
    return True


def _bought_with(dispute: Dispute) -> QuerySet[Generation]:
    purchase = dispute.purchase
    return Generation.objects.filter(
        user_id=purchase.user_id,
        created_at__gte=purchase.paid_at or purchase.created_at,
        created_at__lt=dispute.created_at,
        paid_bought__gt=0,
    )


def count_revoked(dispute: Dispute) -> int:
    """How many of the licences bought with the disputed money were revoked for it and still are."""
    revoked = {"licence__state": LicenceState.REVOKED, "licence__state_reason": REVOKED}
    return _bought_with(dispute).filter(**revoked).count()


def _leave(dispute: Dispute, tokens: int) -> None:
    dispute.to_revoke = tokens
    dispute.save(update_fields=["to_revoke"])


def _revoke(picture: Generation) -> None:
    """End the licence of a locked picture: a machine's decision, with a statement to its buyer."""
    visibility = Decision.objects.visibility_of(picture)
    before = {"visibility": visibility, "hidden_reason": picture.hidden_reason}
    states.end(picture, LicenceState.REVOKED, REVOKED)
    act = Act(
        Action.REVOKE,
        ThingKind.PICTURE,
        picture.pk,
        picture.user_id,
        before=before,
        after={"licence": LicenceState.REVOKED.value},
    )
    decision = record(act, Why(Ground.FRAUD, REVOKED), strikes=False)
    said = {"name": picture.style.name, "by_bank": True}
    kinds = (NotificationType.LICENCE_REVOKED, NotificationType.SALE_REVOKED)
    tell_of_sale(picture, *kinds, said, statements=decision.statement_ids)
