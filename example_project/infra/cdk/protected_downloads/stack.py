"""Protected downloads: a private bucket behind CloudFront, and a key that replaces itself."""

from __future__ import annotations

from typing import Any

from aws_cdk import Aws, CfnOutput, Stack, Tags
from aws_cdk import aws_iam as iam
from constructs import Construct

from protected_downloads.alarms import Alarms
from protected_downloads.app_access import AppAccess
from protected_downloads.distribution import Distribution
from protected_downloads.logs import LogBucket
from protected_downloads.options import Options
from protected_downloads.origin import Origin
from protected_downloads.sign_in import SignIn
from protected_downloads.signing_key import SigningKey
from protected_downloads.uploads import UploadRole


class ProtectedDownloads(Stack):
    """All parts, as ``options`` describe them."""

    def __init__(self, scope: Construct, id: str, options: Options, **kwargs: Any) -> None:
        super().__init__(scope, id, **kwargs)
        Tags.of(self).add("stack", options.prefix)
        # Bucket names and sign-in domains must be unique among all accounts.
        unique = f"{options.prefix}-{Aws.ACCOUNT_ID}"
        logs = LogBucket(self, "Logs", f"{unique}-logs", options) if options.logs_enabled else None
        self.origin = Origin(self, "Origin", f"{unique}-files", options)
        self.signing_key = SigningKey(self, "SigningKey", options)
        self.alarms = Alarms(
            self,
            "Alarms",
            options,
            function=self.signing_key.function,
            secret_arn=self.signing_key.secret_arn,
        )
        self.distribution = Distribution(
            self,
            "Distribution",
            options,
            bucket=self.origin.bucket,
            key_groups=self.signing_key.trusted_key_groups,
            log_bucket=logs and logs.bucket,
        )
        self._admit_the_app(options)
        if options.sign_in_enabled:
            sign_in = SignIn(self, "SignIn", unique, options)
            CfnOutput(self, "SignInSettings", value=self.to_json_string(sign_in.settings))
        self._say_what_django_needs(options)

    def _admit_the_app(self, options: Options) -> None:
        name = options.app_role_name
        role = iam.Role.from_role_name(self, "AppRole", name) if name else None
        uploads = None
        if options.uploads_enabled and role:
            uploads = UploadRole(self, "Uploads", options, self.origin.bucket, role)
            CfnOutput(self, "UploadRoleArn", value=uploads.role.role_arn)
        access = AppAccess(
            self,
            "AppAccess",
            options,
            secret_arn=self.signing_key.secret_arn,
            bucket=self.origin.bucket,
            upload_role=uploads and uploads.role,
            app_role=role,
        )
        CfnOutput(self, "AppPolicyArn", value=access.policy.managed_policy_arn)

    def _say_what_django_needs(self, options: Options) -> None:
        distribution = self.distribution.distribution
        domain = options.aliases[0] if options.aliases else distribution.distribution_domain_name
        default = {
            "DOMAIN": domain,
            "ID": distribution.distribution_id,
            "KEY_GROUP": self.signing_key.key_group_id,
            "STORAGE": "protected",
            "KEY_SOURCE": {
                "BACKEND": "cf_protected.key_sources.secretsmanager.SecretsManagerKeySource",
                "OPTIONS": {"secret_id": self.signing_key.secret_arn, "region": self.region},
            },
        }
        storage = {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": {
                "bucket_name": self.origin.bucket.bucket_name,
                "region_name": self.region,
                "file_overwrite": False,
            },
        }
        settings = {
            "CF_PROTECTED": {"DISTRIBUTIONS": {"default": default}},
            "STORAGES": {"protected": storage},
            "ROTATION_OVERLAP_HOURS": options.overlap_hours,
        }
        CfnOutput(self, "Settings", value=self.to_json_string(settings))
        CfnOutput(self, "DistributionDomainName", value=distribution.distribution_domain_name)
        CfnOutput(self, "KeyGroupId", value=self.signing_key.key_group_id)
        CfnOutput(self, "AlarmTopicArn", value=self.alarms.topic.topic_arn)
        CfnOutput(self, "RotationFunctionName", value=self.signing_key.function.function_name)
