"""PostgreSQL as Django's backend; threads share connections, which cost nothing to check."""
