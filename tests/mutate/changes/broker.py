"""From the outbox through the broker to the worker: nothing is lost, and nothing is done twice."""

from tests.mutate.mutation import Mutation, in_file

BROKER = "tests/test_broker_service.py"
CONNECTIONS = "tests/test_broker_connections.py"
RELAY = "tests/test_relay.py"
QUEUES = "tests/test_queues.py"
SCHEMAS = "protocol/tests/test_schemas.py"
SENDERS = f"{BROKER}::test_what_the_senders_are_told_arrives_on_their_queues"
FEED = "worker/tests/test_feed_amqp.py"

MUTATIONS: tuple[Mutation, ...] = (
    *in_file(
        "app/delivery/broker.py",
        (
            "broker-tries",
            "ATTEMPTS = 3",
            "ATTEMPTS = 2",
            f"{BROKER}::test_the_third_try_may_be_the_good_one",
        ),
        (
            "broker-tries-no-more",
            "ATTEMPTS = 3",
            "ATTEMPTS = 4",
            f"{BROKER}::test_three_times_nothing_is_an_absent_broker",
        ),
        (
            "broker-closed-at-exit",
            "atexit.register(_close_all)\n",
            "",
            f"{CONNECTIONS}::test_a_process_that_ends_says_goodbye",
        ),
        (
            "broker-connection-after-a-fork",
            "os.register_at_fork(after_in_child=_forget_all)\n",
            "",
            f"{RELAY}::test_a_forked_child_makes_its_own_connection",
        ),
        ("message-persistent", "DeliveryMode.Persistent", "DeliveryMode.Transient", SENDERS),
        ("message-id", "                message_id=message_id,\n", "", SENDERS),
        (
            "publish-confirmed",
            "            self._channel.confirm_delivery()\n",
            "",
            f"{BROKER}::test_a_full_queue_says_so",
        ),
        (
            "publish-mandatory",
            "mandatory=True",
            "mandatory=False",
            f"{RELAY}::test_the_two_ways_of_failing_are_told_apart",
        ),
    ),
    *in_file(
        "app/services/rabbitmq_service.py",
        (
            "broker-one-connection",
            "if found is None or found.url != url:",
            "if True:",
            f"{CONNECTIONS}::test_there_is_one_service_for_all_who_ask",
        ),
        (
            "queues-of-engines-declared",
            "for queue in served_queues() for",
            'for queue in ("model_training", "image_generation") for',
            f"{QUEUES}::test_another_engine_has_queues_of_its_own",
        ),
        (
            "training-to-its-queue",
            "queue: str = TRAINING_QUEUE",
            "queue: str = GENERATION_QUEUE",
            SENDERS,
        ),
    ),
    *in_file(
        "protocol/messages.py",
        ("queue-delivery-limit", "DELIVERY_LIMIT = 2", "DELIVERY_LIMIT = 20", QUEUES),
        ("queue-replicated", '{"x-queue-type": "quorum"}', "{}", QUEUES),
        (
            "queue-dead-letters",
            '        "x-dead-letter-routing-key": dead_queue_name(queue),\n',
            "",
            QUEUES,
        ),
        ("queue-dead-name", 'return f"{queue}.dead"', 'return f"{queue}.failed"', QUEUES),
        (
            "queue-dead-letters-arrive",
            '"x-dead-letter-strategy": "at-least-once"',
            '"x-dead-letter-strategy": "at-most-once"',
            QUEUES,
        ),
        ("queue-overflow", '"x-overflow": "reject-publish"', '"x-overflow": "drop-head"', QUEUES),
    ),
    *in_file(
        "protocol/messages.py",
        ("queue-of-trainings", '= "model_training"\n', '= "training"\n', QUEUES),
        ("queue-of-pictures", '= "image_generation"\n', '= "generation"\n', QUEUES),
        ("task-type", 'tag="image_generation"', 'tag="generation"', SCHEMAS),
        ("task-field-seed", "    seed: Seed\n    signature", "    signature", SCHEMAS),
        ("task-field-lora-path", "    lora_path: Uri\n", "    model_path: Uri\n", SCHEMAS),
        ("task-field-epochs", "    num_epochs:", "    epochs:", SCHEMAS),
        (
            "tags-are-parallel-to-images",
            "if isinstance(task, TrainingTask) and len",
            "if False and len",
            SCHEMAS,
        ),
    ),
    *in_file(
        "protocol/messages.py",
        (
            "completed-names-its-file",
            'if status == "completed" and not path:',
            "if False:",
            SCHEMAS,
        ),
        (
            "failed-says-why",
            'if status == "failed" and not report.failure_reason:',
            "if False:",
            SCHEMAS,
        ),
    ),
    *in_file(
        "app/delivery/relay.py",
        (
            "sent-once-confirmed",
            "if self._publish(broker, message):",
            "if self._publish(broker, message) or True:",
            f"{RELAY}::test_a_refused_message_stays_and_does_not_hold_up_others",
        ),
        (
            "accepted-is-told",
            "                KINDS[kind_of(message.queue)].mark_accepted(message)\n",
            "                pass\n",
            "tests/test_handover.py",
        ),
    ),
    *in_file(
        "app/delivery/outbox.py",
        (
            "claimed-is-nobody-elses",
            "WHERE pg_try_advisory_lock(%s, (id %% 2147483648)::int)",
            "WHERE %s > 0",
            f"{RELAY}::test_a_claimed_message_is_nobody_elses",
        ),
        (
            "sent-is-not-sent-again",
            "pk__in=message_ids, sent_at__isnull=True, available_at__lte",
            "pk__in=message_ids, available_at__lte",
            f"{RELAY}::test_what_is_due_is_published_once_and_noted",
        ),
    ),
    *in_file(
        "worker/feeds/amqp.py",
        (
            "task-acknowledged-by-hand",
            "channel.basic_get(queue)",
            "channel.basic_get(queue, auto_ack=True)",
            FEED,
        ),
        (
            "task-acknowledged-when-done",
            "            channel.basic_ack(delivery.tag)\n",
            "            pass\n",
            f"{FEED}::test_tasks_of_all_queues_are_done_and_acknowledged",
        ),
        (
            "interrupted-is-given-back",
            "requeue=outcome is Outcome.AGAIN",
            "requeue=False",
            f"{FEED}::test_job_handed_back_or_left_by_a_dead_worker_is_done_by_the_next",
        ),
    ),
)
