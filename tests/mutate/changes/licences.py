"""Licences: issued with the payment, kept as they were sold, private where they have to be."""

from tests.mutate.mutation import Mutation, in_file

NUMBERS = "app/tests/licences/test_numbers.py"
ISSUING = "app/tests/licences/test_issuing.py"
CERTIFICATES = "app/tests/licences/test_certificates.py"
COPIES = "app/tests/orders/test_refused_copies.py"
ENDED = "app/tests/licences/test_ended_licences.py"
TERMS = "app/tests/licences/test_terms.py"

MUTATIONS: tuple[Mutation, ...] = (
    *in_file(
        "app/services/licences/numbers.py",
        ("number-is-checked", "if number[-1] != DIGITS[values[-1]]:", "if False:", NUMBERS),
        ("places-are-checked", "check = _doubled(check ^ value)", "check ^= value", NUMBERS),
    ),
    *in_file(
        "app/services/licences/certificate.py",
        (
            "private-words-stay-private",
            "picture.prompt_shown if picture.is_public else None",
            "picture.prompt_shown",
            CERTIFICATES,
        ),
        (
            "buyer-stays-unnamed",
            "if licence.buyer_is_named and not picture.user.is_closed",
            "if not picture.user.is_closed",
            CERTIFICATES,
        ),
        ("ended-is-listed", "bits[byte] |= 0x80 >> bit", "pass", CERTIFICATES),
    ),
    *in_file(
        "app/services/licences/keys.py",
        (
            "former-keys-stay",
            "found = {key.kid: key.public_jwk, **kept}",
            "found = {key.kid: key.public_jwk}",
            CERTIFICATES,
        ),
    ),
    *in_file(
        "app/services/licences/states.py",
        ("only-the-buyer-is-named", "if not may_change(user, licence):", "if False:", CERTIFICATES),
        (
            "ended-is-private",
            "picture.visibility = Visibility.PRIVATE",
            "pass",
            ENDED,
        ),
        (
            "a-licence-ends-once",
            "if licence is None or not licence.is_valid:",
            "if licence is None:",
            "app/tests/money/test_reversals.py",
        ),
    ),
    *in_file(
        "app/views/licence.py",
        (
            "status-list-is-fresh",
            "@cache_control(public=True, max_age=1)",
            "@cache_control(public=True, max_age=60)",
            ENDED,
        ),
    ),
    *in_file(
        "app/services/safety/acts.py",
        (
            "ended-is-not-shown-again",
            "if Licence.objects.ended().filter(pk=picture.pk).exists():",
            "if False:",
            "app/tests/money/test_reversals.py",
        ),
    ),
    *in_file(
        "app/services/licences/declaration.py",
        ("declared-before-an-upload", "if declared.accepted_at is None:", "if False:", TERMS),
    ),
    *in_file(
        "app/services/generation_service.py",
        (
            "order-keeps-its-terms",
            "terms_id=style.terms_id,",
            'terms_id="commercial/1",',
            ISSUING,
        ),
        ("copy-is-told", "if job.metadata and job", "if False and job", COPIES),
        (
            "copy-is-told-to-others-than-its-buyer",
            "if job.metadata and job.user_id != job.style.artist_id:",
            "if job.metadata:",
            COPIES,
        ),
        (
            "copy-is-told-at-the-end",
            "if report.nearness is not None and not report.retryable:",
            "if report.nearness is not None:",
            COPIES,
        ),
    ),
    *in_file(
        "app/services/licences/issuing.py",
        (
            "old-licences-once",
            "pictures = [picture for picture in pictures if picture.pk not in issued]",
            "pictures = list(pictures)",
            ISSUING,
        ),
    ),
)
