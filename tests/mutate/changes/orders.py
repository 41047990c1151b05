"""Orders of several pictures: one charge for all, limits that hold, and ends that happen once."""

from tests.mutate.mutation import in_file

ORDERS = "app/tests/orders/test_orders.py"
PLACING = f"{ORDERS}::TestPlacing"
CANCELING = f"{ORDERS}::TestCanceling"
QUOTES = f"{ORDERS}::TestQuotes"
HELD = "app/tests/orders/test_held_pictures.py"
ENDS = "app/tests/orders/test_ends_of_orders.py"
AUDIT = "app/tests/money/test_audit_ledger.py::TestOrders"
TOLD = "app/tests/orders/test_told_of_orders.py"
MIXES = "app/tests/orders/test_quoted_is_charged.py"

MUTATIONS = (
    *in_file(
        "app/services/orders/placing.py",
        (
            "order-charged-in-full",
            "TokenService.consume_tokens(buyer.pk, cost,",
            "TokenService.consume_tokens(buyer.pk, pictures[0].cost,",
            MIXES,
        ),
        (
            "order-balance-asked",
            "if cost > buyer.token_balance:",
            "if pictures[0].cost > buyer.token_balance:",
            HELD,
        ),
        (
            "order-quote-kept",
            "contents.require_cost(wanted, quoted.cost)",
            "contents.require_cost(wanted, None)",
            QUOTES,
        ),
        (
            "order-quote-terms-kept",
            "contents.require_terms(wanted, quoted.terms)",
            "contents.require_terms(wanted, {})",
            QUOTES,
        ),
        (
            "order-withdrawn-style-not-sold",
            "if len(offered) < len(style_ids):",
            "if not style_ids:",
            PLACING,
        ),
        (
            "order-held-above-limit",
            "for picture in pictures[room:]:",
            "for picture in pictures[:0]:",
            HELD,
        ),
        (
            "order-quota",
            "if waiting > settings.MAX_WAITING:",
            "if held > settings.MAX_WAITING:",
            HELD,
        ),
        (
            "order-held-not-told",
            "for picture in pictures if not picture.is_held)",
            "for picture in pictures)",
            HELD,
        ),
    ),
    *in_file(
        "app/services/generation_service.py",
        (
            "deadline-judged-under-the-lock",
            "if job.order_id is None or not job.is_under_way:",
            "if job.order_id is None:",
            ENDS,
        ),
        (
            "reports-after-the-deadline",
            "deadline__lte=clock.now()",
            "deadline__isnull=True",
            ENDS,
        ),
        (
            "cancels-queued-only",
            "filter(pk__in=ids, status=GenerationStatus.QUEUED)",
            "filter(pk__in=ids)",
            "app/tests/safety/test_suspension.py",
        ),
        (
            "order-cancel-refunds",
            'TokenService.refund_each(canceled, "generation_canceled", locked=buyer)',
            'TokenService.refund_each(canceled[:1], "generation_canceled", locked=buyer)',
            CANCELING,
        ),
    ),
    *in_file(
        "app/services/orders/quotes.py",
        ("quote-for-its-buyer", 'if told["user"] != user.pk:', "if not user.pk:", QUOTES),
        (
            "quote-expires",
            'if told["until"] <= clock.now().timestamp():',
            'if not told["until"]:',
            QUOTES,
        ),
        (
            "quote-for-its-items",
            'if told["items"] != _digest(given):',
            'if not told["items"]:',
            QUOTES,
        ),
    ),
    *in_file(
        "app/services/orders/contents.py",
        (
            "item-costs-its-count",
            "return self.count * self.unit_cost",
            "return self.unit_cost",
            MIXES,
        ),
        (
            "item-not-ready-named",
            "if style is None or not style.is_ready:",
            "if style is None:",
            "app/tests/orders/test_quotes.py",
        ),
    ),
    *in_file(
        "app/services/orders/admission.py",
        (
            "held-handed-over-once",
            "held = Generation.objects.waiting().filter(pk__in=ids)",
            "held = Generation.objects.filter(pk__in=ids)",
            HELD,
        ),
    ),
    *in_file(
        "app/services/orders/ending.py",
        (
            "deadline-is-the-orders",
            "deadline__lte=clock.now()",
            "deadline__isnull=False",
            ENDS,
        ),
        (
            "order-completed-once",
            ".update(ended_at=now)",
            ".update(ended_at=None)",
            ENDS,
        ),
        (
            "order-completed-at-the-end",
            "return Order.objects.filter(~Exists(under_way), ended_at=None)",
            "return Order.objects.filter(Exists(under_way), ended_at=None)",
            ENDS,
        ),
        (
            "canceled-orders-are-no-news",
            "if not is_canceled and not order.user.is_closed:",
            "if not order.user.is_closed:",
            TOLD,
        ),
        (
            "who-left-is-told-nothing",
            "if not is_canceled and not order.user.is_closed:",
            "if not is_canceled:",
            TOLD,
        ),
    ),
    *in_file(
        "app/models/reads/session.py",
        (
            "pictures-read-their-order",
            "if target_type == TargetType.IMAGE:",
            "if False:",
            TOLD,
        ),
    ),
    *in_file(
        "app/services/notification_service.py",
        (
            "failures-of-many-told-once",
            "if order_id is not None and Order",
            "if False and Order",
            TOLD,
        ),
    ),
    *in_file(
        "app/models/writes.py",
        (
            "pictures-of-many-told-once",
            "WHERE id = %(order_id)s::bigint AND item_count > 1",
            "WHERE id = %(order_id)s::bigint AND item_count > 1000",
            TOLD,
        ),
        (
            "single-orders-held",
            "{_IN_WORK} >= {_MAY_BE_IN_WORK}",
            "{_IN_WORK} > {_MAY_BE_IN_WORK}",
            HELD,
        ),
        (
            "refund-of-each-once",
            "WHERE id = ANY (%(ids)s::bigint[]) AND user_id = %(user_id)s\n        ORDER BY id",
            "WHERE id = ANY (%(ids)s::bigint[]) AND user_id <> %(user_id)s\n        ORDER BY id",
            CANCELING,
        ),
        (
            "paid-buyers-have-more-room",
            "THEN %(max_in_work_paid)s::bigint ELSE",
            "THEN %(max_in_work)s::bigint ELSE",
            HELD,
        ),
    ),
    *in_file(
        "app/services/generation_service.py",
        (
            "part-of-an-order-refunded",
            "    cost = generation.cost\n",
            "    cost = 1\n",
            PLACING,
        ),
    ),
    *in_file(
        "app/services/audit_service.py",
        (
            "audit-orders-cost",
            "(o.item_count, o.cost, o.user_id,",
            "(o.item_count, i.cost, o.user_id,",
            AUDIT,
        ),
        (
            "audit-charge-beside-order",
            "WHERE t.type = 'consume' AND g.order_id IS NOT NULL ORDER BY",
            "WHERE t.type = 'consume' AND g.order_id IS NULL AND false ORDER BY",
            AUDIT,
        ),
        (
            "audit-ended-orders",
            "WHERE o.ended_at IS NOT NULL AND g.status IN",
            "WHERE o.ended_at IS NULL AND false AND g.status IN",
            AUDIT,
        ),
    ),
)
