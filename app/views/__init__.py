"""The endpoints of the API; their addresses are in ``app/urls.py``, the site's are in ``web``."""
