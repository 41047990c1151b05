"""Rules of money: what is charged, paid and given back, once each, under locks."""

from tests.mutate.mutation import in_file

ORDERS = "app/tests/orders/test_generate.py"
REPORTS = "app/tests/orders/test_generation_reports.py"
TOKENS = "app/tests/money/test_token_service.py"
IDEMPOTENCY = "app/tests/orders/test_idempotency.py"
REVERSALS = "app/tests/money/test_reversals.py"
AUDIT = "app/tests/money/test_audit_ledger.py"
CHARGES = f"{ORDERS}::TestOrdering"
SHARES = f"{ORDERS}::TestTheArtistsShare"
REFUNDS = f"{REPORTS}::TestFailure"

MUTATIONS = (
    *in_file(
        "protocol/formats.py",
        ("size-panorama", '"2:1": (1024, 512)', '"2:1": (512, 1024)', CHARGES),
        ("size-large", '"2:2": (1024, 1024)', '"2:2": (1024, 512)', CHARGES),
    ),
    *in_file(
        "app/services/pricing.py",
        (
            "factor-large",
            'Format(*SIZES["2:2"], Decimal("1.5"))',
            'Format(*SIZES["2:2"], Decimal("1.4"))',
            CHARGES,
        ),
        (
            "factor-tall",
            'Format(*SIZES["1:2"], Decimal("1.2"))',
            'Format(*SIZES["1:2"], Decimal("1.0"))',
            CHARGES,
        ),
        (
            "factor-wide",
            'Format(*SIZES["3:2"], Decimal("1.1"))',
            'Format(*SIZES["3:2"], Decimal("1.2"))',
            CHARGES,
        ),
        (
            "factor-square",
            'Format(*SIZES["1:1"], Decimal("1.0"))',
            'Format(*SIZES["1:1"], Decimal("1.1"))',
            CHARGES,
        ),
        ("cost-rounded-up", "cost = math.ceil(price", "cost = math.floor(price", CHARGES),
        (
            "fee-rounded-for-the-artist",
            "cost - cost * fees.percent_at(clock.now()) // 100",
            "cost * (100 - fees.percent_at(clock.now())) // 100",
            SHARES,
        ),
    ),
    *in_file(
        "app/services/generation_service.py",
        ("fee-kept", "share = pricing.artist_share(job.cost)", "share = job.cost", SHARES),
        (
            "artist-paid",
            "        if share > 0:\n",
            "        if share < 0:\n",
            f"{REPORTS}::TestCompletion",
        ),
        (
            "refund-of-what-was-charged",
            "cost = charge.amount",
            "cost = generation.style.price",
            REFUNDS,
        ),
        (
            "refund-to-the-buyer",
            "refund_tokens(generation.user_id,",
            "refund_tokens(generation.style.artist_id,",
            REFUNDS,
        ),
        (
            "refund-on-failure",
            '_refund(job, "generation_failed")',
            "pass",
            REFUNDS,
        ),
        (
            "refund-on-cancel",
            '_refund(generation, "generation_canceled")',
            "pass",
            f"{ORDERS}::TestCanceling",
        ),
    ),
    *in_file(
        "app/services/token_service.py",
        ("balance-is-asked", "if balance < 0:", "if False:", f"{TOKENS}::TestRefusals"),
        ("the-last-token", "if balance < 0:", "if balance <= 0:", f"{TOKENS}::TestOneAtATime"),
        (
            "amount-above-zero",
            "if not 0 < amount",
            "if not 0 <= amount",
            f"{TOKENS}::TestRefusals",
        ),
        (
            "bonus-once",
            "if had_it or amount <= 0:",
            "if amount <= 0:",
            f"{TOKENS}::TestOneAtATime::test_welcome_bonus_is_given_once",
        ),
        (
            "what-is-consumed-is-taken",
            "-amount if is_taken else amount",
            "amount if is_taken else -amount",
            f"{TOKENS}::TestOneAtATime",
        ),
        (
            "entry-says-who",
            "sender_id=user_id if is_taken else None",
            "sender_id=None",
            f"{TOKENS}::TestOneAtATime",
        ),
        (
            "entry-of-a-refund",
            "kind = TransactionType.REFUND",
            "kind = TransactionType.EARN",
            f"{TOKENS}::TestOneAtATime",
        ),
        (
            "entry-of-a-purchase",
            "TransactionType.PURCHASE if is_bought",
            "TransactionType.EARN if is_bought",
            f"{TOKENS}::TestOneAtATime",
        ),
        (
            "entry-that-is-there-is-refused",
            "if not is_entered:",
            "if False:",
            TOKENS,
        ),
        ("amount-fits", "0 < amount <= MAX_AMOUNT", "0 < amount", TOKENS),
        ("reason-fits", "if len(memo) > MAX_REASON:", "if False:", TOKENS),
        ("lock-handed-over-is-the-users", "locked.pk != user_id or", "False or", TOKENS),
    ),
    *in_file(
        "app/models/writes.py",
        (
            "callers-transaction-survives",
            "%(created_at)s)\n        ON CONFLICT DO NOTHING\n",
            "%(created_at)s)\n",
            TOKENS,
        ),
        (
            "no-balance-without-its-entry",
            " AND EXISTS (SELECT FROM entry)",
            " OR EXISTS (SELECT FROM entry)",
            TOKENS,
        ),
    ),
    *in_file(
        "app/services/reversal_service.py",
        (
            "reversal-takes-what-is-left",
            "min(earned, artist.token_balance)",
            "earned",
            REVERSALS,
        ),
        (
            "reversal-refunds-the-price",
            "refund_tokens(buyer.pk, paid,",
            "refund_tokens(buyer.pk, earned,",
            REVERSALS,
        ),
        ("reversal-once", "    if is_refunded(licence):\n", "    if False:\n", REVERSALS),
        (
            "reversal-ends-the-licence",
            "states.end(picture, LicenceState.REFUNDED, why.words)",
            "pass",
            REVERSALS,
        ),
    ),
    *in_file(
        "app/services/audit_service.py",
        (
            "audit-of-reversals",
            "HAVING COUNT(*) FILTER (WHERE t.type = 'refund' AND t.amount = g.cost",
            "HAVING COUNT(*) < 0 AND COUNT(*) FILTER (WHERE t.type = 'refund'",
            AUDIT,
        ),
        (
            "audit-takes-back-the-payout-at-most",
            "t.type = 'reversal' AND t.amount <= p.amount",
            "t.type = 'reversal'",
            AUDIT,
        ),
        (
            "audit-gives-back-what-was-taken-at-most",
            "                > COALESCE(SUM(t.amount) FILTER (WHERE t.type = 'reversal'), 0)\n",
            "                < 0\n",
            AUDIT,
        ),
        (
            "audit-gives-back-to-its-artist",
            "t.type = 'rev_ret' AND t.receiver_id = s.artist_id",
            "t.type = 'rev_ret'",
            AUDIT,
        ),
        (
            "audit-of-licences",
            "AND g.licence_number IS DISTINCT FROM l.number",
            "AND g.licence_number <> l.number",
            AUDIT,
        ),
        (
            "audit-of-refunded-licences",
            "t.id IS NULL AND l.state = 'refunded' OR",
            "",
            AUDIT,
        ),
        (
            "audit-of-reversed-sales",
            "OR t.id IS NOT NULL AND l.state = 'active'",
            "",
            AUDIT,
        ),
        (
            "audit-of-pictures-without-licence",
            "WHERE l.state <> 'active' AND g.visibility = 'public'",
            "WHERE false",
            AUDIT,
        ),
        (
            "audit-of-licences-too-many",
            "WHERE g.status <> 'completed' ORDER BY l.generation_id",
            "WHERE false",
            AUDIT,
        ),
    ),
    *in_file(
        "app/services/idempotency_service.py",
        (
            "key-kept-a-day",
            "timedelta(hours=24)",
            "timedelta(hours=23)",
            f"{IDEMPOTENCY}::TestOneAfterTheOther",
        ),
        (
            "key-is-of-its-request",
            "if kept.facts is not None and kept.fingerprint != fingerprint:",
            "if False:",
            f"{IDEMPOTENCY}::TestOneAfterTheOther",
        ),
        (
            "key-is-of-its-user",
            "filter(user=user, key=key).first()",
            "filter(key=key).first()",
            f"{IDEMPOTENCY}::TestOneAfterTheOther",
        ),
        ("key-is-held", "if not cursor.fetchone()[0]:", "if False:", f"{IDEMPOTENCY}::TestAtOnce"),
        (
            "key-length",
            "MAX_KEY_LENGTH = 255",
            "MAX_KEY_LENGTH = 256",
            f"{IDEMPOTENCY}::TestOneAfterTheOther",
        ),
    ),
    *in_file(
        "app/services/user_service.py",
        (
            "bonus-once-a-person",
            "if left is None:\n        TokenService",
            "if True:\n        TokenService",
            "app/tests/accounts/test_users.py",
        ),
        (
            "closing-ends-no-suspension",
            "        raise LeftSuspended(until=left.suspended_until)\n",
            "        pass\n",
            "app/tests/accounts/test_sign_in_accounts.py",
        ),
    ),
    *in_file(
        "app/services/payment_service.py",
        (
            "purchase-is-entered",
            'TokenService.add_tokens(user.pk, amount, "purchase", purchase=purchase)',
            'TokenService.add_tokens(user.pk, amount, "gift")',
            "app/tests/money/test_tokens.py::TestPurchase",
        ),
    ),
    *in_file(
        "app/services/payments/payment_gateway.py",
        (
            "test-gateway-is-allowed-by-name",
            "if not settings.ALLOW_TEST_GATEWAY:",
            "if False:",
            "app/tests/money/test_tokens.py::TestPurchase",
        ),
    ),
)
