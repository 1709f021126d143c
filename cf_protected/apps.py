"""The app's entry in ``INSTALLED_APPS``."""

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.core.checks import register
from django.utils.translation import gettext_lazy as _


class CFProtectedConfig(AppConfig):
    """Registers checks, receivers and a log filter, without reading a key or using the network."""

    name = "cf_protected"
    verbose_name = _("Protected downloads")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from cf_protected import checks  # noqa: PLC0415 - models are loaded only now
        from cf_protected.api.checks import check_authenticators  # noqa: PLC0415
        from cf_protected.guests import end_at_login  # noqa: PLC0415
        from cf_protected.logged_links import hide_tokens  # noqa: PLC0415
        from cf_protected.services.waiting import claim_at_sign_in  # noqa: PLC0415
        from cf_protected.signed_cookies.jar import note_logout  # noqa: PLC0415

        hide_tokens()
        register(checks.check_settings, "cf_protected")
        register(check_authenticators, "cf_protected")
        register(checks.check_deployment, "cf_protected", deploy=True)
        user_logged_in.connect(end_at_login, dispatch_uid="cf_protected.guests")
        user_logged_in.connect(claim_at_sign_in, dispatch_uid="cf_protected")
        user_logged_out.connect(note_logout, dispatch_uid="cf_protected")
