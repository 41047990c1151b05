from app.models.api_key import ApiKey, Scope
from app.models.artist_site import ArtistSite
from app.models.books import LicenceDay, LicenceDayBlock
from app.models.case import CaseState, ModerationCase, Report, ReportReason, ThingKind
from app.models.collection import Collected, Collection
from app.models.community import Comment, Follow, Like
from app.models.data_export import DataExport
from app.models.decision import (
    Action,
    Appeal,
    AppealState,
    Decision,
    Ground,
    Proposal,
    Statement,
    Strike,
)
from app.models.feed import FeedEntry
from app.models.formats import AspectRatio
from app.models.generation import Generation, GenerationStatus, Priority, Visibility
from app.models.idempotency import IdempotencyKey
from app.models.ledger import LedgerLine
from app.models.licence import Licence, LicenceState, SigningKey
from app.models.mail import MailKind, MailPreference, MailRhythm
from app.models.measure import Measure
from app.models.notification import Notification, NotificationType, SalesDay
from app.models.order import Order
from app.models.outbox import OutboxMessage
from app.models.payment import (
    AccountStatus,
    Dispute,
    DisputeStatus,
    MoveStatus,
    PaymentEvent,
    PaymentProfile,
    Purchase,
    PurchaseRefund,
    PurchaseStatus,
)
from app.models.payout import FeeChange, Payout
from app.models.rating import PictureCheck, Rating
from app.models.session import Session
from app.models.signature import Signature
from app.models.style import Artwork, Style, TrainingStatus
from app.models.tagging import ArtworkTag, GenerationTag, StyleTag, Tag
from app.models.terms import Declaration, DeclarationAcceptance, Terms, TermsKey
from app.models.token import Transaction, TransactionType
from app.models.training_manifest import TrainingManifest
from app.models.turn import QueueClock, Turn
from app.models.upload import CopyCheck, Original, PendingUpload, ReviewState, UploadCheck
from app.models.user import Artist, HiddenPerson, Role, User
from app.models.webhook import (
    DeliveryState,
    DisabledReason,
    OrderWebhook,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
)
from app.models.worker import Worker

__all__ = [
    "AccountStatus",
    "Action",
    "ApiKey",
    "Appeal",
    "AppealState",
    "Artist",
    "ArtistSite",
    "Artwork",
    "ArtworkTag",
    "AspectRatio",
    "CaseState",
    "Collected",
    "Collection",
    "Comment",
    "CopyCheck",
    "DataExport",
    "Decision",
    "Declaration",
    "DeclarationAcceptance",
    "DeliveryState",
    "DisabledReason",
    "Dispute",
    "DisputeStatus",
    "FeeChange",
    "FeedEntry",
    "Follow",
    "Generation",
    "GenerationStatus",
    "GenerationTag",
    "Ground",
    "HiddenPerson",
    "IdempotencyKey",
    "LedgerLine",
    "Licence",
    "LicenceDay",
    "LicenceDayBlock",
    "LicenceState",
    "Like",
    "MailKind",
    "MailPreference",
    "MailRhythm",
    "Measure",
    "ModerationCase",
    "MoveStatus",
    "Notification",
    "NotificationType",
    "Order",
    "OrderWebhook",
    "Original",
    "OutboxMessage",
    "PaymentEvent",
    "PaymentProfile",
    "Payout",
    "PendingUpload",
    "PictureCheck",
    "Priority",
    "Proposal",
    "Purchase",
    "PurchaseRefund",
    "PurchaseStatus",
    "QueueClock",
    "Rating",
    "Report",
    "ReportReason",
    "ReviewState",
    "Role",
    "SalesDay",
    "Scope",
    "Session",
    "Signature",
    "SigningKey",
    "Statement",
    "Strike",
    "Style",
    "StyleTag",
    "Tag",
    "Terms",
    "TermsKey",
    "ThingKind",
    "TrainingManifest",
    "TrainingStatus",
    "Transaction",
    "TransactionType",
    "Turn",
    "UploadCheck",
    "User",
    "Visibility",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookEvent",
    "Worker",
]
