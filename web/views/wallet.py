"""The wallet: balance, purchases, and the ledger entries of a user."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from django.conf import settings
from django.contrib import messages
from django.db.models import F, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext, gettext_noop, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from app.exceptions import DomainError, NotFound
from app.models import (
    DisputeStatus,
    Generation,
    MoveStatus,
    Purchase,
    Transaction,
    TransactionType,
    User,
)
from app.models.payment import UNDER_WAY
from app.models.token import PUBLIC_TYPES, WELCOME_BONUS_MEMO
from app.services import payment_service
from app.utils.money import written
from web import kept, once
from web.access import form_of, go, local_path, signed_in, wants_part
from web.forms.account import BuyForm
from web.paging import page_of
from web.phrases import explain


@dataclass(frozen=True)
class Entry:
    """One row of a user's history."""

    transaction: Transaction
    change: int
    words: str


@require_safe
@signed_in
def wallet(request: HttpRequest, user: User) -> HttpResponse:
    kind = request.GET.get("show", "")
    kind = kind if kind in PUBLIC_TYPES.values() else ""
    if wants_part(request):
        return render(request, "web/parts/entries.html", _history(request, user, kind))
    initial = {"next": local_path(request, request.GET.get("next", ""), "")}
    initial |= kept.initial(request, "/wallet/buy", BuyForm)
    return _wallet(request, user, BuyForm(initial=initial), kind)


def _wallet(
    request: HttpRequest, user: User, form: BuyForm, kind: str = "", *, status: int = 200
) -> HttpResponse:
    content = {**_history(request, user, kind), "kind": kind, "form": form, **_offer(user)}
    content["purchases"] = Purchase.objects.filter(user=user, price__gt=0)[:10]
    if user.is_artist:
        content["earned"] = Transaction.objects.earned_by(user.pk)
    return render(request, "web/wallet.html", content, status=status)


def _history(request: HttpRequest, user: User, kind: str) -> dict[str, object]:
    page = page_of(request, Transaction.objects.of(user).of_type(kind).with_style())
    return {"page": page, "entries": [_entry(row, user) for row in page.rows]}


@form_of("/wallet")
@signed_in
def buy(request: HttpRequest, user: User) -> HttpResponse:
    """Buy tokens; a second click on the same form buys nothing more."""
    form = BuyForm(request.POST)
    if form.is_valid() and not payment_service.takes_no_money():
        if (address := _checkout(request, user, form)) is not None:
            return go(request, address)
    elif form.is_valid():
        amount, method = form.cleaned_data["amount"], form.cleaned_data["payment_method"]

        def act(payment: payment_service.Payment) -> str:
            bought = payment_service.record_purchase(
                user=user, amount=amount, payment_method=method, payment=payment
            )
            return str(bought.pk)

        try:
            once.run(
                user=user,
                key=form.cleaned_data["key"],
                fingerprint=hashlib.sha256(f"buy {amount} {method}".encode()).hexdigest(),
                prepare=lambda: payment_service.take_payment(
                    user=user, amount=amount, payment_method=method
                ),
                act=act,
            )
        except DomainError as error:
            form.add_error(None, explain(error))
        else:
            messages.success(
                request, _("You bought %(amount)s tokens.") % {"amount": f"{amount:,}"}
            )
            return go(request, local_path(request, form.cleaned_data["next"], "/wallet"))
    form.renew_key()
    return _wallet(request, user, form, status=400)


def _checkout(request: HttpRequest, user: User, form: BuyForm) -> str | None:
    """Where the buyer pays: at the gateway, which sends them to the page of the purchase. None if
    the form says what is wrong."""
    amount, method = form.cleaned_data["amount"], form.cleaned_data["payment_method"]
    try:
        pk = once.run(
            user=user,
            key=form.cleaned_data["key"],
            fingerprint=hashlib.sha256(f"buy {amount} {method}".encode()).hexdigest(),
            prepare=lambda: None,
            act=lambda _: str(
                payment_service.begin(user=user, amount=amount, payment_method=method).pk
            ),
        )
        next_path = local_path(request, form.cleaned_data["next"], "")
        bought = payment_service.purchase_of(user, int(pk))
        opened = payment_service.open_checkout(bought, next_path=next_path)
    except DomainError as error:
        form.add_error(None, explain(error))
        return None
    return opened.checkout_url or f"/wallet/purchases/{opened.pk}"


@require_safe
@signed_in
def purchase(request: HttpRequest, user: User, purchase_id: int) -> HttpResponse:
    """What became of a purchase; the gateway sends its buyer here. What is not used of it can be
    given back."""
    bought = payment_service.come_back(user, purchase_id)
    under_way = bought.refunds.filter(status__in=UNDER_WAY)
    sent = under_way.aggregate(sum=Sum(F("amount") + F("lost"), default=0))["sum"]
    disputed = bought.disputes.exclude(status=DisputeStatus.WON)
    content = {
        "purchase": bought,
        "refundable": payment_service.refundable(user.pk).get(bought.pk),
        # Tokens: whose money is on its way, and whose has arrived.
        "on_its_way": sent,
        "went_back": bought.refunded_amount - sent,
        # Money: what a bank disputes or took, which may be less than was paid.
        "disputed": disputed.aggregate(sum=Sum("price", default=0))["sum"],
        "frozen_by": payment_service.frozen_by(user),
        "next": local_path(request, request.GET.get("next", ""), ""),
    }
    return render(request, "web/purchase.html", content)


