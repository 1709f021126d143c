"""The app's entry in ``INSTALLED_APPS``."""

from django.apps import AppConfig
from django.core.checks import register
from django.utils.translation import gettext_lazy as _


class CFProtectedConfig(AppConfig):
    """Registers the system checks. No key is read and nothing is connected to here."""

    name = "cf_protected"
    verbose_name = _("Protected downloads")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from cf_protected import checks  # noqa: PLC0415 - models are loaded only now

        register(checks.check_settings, "cf_protected")
        register(checks.check_deployment, "cf_protected", deploy=True)
