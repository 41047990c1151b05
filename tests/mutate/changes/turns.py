"""Whose turn it is."""

from tests.mutate.mutation import Mutation, in_file

TURNS = "app/tests/orders/test_turns.py"

MUTATIONS: tuple[Mutation, ...] = (
    *in_file(
        "app/delivery/turns.py",
        (
            "turn-is-not-before-the-virtual-time",
            "return max(virtual_time, finish)",
            "return finish",
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
            "SET finish = finish - GREATEST(1, %(work)s::bigint / weight)",
            "SET finish = finish",
            f"{TURNS}::TestOutbox",
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
    ),
    *in_file(
        "app/delivery/relay.py",
        (
            "workers-get-what-they-can-begin-soon",
            "        if room <= 0:\n",
            "        if False:\n",
            "tests/test_relay.py::test_only_what_workers_can_begin_soon_is_handed_over",
        ),
    ),
)
