"""Whose turn it is."""

from tests.mutate.mutation import Mutation, in_file

TURNS = "app/tests/orders/test_turns.py"
PRIORITY = "app/tests/orders/test_priority.py"

MUTATIONS: tuple[Mutation, ...] = (
    *in_file(
        "app/delivery/turns.py",
        (
            "turn-is-not-before-the-virtual-time",
            "return max(virtual_time, finish) - head_start",
            "return finish - head_start",
            f"{TURNS}::TestTags",
        ),
        (
            "passed-for-so-many-places-at-most",
            "if go_at.get(task.id, number + 1) <= number:",
            "if False:",
            f"{TURNS}::TestChoice",
        ),
        (
            "warm-does-not-pass-earlier-turns",
            "if task.style_id in warm and task.turn < near[0].turn + LEAD:",
            "if task.style_id in warm:",
            f"{TURNS}::TestChoice",
        ),
        (
            "priority-begins-earlier",
            "return max(virtual_time, finish) - head_start",
            "return max(virtual_time, finish)",
            f"{TURNS}::TestTags",
        ),
        (
            "priority-has-a-lane-of-its-own",
            'return Lane(f"{queue}:high", weight, LEAD)',
            "return Lane(queue, weight, LEAD)",
            f"{PRIORITY}::TestTurns",
        ),
        (
            "priority-is-not-passed-by-warm-styles",
            'return Lane(f"{queue}:high", weight, LEAD)',
            'return Lane(f"{queue}:high", weight, 1)',
            f"{PRIORITY}::TestTurns",
        ),
    ),
    *in_file(
        "app/services/pricing.py",
        (
            "priority-costs-more",
            "return math.ceil(cost * (factor or settings.PRIORITY_PRICE_FACTOR))",
            "return cost",
            PRIORITY,
        ),
    ),
    *in_file(
        "web/forms/making.py",
        (
            "priority-costs-what-the-page-said",
            'priority, factor=given["factor"])',
            "priority)",
            "web/tests/test_priority.py",
        ),
    ),
    *in_file(
        "app/services/orders/quotes.py",
        (
            "quote-holds-for-its-priority",
            'if told.get("priority", Priority.NORMAL) != priority:',
            "if False:",
            PRIORITY,
        ),
    ),
    *in_file(
        "app/models/writes.py",
        (
            "turns-add-up",
            "SET finish = GREATEST(app_turn.finish, EXCLUDED.finish - %(work)s::bigint)",
            "SET finish = (EXCLUDED.finish - %(work)s::bigint)",
            TURNS,
        ),
        (
            "canceled-turn-is-given-back",
            "UPDATE app_turn SET finish = finish - share FROM held",
            "UPDATE app_turn SET finish = finish FROM held",
            f"{TURNS}::TestOutbox",
        ),
        (
            "turn-of-what-was-handed-over-is-kept",
            "WHERE sent_at IS NULL FOR UPDATE OF message SKIP LOCKED",
            "FOR UPDATE OF message SKIP LOCKED",
            f"{TURNS}::TestOutbox",
        ),
        (
            "canceled-turn-is-given-back-to-its-lane",
            "queue || lane AS queue",
            "queue",
            f"{PRIORITY}::TestTurns",
        ),
        (
            "held-ones-of-a-high-priority-are-first",
            "ORDER BY priority = 'high' DESC, id\n",
            "ORDER BY id\n",
            f"{PRIORITY}::TestTurns",
        ),
        (
            "what-is-held-takes-no-turn",
            '"placed WHERE NOT is_held"',
            '"placed"',
            f"{TURNS}::TestOrders",
        ),
    ),
    *in_file(
        "app/delivery/outbox.py",
        (
            "virtual-time-moves",
            "SET virtual_time = GREATEST(here.virtual_time, EXCLUDED.virtual_time),",
            "SET virtual_time = here.virtual_time,",
            f"{TURNS}::TestOutbox",
        ),
        (
            "many-take-a-turn-for-all",
            "_take_turn(queue, lane, owner_id, sum(works))",
            "_take_turn(queue, lane, owner_id, works[0])",
            f"{TURNS}::TestOrders",
        ),
        (
            "many-are-behind-one",
            "is_bulk=True",
            "is_bulk=False",
            f"{TURNS}::TestOrders",
        ),
    ),
    *in_file(
        "app/services/generation_service.py",
        (
            "canceled-order-leaves-the-queue",
            "    outbox.leave(canceled, owner_id=buyer.pk)\n",
            "",
            f"{TURNS}::TestOrders",
        ),
    ),
    *in_file(
        "app/services/orders/waits.py",
        (
            "wait-counts-what-is-held",
            "others = given + at_work + held + before_last",
            "others = given + at_work + before_last",
            f"{TURNS}::TestOrders",
        ),
    ),
    *in_file(
        "app/delivery/relay.py",
        (
            "workers-get-what-they-can-begin-soon",
            "        if room <= 0:\n",
            "        if False:\n",
            "tests/test_relay.py::test_only_what_workers_can_begin_soon_is_handed_over",
        ),
        (
            "workers-of-another-engine-do-not-count",
            "self._at_work().get(engine_of(queue), 0)",
            "sum(self._at_work().values())",
            "tests/test_relay.py::test_only_what_workers_can_begin_soon_is_handed_over",
        ),
    ),
)
