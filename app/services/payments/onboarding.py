"""How an artist comes to be paid: an account of theirs at the provider, which asks who they are.

What it has become is always fetched anew; an event only says that it is time to.
"""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import transaction

from app.exceptions import ArtistOnly, NotAllowed, PaymentRefused, ServiceUnavailable
from app.models import AccountStatus, PaymentProfile, User
from app.services.payments.gateways.outcomes import NotYet, Refused
from app.services.payments.gateways.sending import PayoutGateway
from app.services.payments.payout_gateway import payout_gateway
from app.utils import clock

# Pages of the site to which the provider sends artists: who is done, and whose link is used up.
RETURN_PATH = "/studio/payouts/back"
REFRESH_PATH = "/studio/payouts/again"


def profile_of(user: User) -> PaymentProfile:
    """The user's at the gateway in use; one that is not saved if there is none."""
    name = payout_gateway().name
    found = PaymentProfile.objects.filter(user=user, gateway=name).first()
    return found or PaymentProfile(user=user, gateway=name)


def begin(user: User, *, country: str = "") -> str:
    """Where the artist goes on at the provider; for an account that has been set up, where they
    change it. The link works once, for minutes.

    Raises ArtistOnly, NotAllowed, PaymentRefused, and ServiceUnavailable.
    """
    if not user.is_artist:
        raise ArtistOnly
    if user.is_closed:
        raise NotAllowed("This account is closed.")
    gateway = payout_gateway()
    try:
        profile, _ = PaymentProfile.objects.get_or_create(user=user, gateway=gateway.name)
        profile = _with_account(profile, gateway, country)
        try:
            link = _link(gateway, profile)
        except (NotYet, Refused):
            # It may have been deleted there: then the artist gets another one.
            profile = settle(profile)
            if profile.account_id:
                raise
            profile = _with_account(profile, gateway, country)
            link = _link(gateway, profile)
    except NotYet as error:
        raise ServiceUnavailable from error
    except Refused as error:
        raise PaymentRefused(str(error)) from error
    if gateway.is_test:
        settle(profile)
    return link


def _link(gateway: PayoutGateway, profile: PaymentProfile) -> str:
    return gateway.link(
        profile.account_id,
        back=f"{settings.SITE_URL}{RETURN_PATH}",
        again=f"{settings.SITE_URL}{REFRESH_PATH}",
    )


def _with_account(profile: PaymentProfile, gateway: PayoutGateway, country: str) -> PaymentProfile:
    """The profile, with an account at the provider."""
    if profile.account_id:
        return profile
    opened = gateway.open_account(
        reference=profile.reference, email=profile.user.email, country=country
    )
    with transaction.atomic():
        locked = PaymentProfile.objects.select_for_update(no_key=True).get(pk=profile.pk)
        if not locked.account_id:
            # Another request may have been first; by the idempotency key it is the same account.
            locked.account_id, locked.account_status = opened, AccountStatus.ONBOARDING
            locked.save(update_fields=["account_id", "account_status", "updated_at"])
    return locked


def settle(profile: PaymentProfile) -> PaymentProfile:
    """Take over what the account has become at the provider. Raises NotYet."""
    if not profile.account_id:
        return profile
    found = payout_gateway(profile.gateway).account(profile.account_id)
    with transaction.atomic():
        locked = PaymentProfile.objects.select_for_update(no_key=True).get(pk=profile.pk)
        if locked.account_id != profile.account_id:
            return locked
        if found is None:
            # The artist may open another one: under the former name it would be the same again.
            locked.account_id, locked.account_status, locked.account_note = "", "none", ""
            locked.reference = str(uuid.uuid4())
        else:
            locked.account_status, locked.account_note = found.status, found.note
        locked.updated_at = clock.now()
        fields = ["reference", "account_id", "account_status", "account_note", "updated_at"]
        locked.save(update_fields=fields)
    return locked


def come_back(user: User) -> PaymentProfile:
    """What has become of the account of an artist who comes back from the provider. While that
    does not answer, what is known stays; its event will say."""
    profile = profile_of(user)
    try:
        return settle(profile)
    except NotYet:
        return profile


def settle_account(account_id: str) -> None:
    """For events: of accounts that are not ours there is nothing to do."""
    for profile in PaymentProfile.objects.filter(account_id=account_id):
        settle(profile)


@transaction.atomic
def set_monthly(user: User, *, pays_monthly: bool) -> PaymentProfile:
    """Whether what is payable is paid out by itself, once a month. Raises ArtistOnly."""
    if not user.is_artist:
        raise ArtistOnly
    profile, _ = PaymentProfile.objects.get_or_create(user=user, gateway=payout_gateway().name)
    profile.pays_monthly = pays_monthly
    profile.save(update_fields=["pays_monthly", "updated_at"])
    return profile
