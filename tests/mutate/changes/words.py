"""What a prompt means, and that unknown words are named before they are paid."""

from tests.mutate.mutation import in_file

MEANINGS = "words/tests/test_understanding.py"
PLACED = "words/tests/test_places.py"
QUOTES = "app/tests/orders/test_quotes.py"
SITE = "web/tests/test_unknown_words.py"

MUTATIONS = (
    *in_file(
        "words/prompts.py",
        ("prompt-tag-length", "MAX_LENGTH = 50", "MAX_LENGTH = 49", QUOTES),
        ("prompt-controls", '{"Cc", "Cf", ', '{"Cc", ', QUOTES),
        ("prompt-composed", '"NFC", text', '"NFD", text', QUOTES),
    ),
    *in_file(
        "words/reading.py",
        ("counts-to-nine", "MAX_COUNT: Final = 9", "MAX_COUNT: Final = 8", MEANINGS),
        ("colour-behind-its-noun", "self._paint(behind)", "pass", MEANINGS),
    ),
    *in_file(
        "words/places.py",
        ("under-is-not-painted", 'return to.kind in ("sky", "hour")', "return True", PLACED),
        ("on-a-thing", "return to.is_scene and (", "return (", PLACED),
    ),
    *in_file(
        "words/understanding.py",
        ("size-of-a-place", "lost += [noun.scale_word, ", "lost += [", PLACED),
        ("second-hour", 'lost += _others_of(wanted, "hour") + ', "lost += ", PLACED),
        ("third-colour", "lost += noun.color_words[MOST_COLORS:]", "pass", PLACED),
    ),
    *in_file(
        "words/reading_english.py",
        (
            "negation",
            "self._end_clause()\n            self._wanted = False",
            "self._end_clause()",
            MEANINGS,
        ),
        ("plurals", "return thing, length, True", "return thing, length, False", MEANINGS),
    ),
    *in_file(
        "words/reading_korean.py",
        ("korean-negation", "noun.wanted = False", "noun.wanted = True", MEANINGS),
        ("korean-counts", "last.count, self._count = self._count, None", "pass", MEANINGS),
    ),
    *in_file(
        "app/serializers/generation.py",
        (
            "order-names-unknown-words",
            "list(unknown_words(instance.style.engine, instance.prompt_tags))",
            "[]",
            QUOTES,
        ),
    ),
    *in_file(
        "app/services/orders/quotes.py",
        ("balance-after", "user.token_balance - cost", "user.token_balance", QUOTES),
    ),
    *in_file(
        "app/services/orders/contents.py",
        ("quote-of-hidden", "Style.objects.visible_to(user)", "Style.objects", QUOTES),
    ),
    *in_file(
        "web/views/making.py",
        (
            "told-before-paying",
            "if form.tell_unknown_words(style.engine):",
            "if form.tell_unknown_words(style.engine) and False:",
            SITE,
        ),
        ("refused-before-unknown", "form.require_allowed_words(style)", "pass", SITE),
    ),
    *in_file(
        "web/forms/making.py",
        ("told-of-each", "not set(unknown) <= set(told)", "unknown and not told", SITE),
    ),
)
