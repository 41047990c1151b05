"""Reports, decisions and appeals in words: what each action is called, and what it does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_noop as _

from app.models import Action, Decision, Ground, ReportReason, ThingKind
from app.models.decision import FREE
from app.services.safety.looking import Thing

# What is pressed to have it done.
VERBS: Mapping[str, str] = {
    Action.HIDE: _("Hide the picture"),
    Action.REMOVE: _("Remove the comment"),
    Action.HOLD: _("Put the style on hold"),
    Action.WITHDRAW: _("Withdraw the style"),
    Action.REVOKE: _("Revoke the licence"),
    Action.REFUND: _("Refund the picture"),
    Action.REVIEW: _("Hold the works"),
    Action.REFUSE: _("Refuse the works"),
    Action.RATE: _("Rate it"),
    Action.TAKE: _("Take the image down"),
    Action.WARN: _("Warn the account"),
    Action.SUSPEND: _("Suspend the account"),
    Action.RESTORE: _("Restore it"),
    Action.ALLOW: _("Allow the works"),
    Action.PARDON: _("Take it back"),
    Action.DISMISS: _("Nothing to do"),
}
# The same of a profile picture or signature that a check has taken down, and what follows.
VERBS_OF_IMAGES: Mapping[str, str] = {
    Action.PARDON: _("Show it again"),
    Action.TAKE: _("Refuse it"),
}
FOLLOWS_OF_IMAGES: Mapping[str, str] = {
    Action.PARDON: _("It is shown beside the name again, unless there is another one by now."),
    Action.TAKE: _("It stays taken down, and its file is deleted once nobody can appeal."),
}
# What follows, for whom it concerns and for whoever decides.
FOLLOWS: Mapping[str, str] = {
    Action.HIDE: _("Only its owner sees the picture, and cannot publish it."),
    Action.REMOVE: _("Nobody sees the comment any more, nor its replies."),
    Action.HOLD: _(
        "Nobody finds the style or orders from it. What it earned is kept, and paid out once it is"
        " decided on."
    ),
    Action.WITHDRAW: _(
        "Nobody finds the style or orders from it. Pictures made with it keep their licences."
    ),
    Action.REVOKE: _("The licence of the picture ends, and nobody but its owner sees it."),
    Action.REFUND: _(
        "The buyer has the price back, and the licence ends. What is left of it is taken back from"
        " the artist."
    ),
    Action.REVIEW: _(
        "The style is trained once our staff has looked at the works. Other works may be uploaded."
    ),
    Action.REFUSE: _("The style is not trained on these works. Other works may be uploaded."),
    Action.RATE: _("It is shown to those only who want to see such things."),
    Action.TAKE: _("It is not shown beside your name. Another one may be uploaded."),
    Action.WARN: _("It counts against the account for a time. Nothing else follows."),
    Action.SUSPEND: _(
        "Nobody can act with the account, and nobody sees what it published. Pictures that nobody"
        " has begun are refunded, styles are on hold."
    ),
    Action.RESTORE: _("It is as it was before."),
    Action.ALLOW: _("The style is trained on these works."),
    Action.PARDON: _("What the decision took is given back."),
    Action.DISMISS: _("Nothing changes. Whoever reported it is told."),
}
# What is asked of whoever gives this reason.
HINTS: Mapping[str, str] = {
    ReportReason.COPY: _("You made the work, or act for whoever did."),
    ReportReason.LIKENESS: _("Your name or your face is used without your consent."),
    ReportReason.MINORS: _("We need nothing about you for this."),
}
# Which ground the desk proposes, by what was reported.
GROUND_OF: Mapping[str, Ground] = {
    ReportReason.COPY: Ground.COPYRIGHT,
    ReportReason.LIKENESS: Ground.LIKENESS,
    ReportReason.SEXUAL: Ground.SEXUAL,
    ReportReason.MINORS: Ground.MINORS,
    ReportReason.HATE: Ground.HATE,
    ReportReason.HARASSMENT: Ground.HARASSMENT,
    ReportReason.VIOLENCE: Ground.VIOLENCE,
    ReportReason.SPAM: Ground.SPAM,
}


def address_of(thing: Thing) -> str:
    """Where everybody finds it, if it is shown."""
    if thing.kind == ThingKind.COMMENT:
        return f"/pictures/{thing.on_picture}#comment-{thing.id}"
    places = {ThingKind.PICTURE: "pictures", ThingKind.STYLE: "styles"}
    return f"/{places.get(ThingKind(thing.kind), 'users')}/{thing.id}"


def verdict_on(action: str | None) -> str:
    """What whoever reported a thing is told of the decision; "" while there is none."""
    if action is None:
        return ""
    if action in FREE:
        return gettext("We looked at it, and found nothing that is against the law or our rules.")
    return gettext("We have acted: %(action)s.") % {"action": gettext(Action(action).label)}


def what_denying_does(decision: Decision) -> str:
    """What follows if an appeal against it is denied: what a check holds is refused then."""
    refused = {Action.REVIEW: FOLLOWS[Action.REFUSE], Action.TAKE: FOLLOWS_OF_IMAGES[Action.TAKE]}
    if decision.is_automated and (follows := refused.get(Action(decision.action))):
        return " ".join([gettext(follows), gettext("Against that, one may appeal once more.")])
    return gettext("The decision stands. There is no second appeal.")


def what_follows_for_money(money: Mapping[str, Any], *, is_artist: bool) -> str:
    """What a statement says of money; ``is_artist``: to the artist whose sale it was."""
    effect = money.get("effect", "none")
    if effect == "held":
        return gettext(
            "What the style earned stays yours. It is not paid out before this is decided."
        )
    if effect != "refunded":
        return gettext("Nothing follows for money.")
    if is_artist:
        taken = int(money.get("taken", 0))
        said = ngettext(
            "%(count)s token of what this sale earned was taken back from you.",
            "%(count)s tokens of what this sale earned were taken back from you.",
            taken,
        )
        return said % {"count": f"{taken:,}"}
    paid = int(money.get("refunded", 0))
    said = ngettext("You got %(count)s token back.", "You got %(count)s tokens back.", paid)
    return said % {"count": f"{paid:,}"}