@form_of("/wallet/purchases/{purchase_id}")
@signed_in
def give_back(request: HttpRequest, user: User, purchase_id: int) -> HttpResponse:
    """Give back what is not used of a purchase, for money. A second press finds nothing left."""
    try:
        refund = payment_service.refund(user=user, purchase_id=purchase_id)
    except DomainError as error:
        messages.error(request, explain(error))
    else:
        amount = {"amount": f"{refund.amount:,}"}
        if refund.status == MoveStatus.FAILED:
            said = _(
                "The payment provider refused the refund: no money is on its way, and you have the"
                " %(amount)s tokens again. Try again tomorrow. If your bank disputes the payment,"
                " wait until that is decided."
            )
            messages.error(request, said % amount)
        else:
            said = _("%(amount)s tokens are given back. The money is on its way to you.")
            messages.success(request, said % amount)
    return go(request, f"/wallet/purchases/{purchase_id}")


def _offer(user: User) -> dict[str, object]:
    """What tokens cost; nothing where the gateway takes no money. While a bank disputes a payment,
    that one, and no offer."""
    is_test = payment_service.takes_no_money()
    return {
        "frozen_by": payment_service.frozen_by(user),
        "is_test": is_test,
        "packs": [] if is_test else payment_service.packs(),
        "hundred": written(settings.TOKEN_PRICE, settings.CURRENCY),
        "refund_days": settings.REFUND_DAYS,
    }


@require_safe
@signed_in
def receipt(request: HttpRequest, user: User, picture_id: int) -> HttpResponse:
    """All ledger entries of a picture, for its buyer and its artist."""
    picture = (
        Generation.objects.all()
        .with_people()
        .select_related("licence")
        .filter(pk=picture_id)
        .first()
    )
    if picture is None or user.pk not in {picture.user_id, picture.style.artist_id}:
        raise NotFound("There is no such picture.")
    moved = {row.type: row for row in Transaction.objects.of_generation(picture_id)}
    earned = moved.get(TransactionType.EARN)
    content = {
        "picture": picture,
        "paid": moved.get(TransactionType.CONSUME),
        "earned": earned,
        "fee": picture.cost - earned.amount if earned else 0,
        "refunded": moved.get(TransactionType.REFUND),
        "taken_back": moved.get(TransactionType.REVERSAL),
        "given_back": moved.get(TransactionType.REVERSAL_RETURN),
        "is_buyer": picture.user_id == user.pk,
    }
    return render(request, "web/receipt.html", content)


def _entry(row: Transaction, user: User) -> Entry:
    is_paid = row.sender_id == user.pk
    return Entry(row, -row.amount if is_paid else row.amount, _words(row))


_MONEY = {
    TransactionType.PAYOUT: gettext_noop("Paid out to you"),
    TransactionType.PAYOUT_RETURN: gettext_noop("The payout did not arrive: your tokens are back"),
    TransactionType.PURCHASE_REFUND: gettext_noop("Tokens given back for money"),
    TransactionType.REFUND_RETURN: gettext_noop("The refund did not arrive: your tokens are back"),
    TransactionType.CHARGEBACK: gettext_noop("Taken back: your bank disputes the payment"),
    TransactionType.CHARGEBACK_RETURN: gettext_noop("Given again: the dispute was settled"),
    TransactionType.FORFEIT: gettext_noop("Given up"),
}


def _words(row: Transaction) -> str:
    if row.memo == WELCOME_BONUS_MEMO:
        return _("Welcome bonus")
    if row.type == TransactionType.PURCHASE:
        return _("Tokens bought")
    if row.order:
        count = row.order.item_count
        pictures = ngettext(
            "An order of %(count)s picture", "An order of %(count)s pictures", count
        )
        return pictures % {"count": count}
    if words := _MONEY.get(TransactionType(row.type)):
        return gettext(words)
    style = row.generation.style.name if row.generation else ""
    if row.type == TransactionType.REFUND:
        return _("Refunded: a picture in the style %(style)s") % {"style": style}
    if row.type == TransactionType.REVERSAL:
        return _("Taken back: a picture in your style %(style)s was refunded") % {"style": style}
    if row.type == TransactionType.REVERSAL_RETURN:
        words = _("Given back: you won your appeal about a picture in your style %(style)s")
        return words % {"style": style}
    if row.type == TransactionType.EARN:
        if not row.generation:
            return _("Received")
        return _("Earned: somebody used your style %(style)s") % {"style": style}
    return _("A picture in the style %(style)s") % {"style": style}
