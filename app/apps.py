from django.apps import AppConfig


class MarketplaceConfig(AppConfig):
    name = "app"
    verbose_name = "Style License"

    def ready(self) -> None:
        from app import signals  # noqa: F401  (connects the receivers)
        from app.utils import logs

        logs.configure()
