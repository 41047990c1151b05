"""Where tasks come from: a parent process (stdio) or a message broker (amqp)."""
