from django.apps import AppConfig
from django.core.cache import close_caches
from django.core.signals import request_finished


class MarketplaceConfig(AppConfig):
    name = "app"
    verbose_name = "Style License"

    def ready(self) -> None:
        from app import signals  # noqa: F401  (connects the receivers)
        from app.utils import logs

        logs.configure()
        # After each request it would look for caches whose connections are to be closed; ours stay.
        request_finished.disconnect(close_caches)
