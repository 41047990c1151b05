"""The domain's sentences in the visitor's language.

The services speak English. In English their own words are shown, which are the most exact, unless
they are for programs; in other languages the sentence is found by the error's code, with the
figures that it carries.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.utils import dateformat
from django.utils.translation import get_language, gettext, ngettext
from django.utils.translation import gettext_noop as _

from app import exceptions as domain
from app.models import Notification, NotificationType, Style
from app.models.notification import words_or
from app.services.licences import terms
from app.services.uploads import image_service

BY_CODE: Mapping[str, str] = {
    "VALIDATION_ERROR": _("Some of the values are not valid."),
    "NOT_FOUND": _("There is nothing here."),
    "PERMISSION_DENIED": _("You are not allowed to do this."),
    "ACCOUNT_SUSPENDED": _(
        "Our staff has suspended your account. You can look at what is yours, appeal, and leave."
    ),
    "DECLARATION_REQUIRED": _(
        "Before you upload, read and accept what artists declare about their works."
    ),
    "ARTIST_ONLY": _("Only artists can do this. Become one first."),
    "CONFLICT": _("This conflicts with existing data."),
    "PAYOUT_UNDER_WAY": _("A payout of yours is under way. Wait until it has arrived."),
    "PAYOUT_ACCOUNT_REQUIRED": _("Tell the payment provider first where your money shall go."),
    "PAYOUT_TOO_SMALL": _("%(payable)s tokens can be paid out, and the least is %(minimum)s."),
    "EARNINGS_LEFT": _(
        "Earnings of yours are not paid out yet. Have them paid out first, or say that you give"
        " them up."
    ),
    "STYLE_ON_HOLD": _(
        "Our staff is looking into a report about this style. No new pictures can be made with it"
        " until that is decided."
    ),
    "STYLE_IN_USE": _("Pictures in this style are still being made. Try again when they are done."),
    "REQUEST_IN_PROGRESS": _("Your first request is still being processed. Wait a moment."),
    "INVALID_TRANSITION": _("That is no longer possible: something has changed in the meantime."),
    "STYLE_NOT_READY": _("This style cannot be used yet. Wait until its training is complete."),
    "WORDS_REFUSED": _("Nothing was charged. Leave these words out, or choose others."),
    "IDEMPOTENCY_KEY_REUSED": _("This form was already sent. Check it and send it again."),
    "INSUFFICIENT_TOKENS": _(
        "This costs %(required)s tokens and you have %(available)s. Buy tokens and try again."
    ),
    "INSUFFICIENT_IMAGES": _("A style needs at least %(min_images)s pictures."),
    "TOO_MANY_IMAGES": _("A style takes at most %(max_images)s pictures."),
    "INVALID_IMAGE_FORMAT": _("The file is not a JPG or PNG picture, or it is damaged."),
    "IMAGE_TOO_LARGE": _(
        "The picture is too large: at most %(max_megabytes)s MB and %(max_megapixels)s million"
        " pixels."
    ),
    "IMAGE_TOO_SMALL": _("The picture is too small: each side needs at least %(min_side)s pixels."),
    "IMAGE_TOO_NARROW": _(
        "The picture is too narrow: one side may be at most %(max_ratio)s times as long as the"
        " other."
    ),
    "DUPLICATE_IMAGE": _("The same picture is there twice."),
    "DUPLICATE_STYLE_NAME": _("You already have a style of this name. Choose another name."),
    "PAYMENT_REFUSED": _("The payment did not go through. Nothing was charged."),
    "PAYMENT_DISPUTED": _(
        "Your bank disputes a payment of yours. Until that is settled, you can't spend tokens."
    ),
    "NOT_REFUNDABLE": _(
        "Nothing of this purchase can be given back: its tokens are used, it is too long ago, or a"
        " refund is under way."
    ),
    "PRICE_CHANGED": _("The price has changed: this costs %(cost)s tokens now, not %(expected)s."),
    "TERMS_CHANGED": _(
        "The terms of this style have changed: they are “%(terms)s” now, not “%(expected)s”. Read"
        " below what you may do with the picture. If you agree, order again."
    ),
    "QUOTA_EXCEEDED": _(
        "At most %(limit)s of your pictures may wait, and %(waiting)s do. So many can be ordered"
        " now: %(room)s. Order the others later."
    ),
    "RATE_LIMITED": _("Too many requests. Try again in %(seconds)s seconds."),
    "SERVICE_UNAVAILABLE": _(
        "This is not available right now. Nothing was changed; try again in a moment."
    ),
}

# What the services say about single fields.
OF_FIELDS = (
    _("The file is larger than 1 MB."),
    _("The file is larger than 2 MB."),
    _("The signature must have a transparent background."),
    _("The file is not a PNG image."),
    _("The file is not a JPG or PNG image."),
    _("The file is not a PNG, JPG or WebP image."),
    _("At most 10 MB."),
    _("The file is damaged: it cannot be decoded to its end."),
    _("Animated images cannot be used."),
    _("The image has more than 40 million pixels."),
    _("One side may be at most 10 times as long as the other."),
    _("The signature is empty: all of it is transparent."),
    _("There is too little to see of this signature. Draw it larger, or in stronger ink."),
    _(
        "Each side of a signature needs at least 20 pixels, and one side may be at most 20 times as"
        " long as the other."
    ),
    _("This user name, or one that looks like it, is taken. Choose another one."),
    _("This artist name, or one that looks like it, is taken. Choose another one."),
    _("This name is reserved. Choose another one."),
    _("A name needs a letter that can be seen. Add one."),
    _("There is nothing to read in it."),
    _("A tag must not be empty."),
    _("A tag has at most 50 characters."),
    _("A tag may contain only printable ASCII characters, without commas."),
    _("At most 20 tags."),
    _("At most 20 subjects."),
    _("A subject needs a letter or a digit that can be seen."),
    _("There is no such comment on this picture."),
    _("There is no such work."),
    _("You cannot reply to a reply."),
    _("An address has at most 500 characters."),
    _("An address has no spaces, control characters or backslashes."),
    _("This is not an address that can be read."),
    _("An address begins with https:// and a host."),
    _("An address begins with https://."),
    _("An address has no user name and no password."),
    _("An address has no fragment (#)."),
    _("Write the path with % signs: it has letters that are not ASCII."),
    _("The host is not a name that can be looked up."),
    _("Leave out the dot after the host."),
    _("The host is not a public name."),
    _("The host is not at a public address."),
    _("Write an IP address in its usual form."),
    _("The port is 443. Leave it out."),
    _("Use 2–40 letters, digits, dots, dashes, underscores."),
    _("You have a collection of this name, or of one that looks like it."),
    _("A claim of rights needs this."),
    _("Say what is wrong with it."),
    _("This is your own."),
    _("A counter-notice is against decisions for copyright."),
    _("A counter-notice needs this."),
    _("Somebody else has to confirm that a licence is revoked."),
    _("This has no licence."),
)

# The messages of exceptions that are the same each time; others are found by their code.
OF_ERRORS = (
    _("A licence number has only digits and letters, and no U."),
    _("A licence number has 12 characters after SL."),
    _("A character of this licence number is wrong, or two changed places."),
    _("There is no licence with this number."),
    _("There is no such picture."),
    _("There is no such style."),
    _("There is no such user."),
    _("There is no such artist."),
    _("There is no such comment."),
    _("Comments on this picture are switched off."),
    _("You cannot follow yourself."),
    _("You cannot block or mute yourself."),
    _("You are already an artist."),
    _("This account is closed."),
    _("Only a completed picture can be published."),
    _("Our staff has hidden this picture. You cannot publish it."),
    _("Our staff has withdrawn this style. You cannot offer it."),
    _("A style can be offered once its training is complete."),
    _("This style is still being trained. You can discard it once that has ended."),
    _("It is against the rules of this site."),
    _(
        "A check by machine found works that are nearly the same as works of other artists, or as"
        " pictures made here in their styles. Our staff will look at them."
    ),
    _(
        "A check by machine found nudity in works, which everybody would see. Our staff will look"
        " at them."
    ),
    _(
        "A check by machine found nudity in works, and works that are nearly the same as works of"
        " other artists, or as pictures made here in their styles. Our staff will look at them."
    ),
    _("A check by machine took it for pornographic. Our staff will look at it."),
    _(
        "A check by machine found nudity, which this style does not allow. Our staff will look at"
        " it."
    ),
    _("A check by machine found nudity in it."),
    _("A check by machine found nudity: it is shown to those who want to see that."),
    _("The time of the suspension is over."),
    _("It was a reply to a comment that was removed."),
    _("Only its author can delete a comment."),
    _("You have no such notification."),
    _("You have no such key."),
    _("You have no such webhook."),
    _("This webhook is switched off. Switch it on first."),
    _("This style has no works to train on."),
    _("You have 200 collections. Delete one first."),
    _("A collection holds at most 5,000 pictures."),
    _("Some of these are no pictures of yours."),
    _("You have no such collection."),
    _("This picture is still being made. Cancel it, or wait until it is done."),
    _("There is no such thing to report."),
    _("There is no such report."),
    _("There is no such case."),
    _("There is no such appeal."),
    _("There is no such proposal."),
    _("You have no such statement."),
    _("The time to appeal is over."),
    _("You have appealed against this already."),
    _("This decision does not hold any more."),
    _("Somebody else has decided this case."),
    _("Somebody else has to judge this: you have decided before."),
    _("This is about yourself: somebody else has to decide it."),
    _("Somebody has proposed this already. It has to be confirmed."),
    _("This picture is hidden already."),
    _("This picture is not hidden."),
    _("The licence of this picture has ended."),
    _("This picture was refunded already."),
    _("This style is withdrawn already."),
    _("This style is withdrawn or on hold already."),
    _("Our staff has not withdrawn this style."),
    _("The artist of this style is suspended: end that first."),
    _("The comment that this one replies to is removed."),
    _("This comment is not removed."),
    _("This account is closed, or suspended already."),
    _("This account is not suspended."),
    _("Take away the account's rights as staff first."),
    _("The buyer was given the price back, and can order it again: deny this."),
    _("The works of this style do not wait for a review."),
)
# What the services say of a quote, for buyers: on pages, it is a price that was shown.
OF_QUOTES: Mapping[str, str] = {
    "There is no such quote.": _("This price was not shown to you. Below is what it costs now."),
    "This quote has expired. Ask for another one.": _(
        "This price was shown more than ten minutes ago. Below is what it costs now."
    ),
    "This quote is for other items.": _(
        "The list was changed after its price was shown. Below is what it costs now."
    ),
    "This quote is for another priority.": _(
        "The priority was changed after the price was shown. Below is what it costs now."
    ),
}
# What only programs understand.
_OF_PROGRAMS = re.compile(r"Idempotency-Key|forfeit_earnings|\b(?:GET|POST) /api/|The job's state")
# Why a picture was not made or a style not trained, where the words are ours.
OF_FAILURES = (
    _("It was not made by the deadline of its order."),
    _("The server that worked on it stopped answering."),
    _("No server took it in time."),
    _("The file storage could not be used."),
    _("The picture could not be signed."),
    _("The style engine could not do this."),
    _("Something went wrong on our side."),
    _("The worker that took this has another engine than the style."),
    _("This took too long and was stopped."),
    _("This style has no works to train on."),
    _(
        "The picture came out nearly the same as one of the artist's own works, so it is not"
        " delivered. Other words or another seed give another picture."
    ),
    _("The pictures could not be checked. Upload them again."),
    _('There is no link to your page here with rel="me" on it.'),
    _("Redirects are not followed."),
    _("The host has no address."),
)
# Why words of an order are refused; the words follow.
OF_WORDS = {
    "minors": _("Nothing sexual with children is made here: %(words)s."),
    "sexual": _("Nothing pornographic is made here: %(words)s."),
    "mature": _("This style does not allow nudity: %(words)s."),
    "hate": _("Nothing that spreads hate is made here: %(words)s."),
    "cruelty": _("Nothing that celebrates cruelty is made here: %(words)s."),
    "artist": _("These artists license no style here, or not this one: %(words)s."),
    "excluded": _("The artist excludes these subjects from this style: %(words)s."),
}
# Why a comment is refused.
OF_COMMENTS = {
    "link": _(
        "New accounts can't post links for %(days)s days. Write the comment without the link."
    ),
    "repeated": _("You have written this already. Write something else."),
}
# What a payment provider still asks an artist for, by a part of its own name of it.
OF_ACCOUNTS = {
    "document": _("a document that proves who you are"),
    "additional_document": _("a document that proves where you live"),
    "external_account": _("your bank account"),
    "address": _("your address"),
    "dob": _("your date of birth"),
    "id_number": _("your identity or tax number"),
    "ssn_last_4": _("your identity or tax number"),
    "first_name": _("your name"),
    "last_name": _("your name"),
    "phone": _("your phone number"),
    "email": _("your e-mail address"),
    "business_profile": _("what you sell"),
    "tos_acceptance": _("that you accept its terms"),
}
_KNOWN = frozenset(OF_FIELDS + OF_ERRORS)

_FIGURES = {
    "min_images": image_service.MIN_IMAGES,
    "max_images": image_service.MAX_IMAGES,
    "max_megabytes": image_service.MAX_BYTES // 1024 // 1024,
    "max_megapixels": image_service.MAX_PIXELS // 1_000_000,
    "max_ratio": image_service.MAX_RATIO,
    "min_side": image_service.MIN_SIDE,
}


def explain(error: domain.DomainError) -> str:
    """What went wrong, for people."""
    return say(error.code, error.message, error.details)


def explain_all(error: domain.DomainError) -> str:
    """The same; of invalid values, what is wrong with each."""
    if isinstance(error, domain.InvalidInput):
        return " ".join(message for said in field_errors(error).values() for message in said)
    return explain(error)


def say(code: str, message: str, details: Mapping[str, Any] | None = None) -> str:
    if code == domain.TermsChanged.code:
        details = {name: _titled(terms_id) for name, terms_id in (details or {}).items()}
    elif message in OF_QUOTES:
        return gettext(OF_QUOTES[message])
    elif (get_language() or "en").startswith("en") and not _OF_PROGRAMS.search(message):
        return message
    if message in _KNOWN:
        return gettext(message)
    if code == domain.CommentRefused.code and details:
        said = OF_COMMENTS[details["reason"]]
        return gettext(said) % details
    if code == domain.WordsRefused.code and details:
        return _of_words(details["words"])
    sentence = gettext(BY_CODE.get(code, BY_CODE["VALIDATION_ERROR"]))
    return sentence % {**_FIGURES, **(details or {})} if "%(" in sentence else sentence


def _of_words(refused: Sequence[Mapping[str, Any]]) -> str:
    """What is refused for each reason, and the way on."""
    by_reason: dict[str, dict[str, None]] = {}
    for each in refused:
        by_reason.setdefault(each["reason"], {})[each["word"]] = None
    sentences = [(OF_WORDS[reason], ", ".join(words)) for reason, words in by_reason.items()]
    said = [gettext(sentence) % {"words": words} for sentence, words in sentences]
    way_on = BY_CODE[domain.WordsRefused.code]
    return " ".join([*said, gettext(way_on)])


def _titled(terms_id: str) -> str:
    """Terms as their page calls them; two versions may have one title."""
    try:
        words = terms.published(terms_id).words
    except KeyError:
        return terms_id
    return f"{words.get(get_language() or 'en', words['en']).title} ({terms_id})"


def field_errors(error: domain.InvalidInput) -> dict[str, list[str]]:
    """Field → messages, of the domain's own checks."""
    details = error.details or {}
    return {
        name: [say(error.code, message) for message in messages]
        for name, messages in details.items()
    }


