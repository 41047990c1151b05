"""Licences: their numbers, terms, certificates and states, and what artists declare."""
