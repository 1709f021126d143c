import cf_protected.models.asset
from django.db import migrations, models


class Migration(migrations.Migration):
    """Files that are folders: streams, galleries and sites."""

    dependencies = [("cf_protected", "0002_asset_conditions")]

    operations = [
        migrations.AddField(
            model_name="assetfile",
            name="duration",
            field=models.DurationField(
                blank=True,
                help_text="A video's length: its links and cookies live that much longer.",
                null=True,
                verbose_name="duration",
            ),
        ),
        migrations.AddField(
            model_name="assetfile",
            name="entry",
            field=models.CharField(
                blank=True,
                help_text="What a folder opens with, such as master.m3u8 or index.html.",
                max_length=1024,
                validators=[cf_protected.models.asset.validate_entry],
                verbose_name="opens with",
            ),
        ),
        migrations.AddField(
            model_name="assetfile",
            name="kind",
            field=models.CharField(
                choices=[("object", "one file"), ("prefix", "folder: a stream, gallery or site")],
                default="object",
                max_length=20,
                verbose_name="kind",
            ),
        ),
        migrations.AlterField(
            model_name="assetfile",
            name="key",
            field=models.CharField(
                help_text="The object's name in the distribution's storage; a folder's ends in a slash.",
                max_length=1024,
                validators=[cf_protected.models.asset.validate_key],
                verbose_name="key",
            ),
        ),
        migrations.AddConstraint(
            model_name="assetfile",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind", "object"), ("key__endswith", "/"), _connector="OR"),
                name="cf_protected_folder_ends_in_slash",
                violation_error_message="The key of a folder ends in a slash.",
            ),
        ),
    ]
