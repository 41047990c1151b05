"""Settings, addresses, and the rules for environment variables (``environment.py``)."""
