from django.apps import AppConfig


class ShopConfig(AppConfig):
    """The shop around ``cf_protected``: what is sold, for how much, and to whom it was."""

    name = "example_project.shop"
