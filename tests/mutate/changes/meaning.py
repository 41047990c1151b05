"""What people mean: prices they saw, names they know, acts said twice, accounts that are closed."""

from tests.mutate.mutation import in_file

PRICE = "app/tests/orders/test_seen_price.py"
TERMS = "app/tests/orders/test_seen_terms.py"
LEAVING = "app/tests/accounts/test_leaving_races.py"
NAMES = "app/tests/accounts/test_names.py"
READABLE = "app/tests/accounts/test_readable_texts.py"
PUBLIC_NAMES = "app/tests/accounts/test_public_names.py"
TWICE = "app/tests/community/test_said_twice.py"
MEANT = "app/tests/http/test_what_was_not_meant.py"

MUTATIONS = (
    *in_file(
        "app/services/generation_service.py",
        (
            "another-price-is-refused",
            "if expected_cost is not None and expected_cost != cost:",
            "if False:",
            PRICE,
        ),
        (
            "other-terms-are-refused",
            "if expected_terms is not None and expected_terms != style.terms_id:",
            "if False:",
            TERMS,
        ),
    ),
    *in_file(
        "web/views/making.py",
        ("new-terms-can-be-agreed-to", "if isinstance(error, TermsChanged):", "if False:", TERMS),
    ),
    *in_file(
        "web/views/styles.py",
        (
            "signing-in-agrees-to-nothing",
            '{"terms": shown.terms_id, **order}',
            '{**order, "terms": shown.terms_id}',
            TERMS,
        ),
    ),
    *in_file(
        "app/models/writes.py",
        ("withdrawn-is-not-sold", "AND is_active FOR KEY SHARE", "FOR KEY SHARE", LEAVING),
    ),
    *in_file(
        "app/services/token_service.py",
        ("closed-is-closed", "    if user.is_closed:\n", "    if False:\n", LEAVING),
    ),
    *in_file(
        "app/views/image.py",
        (
            "mistakes-are-no-orders",
            "discard=lambda _: rate_limit_service.give_back(*limited),",
            "discard=lambda _: None,",
            "app/tests/orders/test_counted_orders.py",
        ),
    ),
    *in_file(
        "app/utils/names.py",
        ("look-alikes-look-alike", "seen.translate(_look_alikes())", "seen", NAMES),
        ("names-are-in-one-form", 'normalize("NFKC", " ".join', 'normalize("NFC", " ".join', NAMES),
        ("accents-make-no-artist", '_ACCENTS.sub("", looks)', "looks", PUBLIC_NAMES),
        (
            "capitals-look-alike",
            "_public(name.translate(_CAPITALS))",
            "_public(name)",
            PUBLIC_NAMES,
        ),
        ("our-names-are-ours", "return said in _reserved() or", "return False and", PUBLIC_NAMES),
        ("texts-can-be-read", 'return found[0] if is_needed else ""', "return found[0]", READABLE),
        ("texts-are-composed", 'unicodedata.normalize("NFC", value)', "value", NAMES),
    ),
    *in_file(
        "app/models/user.py",
        (
            "accents-make-no-user",
            'SkeletonField(of="username", looks=public_skeletons)',
            'SkeletonField(of="username")',
            PUBLIC_NAMES,
        ),
    ),
    *in_file(
        "app/services/user_service.py",
        (
            "look-alikes-get-a-number",
            "if taken.isdisjoint(public_skeletons(name))",
            "if name not in taken",
            PUBLIC_NAMES,
        ),
    ),
    *in_file(
        "app/migrations/0105_user_looks.py",
        ("names-that-exist-stay", "if look in held else look", "if False else look", PUBLIC_NAMES),
    ),
    *in_file(
        "app/services/community_service.py",
        ("taken-back-twice", "    if wanted is False:\n", "    if False:\n", TWICE),
        (
            "removed-once",
            "    if comment.pk not in {one.pk for one in shown}:\n",
            "    if False:\n",
            "app/tests/test_moderation.py",
        ),
    ),
    *in_file(
        "app/http/addresses.py",
        (
            "a-network-is-one-visitor",
            "ip_network((ip, 64), strict=False)",
            "ip_network((ip, 128), strict=False)",
            "app/tests/http/test_rate_limits.py::TestAddresses",
        ),
    ),
    *in_file(
        "app/views/base.py",
        ("unknown-fields-are-named", "for name in unknown]", "for name in ()]", MEANT),
        (
            "facts-are-those-of-then",
            "thing = made[0] if made else find(int(answer.made[1:]), **answer.facts)",
            "thing = made[0] if made else find(int(answer.made[1:]))",
            "app/tests/orders/test_same_meaning.py",
        ),
    ),
    *in_file(
        "app/models/reads/notifications.py",
        (
            "words-are-made-when-read",
            "if row.parameters is not None or row.other_count:",
            "if False:",
            "web/tests/test_made_when_read.py",
        ),
    ),
)
