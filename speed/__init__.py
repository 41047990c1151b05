"""Compiled query sets and the database backend of hot paths. It knows nothing of app."""
