"""Blocks and mutes, sessions, exports, other ways to sign in, and proof of who an artist is."""

from tests.mutate.mutation import Mutation, in_file

HIDDEN = "app/tests/community/test_hidden_people.py"
SESSIONS = "app/tests/accounts/test_own_sessions.py"
EXPORTS = "app/tests/accounts/test_exports.py"
SIGN_IN = "app/tests/accounts/test_other_sign_in.py"
SITES = "app/tests/accounts/test_own_site.py"
FETCHED = "app/tests/webhooks/test_artist_sites.py"

MUTATIONS: tuple[Mutation, ...] = (
    *in_file(
        "app/models/generation.py",
        (
            "a-block-closes-pictures",
            "public &= ~Q(user_id__in=apart)",
            "pass",
            f"{HIDDEN}::TestDoors",
        ),
        (
            "the-hidden-are-not-in-the-feed",
            "pictures.exclude(user_id__in=hidden).exclude(style__artist_id__in=hidden)",
            "pictures.exclude(user_id__in=hidden)",
            f"{HIDDEN}::TestLists",
        ),
    ),
    *in_file(
        "app/models/community.py",
        (
            "answers-to-the-hidden-go-too",
            ".exclude(parent__user_id__in=hidden)",
            "",
            f"{HIDDEN}::TestLists",
        ),
        (
            "switched-off-comments-are-not-shown",
            "generation__allows_comments=True, user__suspended_at=None",
            "user__suspended_at=None",
            "app/tests/community/test_comments_off.py",
        ),
    ),
    *in_file(
        "app/models/writes.py",
        (
            "of-the-hidden-nothing-is-told",
            'NOTIFY = _NOTIFY.format(others="0", unless=f"WHERE {_UNLESS_HIDDEN}")',
            'NOTIFY = _NOTIFY.format(others="0", unless="")',
            f"{HIDDEN}::TestNotifications",
        ),
    ),
    *in_file(
        "app/services/session_service.py",
        (
            "sessions-are-ones-own",
            "keys = Session.objects.filter(user=user)",
            "keys = Session.objects.all()",
            SESSIONS,
        ),
    ),
    *in_file(
        "app/services/exported.py",
        (
            "an-export-names-nobody-else",
            "value = value if is_told else None",
            "pass",
            EXPORTS,
        ),
        (
            "an-export-does-not-quote-others",
            'del told["message"]',
            "pass",
            EXPORTS,
        ),
        (
            "an-export-does-not-tell-who-blocks",
            "found = models.HiddenPerson.objects.chosen_by(user)",
            "pass",
            EXPORTS,
        ),
    ),
    *in_file(
        "app/other_sign_in.py",
        (
            "github-has-verified-the-address",
            'each.get("verified") is True and ',
            "",
            f"{SIGN_IN}::TestGitHub",
        ),
    ),
    *in_file(
        "app/sign_in.py",
        (
            "accounts-of-an-address-have-an-end",
            "        _require_room(request)\n",
            "",
            f"{SIGN_IN}::TestHowMany",
        ),
        (
            "mail-to-the-address-of-now",
            "            _keep_address(sociallogin)\n",
            "            pass\n",
            f"{SIGN_IN}::TestAccounts",
        ),
    ),
    *in_file(
        "app/services/site_service.py",
        (
            "a-link-says-me",
            'and "me" in unescape(given.get("rel", "")).lower().split()',
            "",
            f"{SITES}::TestLinks",
        ),
        (
            "a-site-answers-with-200",
            "if outcome.is_accepted and links_back(",
            "if links_back(",
            SITES,
        ),
    ),
)
