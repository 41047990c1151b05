"""Bounds of what people may send, and how much they get at once."""

from tests.mutate.mutation import in_file

FIELDS = "app/tests/http/test_fields.py::test_nothing_wrong_is_taken"
UPLOADS = "app/tests/http/test_fields.py::test_nothing_wrong_is_taken_in_an_upload"
IMAGES = "app/tests/styles/test_style_uploads.py"
HOSTILE = f"{IMAGES}::TestHostileUploads"
BOUNDS = "app/tests/http/test_bounds.py"
PAGES = "app/tests/http/test_pagination.py"
PURCHASE = "app/tests/money/test_tokens.py::TestPurchase"

MUTATIONS = (
    *in_file(
        "app/http/pagination.py",
        (
            "page-size",
            "page_size = 20\n    ordering",
            "page_size = 10\n    ordering",
            f"{PAGES}::TestWalking",
        ),
        (
            "notifications-page-size",
            "page_size = 20\n    page_size_query_param",
            "page_size = 10\n    page_size_query_param",
            "app/tests/community/test_notifications.py::TestReading",
        ),
        ("page-limit", "MAX_LIMIT = 100", "MAX_LIMIT = 1000", f"{PAGES}::TestLimits"),
        ("page-limit-low", "1 <= int(given)", "0 <= int(given)", f"{PAGES}::TestLimits"),
        (
            "newest-first",
            'ordering: tuple[str, ...] = ("-created_at", "-pk")',
            'ordering: tuple[str, ...] = ("created_at", "pk")',
            "app/tests/accounts/test_permissions.py::TestOddAndEnds",
        ),
    ),
    *in_file(
        "app/views/tag.py",
        ("twenty-tags", "POPULAR = 20", "POPULAR = 200", "app/tests/styles/test_tags.py::TestTags"),
    ),
    *in_file(
        "app/serializers/generation.py",
        (
            "prompt-tags",
            "super().__init__(min_length=1, max_length=prompts.MAX_TAGS",
            "super().__init__(min_length=1, max_length=30",
            BOUNDS,
        ),
        (
            "no-prompt-tags",
            "super().__init__(min_length=1, max_length=prompts.MAX_TAGS",
            "super().__init__(min_length=0, max_length=prompts.MAX_TAGS",
            BOUNDS,
        ),
        (
            "prompt-tags-at-a-glance",
            "Meta(min_length=1, max_length=20)]",
            "Meta(min_length=1, max_length=30)]",
            BOUNDS,
        ),
        (
            "prompt-tag-length-at-a-glance",
            "str, msgspec.Meta(max_length=50",
            "str, msgspec.Meta(max_length=60",
            BOUNDS,
        ),
        (
            "picture-description",
            "description = serializers.CharField(max_length=500",
            "description = serializers.CharField(max_length=5000",
            BOUNDS,
        ),
        ("seed-at-a-glance", "Meta(ge=0, le=MAX_SEED)", "Meta(ge=-1, le=MAX_SEED)", BOUNDS),
        ("seed-low", "min_value=0, max_value=MAX_SEED", "min_value=-1, max_value=MAX_SEED", BOUNDS),
    ),
    *in_file(
        "app/models/generation.py",
        ("seed-high", "MAX_SEED = 2**32 - 1", "MAX_SEED = 2**32", BOUNDS),
    ),
    *in_file(
        "app/serializers/community.py",
        (
            "comment-length",
            "content = serializers.CharField(max_length=500)",
            "content = serializers.CharField(max_length=501)",
            BOUNDS,
        ),
    ),
    *in_file(
        "app/models/style.py",
        ("price-low", "MIN_PRICE = 1\n", "MIN_PRICE = 0\n", BOUNDS),
        ("price-high", "MAX_PRICE = 10_000", "MAX_PRICE = 100_000", BOUNDS),
    ),
    *in_file(
        "app/serializers/token.py",
        ("purchase-low", "min_value=100,", "min_value=0,", PURCHASE),
        ("purchase-high", "max_value=1_000_000", "max_value=10_000_000", PURCHASE),
        ("purchase-hundreds", "amount % 100:", "amount % 50:", PURCHASE),
    ),
    *in_file(
        "app/services/uploads/image_service.py",
        (
            "too-few-images",
            "MIN_IMAGES, MAX_IMAGES = 10, 100",
            "MIN_IMAGES, MAX_IMAGES = 9, 100",
            HOSTILE,
        ),
        (
            "too-many-images",
            "MIN_IMAGES, MAX_IMAGES = 10, 100",
            "MIN_IMAGES, MAX_IMAGES = 10, 101",
            HOSTILE,
        ),
        ("image-bytes", "MAX_BYTES = 10 * 1024", "MAX_BYTES = 11 * 1024", HOSTILE),
        ("image-side", "MIN_SIDE = 256", "MIN_SIDE = 255", HOSTILE),
        ("image-pixels", "MAX_PIXELS = 40_000_000", "MAX_PIXELS = 400_000_000", HOSTILE),
        (
            "image-ratio",
            "MAX_RATIO = 10",
            "MAX_RATIO = 11",
            "web/tests/test_picture_doors.py",
        ),
        ("same-image", "if earlier != index:", "if False:", HOSTILE),
        (
            "signature-bytes",
            "MAX_SIGNATURE_BYTES = 1024 * 1024",
            "MAX_SIGNATURE_BYTES = 2 * 1024 * 1024",
            "app/tests/accounts/test_own_pictures.py",
        ),
        (
            "signature-can-be-seen",
            "if signature_ink(signature.image) is None:",
            "if False:",
            "app/tests/accounts/test_seen_signatures.py",
        ),
        (
            "signature-is-no-line",
            "max_ratio=MAX_SIGNATURE_RATIO",
            "max_ratio=8000",
            "app/tests/accounts/test_seen_signatures.py",
        ),
    ),
    *in_file(
        "pictures/reading.py",
        (
            "image-format",
            "    raise _not_taken(bounds)\n\n\ndef",
            '    return "PNG", Image.open(source), Facts()\n\n\ndef',
            HOSTILE,
        ),
    ),
    *in_file(
        "app/services/tag_service.py",
        ("style-tags", "MAX_TAGS = 20", "MAX_TAGS = 21", BOUNDS),
    ),
    *in_file(
        "app/utils/tag_names.py",
        (
            "style-tag-length",
            "MAX_LENGTH = 50",
            "MAX_LENGTH = 51",
            "app/tests/styles/test_tags.py::TestTags",
        ),
    ),
)
