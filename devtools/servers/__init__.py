"""Private servers: PostgreSQL, Redis, RabbitMQ and S3 for development and tests.

Each driver runs one server on loopback, on a free port, in a folder of its own, and stops it. None
touches a server that was on the machine before. Nothing here imports Django, because PostgreSQL has
to answer before Django reads its settings.
"""
