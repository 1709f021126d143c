"""The app's entry in ``INSTALLED_APPS``: ``"cf_protected.oidc"``."""

from django.apps import AppConfig
from django.core.checks import register
from django.utils.translation import gettext_lazy as _


class CFProtectedOIDCConfig(AppConfig):
    """Registers the checks. No issuer is asked and PyJWT isn't imported here."""

    name = "cf_protected.oidc"
    label = "cf_protected_oidc"
    verbose_name = _("Protected downloads: OpenID Connect")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from cf_protected.oidc import checks  # noqa: PLC0415 - models are loaded only now

        register(checks.check_settings, self.label)
