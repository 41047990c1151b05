"""A user's notifications."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from app.models import Notification, NotificationType, Report, User
from app.models.notification import TargetType
from app.services import notification_service
from app.services.safety import reporting
from app.utils.looking import is_look
from web.access import form_of, go, signed_in
from web.paging import page_of

# Of what is about no picture, style, order or person.
PAGES: dict[str, str] = {
    NotificationType.SALES: "web:studio",
    NotificationType.WEBHOOK_DISABLED: "web:webhooks",
    NotificationType.SIGNATURE_UNSEEN: "web:artist_profile",
    NotificationType.PAYOUT_PAID: "web:payouts",
    NotificationType.PAYOUT_FAILED: "web:payouts",
    NotificationType.FEE_CHANGED: "web:payouts",
    NotificationType.EXPORT_READY: "web:export",
}


@require_safe
@signed_in
def notifications(request: HttpRequest, user: User) -> HttpResponse:
    mine = Notification.objects.of(user).with_style_name().with_subject()
    is_unread = request.GET.get("show") == "unread"
    page = page_of(request, mine.unread() if is_unread else mine)
    return render(request, "web/notifications.html", {"page": page, "is_unread": is_unread})


@require_safe
def count(request: HttpRequest) -> HttpResponse:
    """The bell in the header of every page, which polls this view."""
    return render(request, "web/parts/bell.html")


@require_safe
@signed_in
def follow_up(request: HttpRequest, user: User, notification_id: int) -> HttpResponse:
    """Mark a notification as read, and go to its subject."""
    find = notification_service.mark_read if is_look(request) else notification_service.find
    read = find(user, notification_id)
    if page := PAGES.get(read.type):
        return redirect(page)
    if read.type == NotificationType.GENERATION_COMPLETE and read.other_count:
        return redirect("web:mine")
    told = read.parameters or {}
    if told.get("statement"):
        return redirect("web:statement_of_reasons", told["statement"])
    if read.type == NotificationType.REPORT_DECIDED:
        return redirect(_receipt_of(user, told.get("case")))
    if told.get("purchase"):
        return redirect("web:purchase", told["purchase"])
    if read.subject is None:
        # It is no longer theirs to see, or there was nothing.
        messages.info(request, _("There is nothing here."))
        return redirect("web:notifications")
    addresses: dict[str, str] = {
        TargetType.IMAGE: f"/pictures/{read.target_id}",
        TargetType.STYLE: f"/studio/styles/{read.target_id}",
        TargetType.USER: f"/users/{read.target_id}",
        TargetType.ORDER: f"/orders/{read.target_id}",
    }
    return redirect(addresses.get(read.target_type, "/notifications"))


def _receipt_of(user: User, case_id: int | None) -> str:
    """The page of the user's own report."""
    mine = Report.objects.filter(reporter=user, case_id=case_id).order_by("-pk").first()
    if mine is None:
        return reverse("web:notifications")
    return reverse("web:report_receipt", args=[reporting.token_of(mine)])


@form_of("/notifications")
@signed_in
def read_all(request: HttpRequest, user: User) -> HttpResponse:
    notification_service.mark_all_read(user)
    messages.success(request, _("All notifications are marked as read."))
    return go(request, "/notifications")
