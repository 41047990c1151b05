"""The admin: staff can view everything, but cannot edit money or what workers decide.

What they take down has a reason, and is in the log (see moderation_service).
"""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from allauth.socialaccount.models import SocialApp, SocialToken
from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from unfold.admin import ModelAdmin, TabularInline
from unfold.forms import ActionForm, AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminTextInputWidget

from app import models
from app.exceptions import DomainError
from app.services import moderation_service, operations_service
from app.services.safety import deciding, rights
from app.services.safety.rights import Right
from app.utils.links import link

# Google's application comes from the environment; a second one here would break sign-in.
admin.site.unregister([SocialApp, SocialToken])

ThingT = TypeVar("ThingT", bound=Model)


class ReadOnly:
    """Can be viewed, but not added, changed or deleted."""

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class ReadOnlyAdmin(ReadOnly, ModelAdmin):
    list_per_page = 50
    show_full_result_count = False


class JobActions:
    """Actions on jobs. Each calls a service and is recorded in the admin's log."""

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return rights.has(request.user, Right.OPERATE)

    def has_moderate_permission(self, request: HttpRequest) -> bool:
        return rights.has(request.user, Right.MODERATE)

    def has_money_permission(self, request: HttpRequest) -> bool:
        return rights.has(request.user, Right.MONEY)

    def operate(
        self,
        request: HttpRequest,
        jobs: QuerySet[ThingT],
        act: Callable[[ThingT], None],
        done: str,
        *,
        is_logged: bool = False,
    ) -> None:
        """Do ``act`` to each of ``jobs``, and say which could not be done. ``is_logged`` where
        ``act`` writes the log itself."""
        for job in jobs:
            try:
                act(job)
            except DomainError as error:
                self.message_user(request, f"{job}: {error.message}", messages.WARNING)  # type: ignore[attr-defined]
            else:
                if not is_logged:
                    self.log_change(request, job, done)  # type: ignore[attr-defined]
                self.message_user(request, f"{job}: {done}", messages.SUCCESS)  # type: ignore[attr-defined]


def _reason(who_reads_it: str) -> forms.CharField:
    asked = {"placeholder": f"Reason: {who_reads_it}", "aria-label": "Reason"}
    return forms.CharField(
        required=False,
        max_length=moderation_service.MAX_REASON,
        label="",
        widget=UnfoldAdminTextInputWidget(asked),
    )


class ReasonForm(ActionForm):
    """Beside the list of actions: why."""

    reason = _reason("the person concerned reads it")


class PublicReasonForm(ActionForm):
    """The reason for a licence's state is shown with it."""

    reason = _reason("everybody reads it")


class Moderated(JobActions):
    """Actions that need a reason."""

    action_form = ReasonForm

    def moderate(
        self, request: HttpRequest, things: QuerySet[ThingT], act: Callable[..., object], done: str
    ) -> None:
        def moderated(thing: ThingT) -> None:
            act(thing, staff=request.user, reason=request.POST.get("reason", ""))

        self.operate(request, things, moderated, done, is_logged=True)


@admin.register(models.User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "role", "token_balance", "provider", "is_active", "date_joined")
    list_filter = ("role", "provider", "is_active", "is_staff")
    search_fields = ("username", "email")
    ordering = ("-pk",)
    readonly_fields = ("token_balance", "provider", "provider_user_id", "role", "closed_at")
    fieldsets = (
        *(DjangoUserAdmin.fieldsets or ()),
        (
            "Style License",
            {"fields": ("role", "token_balance", "provider", "provider_user_id", "closed_at")},
        ),
    )

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False  # the ledger refers to it; people leave through the site


@admin.register(models.Artist)
class ArtistAdmin(ModelAdmin):
    list_display = ("artist_name", "user", "follower_count", "created_at")
    search_fields = ("artist_name", "user__username")
    readonly_fields = ("user", "follower_count", "signature_image")
    list_select_related = ("user",)


class ArtworkInline(ReadOnly, TabularInline):
    model = models.Artwork
    extra = 0
    fields = ("position", "width", "height", "image_path")


class StyleTagInline(ReadOnly, TabularInline):
    model = models.StyleTag
    extra = 0


