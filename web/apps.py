from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "web"
    verbose_name = "The site"
