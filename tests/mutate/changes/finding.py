"""The search, the feed's lists, and what staff take down."""

from tests.mutate.mutation import Mutation, in_file

SEARCH = "app/tests/finding/test_search.py"
LISTS = "app/tests/finding/test_feed_lists.py"
STAFF = "app/tests/test_moderation.py"

MUTATIONS: tuple[Mutation, ...] = (
    *in_file(
        "app/utils/spellings.py",
        ("search-in-any-case", "text).lower())", "text))", "app/tests/styles/test_tags.py"),
        ("british-and-american", "for other in _other_side(each)]", "for other in ()]", SEARCH),
        ("singular-and-plural", "[word, *_other_number(word)]", "[word]", SEARCH),
        ("korean-and-english", "[*found, *meant, *others]", "found", SEARCH),
        (
            "slips-that-swap",
            "{a + b[1] + b[0] + b[2:] for a, b in halves if len(b) > 1}",
            "set()",
            SEARCH,
        ),
    ),
    *in_file(
        "app/models/text.py",
        ("signs-are-signs", r"""re.sub(r"([\\%_])", r"\\\1", text)""", "text", SEARCH),
    ),
    *in_file(
        "app/models/reads/search.py",
        (
            "withdrawn-styles-are-not-found",
            "Style.objects.offered().filter(pk__in=ids)",
            "Style.objects.filter(pk__in=ids)",
            SEARCH,
        ),
        ("named-before-described", "-len(called.get(pk, ()))", "0", SEARCH),
        ("each-word-of-a-feed", "*(words_of(q) or", "*(words_of(q)[:1] or", LISTS),
        ("every-word-is-wanted", "set.intersection(*whole)", "set.union(*whole)", SEARCH),
    ),
    *in_file(
        "app/models/style.py",
        (
            "descriptions-are-searched",
            'contains("name", spelled) | contains("description", spelled)',
            'contains("name", spelled)',
            SEARCH,
        ),
    ),
    *in_file(
        "app/models/user.py",
        ("who-left-is-not-found", "self.filter(user__closed_at=None, ", "self.filter(", SEARCH),
    ),
    *in_file(
        "app/migrations/0010_finding.py",
        (
            "entries-go-with-the-picture",
            "        DELETE FROM app_feedentry",
            "        DELETE FROM app_feedentry WHERE false; PERFORM 1 FROM app_feedentry",
            LISTS,
        ),
        ("heat-counts-doublings", "86400 * like_doublings(likes)", "86400 * likes", LISTS),
        (
            "a-like-writes-no-entry",
            "AND like_doublings(OLD.like_count) <> like_doublings(NEW.like_count)",
            "AND OLD.like_count <> NEW.like_count",
            LISTS,
        ),
    ),
    *in_file(
        "app/services/safety/records.py",
        ("a-reason-is-needed", "if not is_seen(words) or len", "if len", STAFF),
    ),
    *in_file(
        "app/services/safety/acts.py",
        (
            "hidden-is-private",
            "picture.visibility, picture.hidden_reason = Visibility.PRIVATE, why.words",
            "picture.hidden_reason = why.words",
            STAFF,
        ),
        ("acts-are-logged", "        LogEntry.objects.log_actions(", "        str(", STAFF),
        ("restored-as-it-was-left", "    if style.was_offered:\n", "    if True:\n", STAFF),
        ("not-for-those-who-left", "if artist.is_closed:", "if False:", STAFF),
    ),
    *in_file(
        "app/services/generation_service.py",
        ("hidden-stays-hidden", "        if generation.hidden_reason:", "        if False:", STAFF),
    ),
    *in_file(
        "app/services/style_service.py",
        (
            "withdrawn-stays-withdrawn",
            "if is_active and style.withdrawn_reason:",
            "if False:",
            STAFF,
        ),
        ("withdrawing-twice-is-no-way-out", "reason or style.withdrawn_reason", "reason", STAFF),
    ),
)
