from django.apps import AppConfig


class ShopConfig(AppConfig):
    """The shop around ``cf_protected``: products, prices and orders."""

    name = "example_project.shop"
