"""PostgreSQL as Django's backend: connections told how to behave, slow statements logged."""