@admin.register(models.Style)
class StyleAdmin(Moderated, ModelAdmin):
    actions = ("hold", "withdraw", "restore", "retry", "cancel")
    list_display = (
        "name",
        "artist",
        "training_status",
        "attempt",
        "price",
        "usage_count",
        "is_active",
        "is_draft",
        "created_at",
    )
    list_filter = ("training_status", "engine", "is_active", "is_draft")
    search_fields = ("name", "artist__artist_name")
    list_select_related = ("artist",)
    inlines = (StyleTagInline, ArtworkInline)
    fields = (
        *("name", "artist", "description", "price"),
        *("is_active", "is_draft", "withdrawn_reason", "held_at"),
        *("training_status", "review", "engine", "engine_version"),
        *("task_id", "attempt", "progress", "training_metric", "failure_reason", "model_path"),
        *("sample_pictures", "style_score"),
        *("usage_count", "created_at", "trained_at", "lease_expires_at"),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: object = None) -> tuple[str, ...]:
        return tuple(name for name in self.fields if name not in {"description", "price"})

    @admin.display(description="Samples")
    def sample_pictures(self, style: models.Style) -> str:
        shown = ((link(each["path"]), each["prompt"]) for each in style.samples or [])
        return format_html_join(" ", '<img src="{}" alt="{}" width="128">', shown)

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False  # styles begin with an upload

    @admin.action(description="Put on hold, with a reason", permissions=["moderate"])
    def hold(self, request: HttpRequest, queryset: QuerySet[models.Style]) -> None:
        self.moderate(request, queryset, moderation_service.hold_style, "On hold.")

    @admin.action(description="Withdraw, with a reason", permissions=["moderate"])
    def withdraw(self, request: HttpRequest, queryset: QuerySet[models.Style]) -> None:
        self.moderate(request, queryset, moderation_service.withdraw_style, "Withdrawn.")

    @admin.action(description="Restore, with a reason", permissions=["moderate"])
    def restore(self, request: HttpRequest, queryset: QuerySet[models.Style]) -> None:
        self.moderate(request, queryset, moderation_service.restore_style, "Restored.")

    @admin.action(description="Train again", permissions=["operate"])
    def retry(self, request: HttpRequest, queryset: QuerySet[models.Style]) -> None:
        self.operate(request, queryset, operations_service.retry_training, "Given to training.")

    @admin.action(description="End the training", permissions=["operate"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[models.Style]) -> None:
        self.operate(request, queryset, operations_service.cancel_training, "Training ended.")

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(models.CopyCheck)
class CopyCheckAdmin(Moderated, ReadOnlyAdmin):
    """Styles whose works are compared with those of others; what is found waits here."""

    actions = ("allow", "refuse")
    list_display = ("name", "artist", "held_at", "found", "begun_at", "attempt")
    list_filter = (("held_at", admin.EmptyFieldListFilter),)
    search_fields = ("=style__id", "style__name", "style__artist__artist_name")
    list_select_related = ("style__artist",)
    ordering = ("held_at", "pk")

    @admin.display(description="Style")
    def name(self, check: models.CopyCheck) -> str:
        return f"{check.style} ({check.style_id})"

    @admin.display(description="Artist")
    def artist(self, check: models.CopyCheck) -> str:
        return str(check.style.artist)

    @admin.action(description="Let it be trained, with a reason", permissions=["moderate"])
    def allow(self, request: HttpRequest, queryset: QuerySet[models.CopyCheck]) -> None:
        self.moderate(request, queryset, moderation_service.allow_works, "Given to training.")

    @admin.action(description="Refuse the works, with a reason", permissions=["moderate"])
    def refuse(self, request: HttpRequest, queryset: QuerySet[models.CopyCheck]) -> None:
        self.moderate(request, queryset, moderation_service.refuse_works, "Refused.")


@admin.register(models.PictureCheck)
class PictureCheckAdmin(Moderated, ReadOnlyAdmin):
    """What a check by machine has found, and its scores. Profile pictures and signatures wait here;
    pictures that are blocked are shown again among the generations."""

    actions = ("lift", "uphold")
    list_display = ("kind", "user", "picture_id", "rating", "score", "checker", "outcome", "seen")
    list_filter = ("kind", "outcome", "rating")
    search_fields = ("user__username", "=picture_id")
    list_select_related = ("user",)
    ordering = ("-pk",)

    @admin.display(description="Picture")
    def seen(self, check: models.PictureCheck) -> str:
        # Nobody has to see it unasked.
        return format_html('<a href="{}">Look at it</a>', link(check.key))

    @admin.action(description="Show it again, with a reason", permissions=["moderate"])
    def lift(self, request: HttpRequest, queryset: QuerySet[models.PictureCheck]) -> None:
        self.moderate(request, queryset, moderation_service.lift_check, "Shown again.")

    @admin.action(description="Refuse it, with a reason", permissions=["moderate"])
    def uphold(self, request: HttpRequest, queryset: QuerySet[models.PictureCheck]) -> None:
        self.moderate(request, queryset, moderation_service.uphold_check, "Refused.")


@admin.register(models.Generation)
class GenerationAdmin(Moderated, ReadOnlyAdmin):
    actions = ("hide", "show", "clear", "refund", "retry", "cancel")
    list_display = ("id", "user", "style", "status", "attempt", "cost", "visibility", "created_at")
    list_filter = (
        *("status", "visibility", "rating", "aspect_ratio"),
        ("deleted_at", admin.EmptyFieldListFilter),
    )
    search_fields = ("=id", "user__username", "=task_id")
    list_select_related = ("user", "style")

    @admin.action(description="Hide, with a reason", permissions=["moderate"])
    def hide(self, request: HttpRequest, queryset: QuerySet[models.Generation]) -> None:
        self.moderate(request, queryset, moderation_service.hide_picture, "Hidden.")

    @admin.action(description="Let it be published again, with a reason", permissions=["moderate"])
    def show(self, request: HttpRequest, queryset: QuerySet[models.Generation]) -> None:
        self.moderate(request, queryset, moderation_service.show_picture, "May be published.")

    @admin.action(description="Rate for everybody, with a reason", permissions=["moderate"])
    def clear(self, request: HttpRequest, queryset: QuerySet[models.Generation]) -> None:
        self.moderate(request, queryset, moderation_service.rate_general, "Rated for everybody.")

    @admin.action(description="Fail and refund", permissions=["operate"])
    def refund(self, request: HttpRequest, queryset: QuerySet[models.Generation]) -> None:
        self.operate(request, queryset, operations_service.refund_generation, "Refunded.")

    @admin.action(description="Retry with the next attempt", permissions=["operate"])
    def retry(self, request: HttpRequest, queryset: QuerySet[models.Generation]) -> None:
        self.operate(request, queryset, operations_service.retry_generation, "Given up for retry.")

    @admin.action(description="Cancel while queued", permissions=["operate"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[models.Generation]) -> None:
        self.operate(request, queryset, operations_service.cancel_generation, "Canceled.")


@admin.register(models.Transaction)
class TransactionAdmin(ReadOnlyAdmin):
    list_display = ("id", "type", "amount", "sender", "receiver", "generation", "created_at")
    list_filter = ("type",)
    search_fields = ("sender__username", "receiver__username", "=generation__id")
    list_select_related = ("sender", "receiver", "generation")


@admin.register(models.Purchase)
class PurchaseAdmin(ReadOnlyAdmin):
    list_display = ("id", "user", "amount", "payment_method", "gateway", "created_at")
    list_select_related = ("user",)


@admin.register(models.Worker)
class WorkerAdmin(ReadOnlyAdmin):
    list_display = (
        *("engine", "engine_version", "device", "base_model", "version", "warm_styles"),
        *("done_count", "failed_count", "started_at", "seen_at"),
    )
    list_filter = ("engine",)


@admin.register(models.Tag)
class TagAdmin(ModelAdmin):
    list_display = ("name", "usage_count", "is_active")
    list_filter = ("is_active",)
    search_fields = ("name",)
    readonly_fields = ("usage_count",)

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False  # deactivate it instead


@admin.register(models.Comment)
class CommentAdmin(Moderated, ReadOnlyAdmin):
    actions = ("remove",)
    list_display = ("id", "user", "generation", "content", "created_at")
    search_fields = ("=id", "content", "user__username")
    list_select_related = ("user", "generation")

    @admin.action(description="Remove, with a reason", permissions=["moderate"])
    def remove(self, request: HttpRequest, queryset: QuerySet[models.Comment]) -> None:
        def act(comment: models.Comment, *, staff: models.User, reason: str) -> None:
            moderation_service.delete_comment(user=staff, comment_id=comment.pk, reason=reason)

        self.moderate(request, queryset, act, "Removed.")


@admin.register(LogEntry)
class LogAdmin(ReadOnlyAdmin):
    """What staff did, when and why."""

    list_display = ("action_time", "user", "content_type", "object_repr", "change_message")
    list_filter = ("content_type",)
    search_fields = ("user__username", "object_repr", "change_message", "=object_id")
    list_select_related = ("user", "content_type")


@admin.register(models.Notification)
class NotificationAdmin(ReadOnlyAdmin):
    list_display = ("id", "recipient", "type", "message", "is_read", "created_at")
    list_filter = ("type", "is_read")
    list_select_related = ("recipient",)


@admin.register(models.Order)
class OrderAdmin(ReadOnlyAdmin):
    list_display = ("id", "user", "item_count", "cost", "deadline", "created_at", "ended_at")
    search_fields = ("=id", "user__username")
    list_select_related = ("user",)


@admin.register(models.OutboxMessage)
class OutboxMessageAdmin(ReadOnlyAdmin):
    list_display = ("id", "queue", "task_id", "attempt", "tries", "available_at", "sent_at")
    list_filter = ("queue",)
    search_fields = ("=task_id",)
    exclude = ("body",)


@admin.register(models.Licence)
class LicenceAdmin(Moderated, ReadOnlyAdmin):
    action_form = PublicReasonForm
    actions = ("refund", "revoke", "revoke_and_refund")
    list_display = ("number", "generation", "state", "state_reason", "issued_at")
    list_filter = ("state",)
    search_fields = (
        *("=number", "=generation__id", "=generation__style__id"),
        *("generation__user__username", "generation__style__name"),
    )
    list_select_related = ("generation",)

    @admin.action(description="Refund, with a reason", permissions=["money"])
    def refund(self, request: HttpRequest, queryset: QuerySet[models.Licence]) -> None:
        self.moderate(request, queryset, moderation_service.refund, "Refunded.")

    @admin.action(description="Propose to revoke, with a reason", permissions=["moderate"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[models.Licence]) -> None:
        act = moderation_service.propose_revocation
        self.moderate(request, queryset, act, "Proposed. Somebody else has to confirm it.")

    @admin.action(
        description="Propose to revoke and refund, with a reason",
        permissions=["moderate", "money"],
    )
    def revoke_and_refund(self, request: HttpRequest, queryset: QuerySet[models.Licence]) -> None:
        act = partial(moderation_service.propose_revocation, with_refund=True)
        self.moderate(request, queryset, act, "Proposed. Somebody else has to confirm it.")


@admin.register(models.Proposal)
class ProposalAdmin(JobActions, ReadOnlyAdmin):
    """What takes two people: it is confirmed here by somebody else, or at the desk."""

    actions = ("confirm", "turn_down")
    list_display = (
        "case",
        "ground",
        "words",
        "with_refund",
        "proposed_by",
        "created_at",
        "ended_at",
    )
    list_filter = (("ended_at", admin.EmptyFieldListFilter),)
    list_select_related = ("case", "proposed_by")

    @admin.action(description="Confirm", permissions=["moderate"])
    def confirm(self, request: HttpRequest, queryset: QuerySet[models.Proposal]) -> None:
        def act(proposal: models.Proposal) -> None:
            deciding.confirm(proposal_id=proposal.pk, staff=request.user)  # type: ignore[arg-type]

        self.operate(request, queryset, act, "Confirmed.", is_logged=True)

    @admin.action(description="Turn down", permissions=["moderate"])
    def turn_down(self, request: HttpRequest, queryset: QuerySet[models.Proposal]) -> None:
        def act(proposal: models.Proposal) -> None:
            deciding.turn_down(proposal_id=proposal.pk, staff=request.user)  # type: ignore[arg-type]

        self.operate(request, queryset, act, "Turned down.")


@admin.register(models.Decision)
class DecisionAdmin(ReadOnlyAdmin):
    """Who decided what, when and why. The database refuses every change."""

    list_display = (
        *("id", "action", "kind", "thing_id", "subject", "ground", "words"),
        *("is_automated", "staff", "second", "created_at"),
    )
    list_filter = ("action", "ground", "is_automated", "kind")
    search_fields = ("=thing_id", "subject__username", "staff__username", "words")
    list_select_related = ("subject", "staff", "second")


admin.site.register(
    [
        models.Artwork,
        models.StyleTag,
        models.ArtworkTag,
        models.GenerationTag,
        models.Collection,
        models.Collected,
        models.Follow,
        models.Like,
        models.IdempotencyKey,
        models.Measure,
        models.PendingUpload,
        models.LicenceDay,
        models.SalesDay,
        models.UploadCheck,
        models.ApiKey,
        models.Terms,
        models.Declaration,
        models.DeclarationAcceptance,
        models.TrainingManifest,
        models.SigningKey,
        models.ModerationCase,
        models.Report,
        models.Statement,
        models.Appeal,
        models.Strike,
    ],
    ReadOnlyAdmin,
)
