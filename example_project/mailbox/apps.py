from django.apps import AppConfig


class MailboxConfig(AppConfig):
    """Mails that stay on this computer, and pages that show them. For development only."""

    name = "example_project.mailbox"
    verbose_name = "Mailbox"
