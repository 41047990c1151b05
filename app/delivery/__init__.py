"""How tasks reach the broker: outbox, relay, connection. What is sent, and what is asked of the
queues, is in ``app/services/rabbitmq_service.py``."""