# How much of the way from a picture without style to the artist's own works. docs/rights.md says
# how these were measured.
CLEARLY_LIKE = 0.17
SOMEWHAT_LIKE = 0.08


def likeness_to(style: Style) -> str:
    """How like the artist's works the samples look, in words for the artist; "" if nobody knows."""
    told = style.style_score
    if not told:
        return ""
    whole = told["works"] - told["plain"]
    share = (told["samples"] - told["plain"]) / whole if whole > 0 else 0
    if share >= CLEARLY_LIKE:
        return gettext("Pictures in this style look clearly like your works.")
    if share >= SOMEWHAT_LIKE:
        return gettext("Pictures in this style look somewhat like your works.")
    return gettext(
        "By this measure, pictures in this style are hardly more like your works than the same"
        " pictures without it."
    )


def asked_for(note: str) -> str:
    """What a payment provider asks for in its own words, for people; "" if we know none of it."""
    names = [name.strip().split(".") for name in note.split(",")]
    known = (part for name in names for part in name if part in OF_ACCOUNTS)
    return ", ".join(dict.fromkeys(gettext(OF_ACCOUNTS[part]) for part in known))


def day(day: date) -> str:
    return dateformat.format(day, gettext("j M Y"))


def describe(notification: Notification) -> str:
    """A notification in the visitor's language, from what it is about."""
    told, who = notification.parameters, notification.actor
    if told is None and not notification.other_count:
        # Worded by who sent it, or by a version that kept nothing else.
        if (get_language() or "en").startswith("en"):
            return notification.message
        about, _colon, said = notification.message.partition(": ")
        told = {
            "said": said,
            "is_reply": about.endswith(" your comment"),
            "name": getattr(notification, "style_name", None) or "",
            "reason": "",
            "cost": next(iter(re.findall(r"(\d+) tokens", notification.message)), None),
        }
        if told["cost"] is None and notification.type == NotificationType.GENERATION_FAILED:
            return notification.message
    told = told or {}
    # What staff did for a reason that we know the words of.
    if why := told.get("why"):
        told = {**told, "why": gettext(why)}
    in_english = (get_language() or "en").startswith("en")
    if notification.type == NotificationType.PAYOUT_FAILED:
        # A bank's own words, in English: nobody else knows why.
        in_english = True
    if (reason := told.get("reason")) and not in_english:
        # A worker's own words are on the page alone, in English.
        told = {**told, "reason": gettext(reason) if reason in OF_FAILURES else ""}
    others = notification.other_count
    name = who.username if who else ""
    kind, message = notification.type, notification.message
    return words_or(message, kind, told, name, others, ReadersLanguage)


class ReadersLanguage:
    """The visitor's, for ``words_of``."""

    gettext = staticmethod(gettext)
    ngettext = staticmethod(ngettext)
    day = staticmethod(day)
