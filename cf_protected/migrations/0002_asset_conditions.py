from django.db import migrations, models


class Migration(migrations.Migration):
    """When an asset's signatures begin to work, and from where."""

    dependencies = [("cf_protected", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="asset",
            name="available_from",
            field=models.DateTimeField(
                blank=True,
                help_text="Links that are handed out earlier open nothing before this time.",
                null=True,
                verbose_name="available from",
            ),
        ),
        migrations.AddField(
            model_name="asset",
            name="bind_to_ip",
            field=models.BooleanField(
                default=False,
                help_text="Links and cookies work only from the IPv4 address they were made for.",
                verbose_name="bind to the buyer's address",
            ),
        ),
        migrations.AlterField(
            model_name="download",
            name="reason",
            field=models.CharField(
                choices=[
                    ("granted", "Granted"),
                    ("anonymous", "Nobody is signed in"),
                    ("inactive_user", "The account is not active"),
                    ("unpublished", "The asset is not published"),
                    ("no_grant", "There is no grant"),
                    ("not_started", "The grant has not started yet"),
                    ("expired", "The grant has expired"),
                    ("revoked", "The grant was revoked"),
                    ("limit_reached", "All downloads of the grant are used up"),
                    ("not_released", "The asset isn't released yet"),
                    ("address_not_bound", "The link can't be bound to the address"),
                ],
                max_length=50,
                verbose_name="reason",
            ),
        ),
    ]
