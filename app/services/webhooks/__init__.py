"""Webhooks to others' systems: endpoints, what they are told, and the log of deliveries."""
