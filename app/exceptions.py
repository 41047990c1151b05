"""Domain errors: a code, a sentence for people, and details. They know no HTTP.

``app/utils/exception_handler.py`` maps these classes to status codes.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

# Why words of an order are refused.
WHY_REFUSED = {
    "minors": "Nothing sexual with children is made here",
    "sexual": "Nothing pornographic is made here",
    "mature": "This style does not allow nudity",
    "hate": "Nothing that spreads hate is made here",
    "cruelty": "Nothing that celebrates cruelty is made here",
    "artist": "These artists license no style here, or not this one",
    "excluded": "The artist excludes these subjects from this style",
}
WHY_NO_COMMENT = {
    "link": "New accounts can't post links for %(days)s days. Write the comment without the link.",
    "repeated": "You have written this already. Write something else.",
}
OTHER_WORDS = "Nothing was charged. Leave these words out, or choose others."


class DomainError(Exception):
    """A request breaks a rule of the marketplace. Not for programming errors."""

    code: ClassVar[str]
    default_message: ClassVar[str]

    def __init__(
        self, message: str | None = None, *, details: Mapping[str, Any] | None = None
    ) -> None:
        self.message = message or self.default_message
        self.details = dict(details) if details else None
        super().__init__(self.message)


class InvalidInput(DomainError):
    """A value that breaks a rule of the domain. ``details`` maps field → messages."""

    code = "VALIDATION_ERROR"
    default_message = "Some of the values are not valid."

    @classmethod
    def field(cls, name: str, message: str) -> "InvalidInput":
        return cls(details={name: [message]})


class NotFound(DomainError):
    """The object does not exist, or the viewer may not see it: the answer is the same."""

    code = "NOT_FOUND"
    default_message = "There is nothing here."


class NotAllowed(DomainError):
    code = "PERMISSION_DENIED"
    default_message = "You are not allowed to do this."


class SpendingFrozen(NotAllowed):
    code = "PAYMENT_DISPUTED"
    default_message = (
        "Your bank disputes a payment of yours. Until that is settled, you can't spend tokens."
    )


class AccountSuspended(NotAllowed):
    """``until``: null for good. Its owner may still look, appeal, and leave."""

    code = "ACCOUNT_SUSPENDED"

    def __init__(self, *, until: datetime | None = None) -> None:
        when = f" until {until:%Y-%m-%d}" if until else ""
        super().__init__(
            f"Our staff has suspended this account{when}. The statement of reasons says why, and"
            " how to appeal.",
            details={"until": until.isoformat().replace("+00:00", "Z") if until else None},
        )


class LeftSuspended(NotAllowed):
    """Who closed a suspended account comes back when its suspension is over."""

    code = "ACCOUNT_SUSPENDED"

    def __init__(self, *, until: datetime | None = None) -> None:
        when = f"until {until:%Y-%m-%d}" if until else "for good"
        super().__init__(
            f"You closed your account while it was suspended {when}. Closing an account does not"
            " end a suspension.",
            details={"until": until.isoformat().replace("+00:00", "Z") if until else None},
        )


class ArtistOnly(DomainError):
    code = "ARTIST_ONLY"
    default_message = "Only artists can do this. Become one first."


class DeclarationRequired(NotAllowed):
    """``details`` has the version and the text, in English and Korean."""

    code = "DECLARATION_REQUIRED"
    default_message = (
        "Before you upload, read and accept what artists declare about their works:"
        " POST /api/users/me/declaration."
    )


class InvalidInternalToken(DomainError):
    code = "INVALID_INTERNAL_TOKEN"
    default_message = "This endpoint is for workers and requires a valid internal token."


class Conflict(DomainError):
    code = "CONFLICT"
    default_message = "This conflicts with existing data."


class StyleInUse(Conflict):
    code = "STYLE_IN_USE"
    default_message = "Pictures in this style are still being made. Try again when they are done."


class RequestInProgress(Conflict):
    code = "REQUEST_IN_PROGRESS"
    default_message = "The first request with this Idempotency-Key is still running."


class StaleAttempt(Conflict):
    code = "STALE_ATTEMPT"
    default_message = "The report is for an earlier attempt; another one has begun."


class InvalidTransition(Conflict):
    code = "INVALID_TRANSITION"
    default_message = "The job's state does not allow this."


class PriceChanged(Conflict):
    code = "PRICE_CHANGED"

    def __init__(self, *, expected: int, cost: int) -> None:
        super().__init__(
            f"The price has changed: this costs {cost} tokens now, not {expected}.",
            details={"expected": expected, "cost": cost},
        )


class TermsChanged(Conflict):
    """``expected`` and ``terms`` are ids of terms, as in ``commercial/1``."""

    code = "TERMS_CHANGED"

    def __init__(self, *, expected: str, terms: str) -> None:
        super().__init__(
            f"The terms of this style have changed: they are {terms} now, not {expected}."
            " Read them. If you agree, order again.",
            details={"expected": expected, "terms": terms},
        )


class PayoutUnderWay(Conflict):
    code = "PAYOUT_UNDER_WAY"

    def __init__(self, *, payout_id: int) -> None:
        super().__init__(
            "A payout of yours is under way. Wait until it has arrived.",
            details={"payout_id": payout_id},
        )


class PayoutAccountRequired(Conflict):
    code = "PAYOUT_ACCOUNT_REQUIRED"
    default_message = (
        "Tell the payment provider first where your money shall go: POST /api/payouts/account."
    )


class PayoutTooSmall(Conflict):
    code = "PAYOUT_TOO_SMALL"

    def __init__(self, *, payable: int, minimum: int) -> None:
        super().__init__(
            f"{payable} tokens can be paid out, and the least is {minimum}.",
            details={"payable": payable, "minimum": minimum},
        )


class EarningsLeft(Conflict):
    code = "EARNINGS_LEFT"

    def __init__(self, *, earned: int, under_way: int) -> None:
        super().__init__(
            "Earnings of yours are not paid out yet. Have them paid out first, or give them up by"
            " forfeit_earnings.",
            details={"earned": earned, "under_way": under_way},
        )


class StyleNotReady(DomainError):
    code = "STYLE_NOT_READY"
    default_message = "This style cannot be used yet. Wait until its training is complete."


class WordsRefused(DomainError):
    """``details.words`` lists ``{item, word, reason}``: the place of the prompt among those of the
    order, from 0."""

    code = "WORDS_REFUSED"

    def __init__(self, words: Sequence[Mapping[str, Any]]) -> None:
        reasons: dict[str, list[str]] = {}
        for each in words:
            said = reasons.setdefault(WHY_REFUSED[each["reason"]], [])
            said += [each["word"]] if each["word"] not in said else []
        parts = [f"{why}: {', '.join(named)}." for why, named in reasons.items()]
        super().__init__(f"{' '.join(parts)} {OTHER_WORDS}", details={"words": list(words)})


class CommentRefused(DomainError):
    """``details.reason`` is ``link`` or ``repeated``."""

    code = "COMMENT_REFUSED"

    def __init__(self, reason: str, **figures: object) -> None:
        message = WHY_NO_COMMENT[reason] % figures
        super().__init__(message, details={"reason": reason, **figures})


class StyleOnHold(DomainError):
    code = "STYLE_ON_HOLD"
    default_message = (
        "Our staff is looking into a report about this style. Nothing can be ordered in it until"
        " that is decided."
    )


class IdempotencyKeyReused(DomainError):
    code = "IDEMPOTENCY_KEY_REUSED"
    default_message = "This Idempotency-Key was used for another request. Use a new one."


class QuotaExceeded(DomainError):
    """``room``: how many pictures could be ordered now."""

    code = "QUOTA_EXCEEDED"

    def __init__(self, *, limit: int, waiting: int, room: int) -> None:
        super().__init__(
            f"At most {limit} of your pictures may wait, and {waiting} do. So many can be ordered"
            f" now: {room}. Order the others later.",
            details={"limit": limit, "waiting": waiting, "room": room},
        )


class InsufficientTokensError(DomainError):
    code = "INSUFFICIENT_TOKENS"
    default_message = "You do not have enough tokens."

    def __init__(self, *, required: int, available: int) -> None:
        super().__init__(
            f"This costs {required} tokens and you have {available}. Buy tokens and try again.",
            details={"required": required, "available": available},
        )


class UploadRejected(DomainError):
    """Some images are refused; ``details.images`` lists ``{index, code, message}``."""

    default_message = "Some of the images cannot be used."


class InsufficientImages(UploadRejected):
    code = "INSUFFICIENT_IMAGES"


class TooManyImages(UploadRejected):
    code = "TOO_MANY_IMAGES"


class InvalidImageFormat(UploadRejected):
    code = "INVALID_IMAGE_FORMAT"


class ImageTooLarge(UploadRejected):
    code = "IMAGE_TOO_LARGE"


class ImageTooSmall(UploadRejected):
    code = "IMAGE_TOO_SMALL"


class ImageTooNarrow(UploadRejected):
    code = "IMAGE_TOO_NARROW"


class DuplicateImage(UploadRejected):
    code = "DUPLICATE_IMAGE"


class DuplicateStyleName(DomainError):
    code = "DUPLICATE_STYLE_NAME"
    default_message = "You already have a style of this name. Choose another name."


class PaymentRefused(DomainError):
    code = "PAYMENT_REFUSED"
    default_message = "The payment did not go through. Nothing was charged."


class NotRefundable(Conflict):
    code = "NOT_REFUNDABLE"
    default_message = (
        "Nothing of this purchase can be given back: its tokens are used, it is too long ago, or"
        " a refund is under way."
    )


class InvalidSignature(DomainError):
    """What a payment provider is said to have sent is not from it, or too old."""

    code = "INVALID_SIGNATURE"
    default_message = "The signature does not fit what was sent."


class RateLimited(DomainError):
    code = "RATE_LIMITED"

    def __init__(self, seconds: int) -> None:
        super().__init__(
            f"Too many requests. Try again in {seconds} seconds.", details={"seconds": seconds}
        )
        self.seconds = seconds


class ServiceUnavailable(DomainError):
    """A service that the request needs is down (storage, payment). A later attempt may succeed."""

    code = "SERVICE_UNAVAILABLE"
    default_message = "This is not available right now. Nothing was changed; try again in a moment."


class Unreadable(ServiceUnavailable):
    """A file that the storage does not give, though it answers. An attempt at it counts; one at a
    storage, or at another service, that is away does not."""
