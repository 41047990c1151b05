"""PostgreSQL as Django's backend, with a health check that costs nothing under load."""
