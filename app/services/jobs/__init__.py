"""Attempts, leases and retries of trainings and generations."""
