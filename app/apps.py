from django.apps import AppConfig
from django.conf import settings
from django.core.cache import close_caches
from django.core.signals import request_finished, request_started
from django.db import reset_queries


class MarketplaceConfig(AppConfig):
    name = "app"
    verbose_name = "Style License"

    def ready(self) -> None:
        from app import signals  # noqa: F401  (connects the receivers)
        from app.services import session_service  # noqa: F401  (likewise)
        from app.utils import logs

        logs.configure()
        # With each request they would look for caches to close, which ours are not to be, and for
        # queries to forget, which only DEBUG remembers.
        request_finished.disconnect(close_caches)
        if not settings.DEBUG:
            request_started.disconnect(reset_queries)
