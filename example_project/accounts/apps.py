from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Signing up, confirming an e-mail address, and new passwords."""

    name = "example_project.accounts"
    verbose_name = "Accounts"
