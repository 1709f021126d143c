"""A role for browsers. The app assumes it and hands out credentials narrowed to one key."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from protected_downloads.options import Options


class UploadRole(Construct):
    """Uploads below ``options.uploads_prefix``, and nothing else."""

    def __init__(
        self, scope: Construct, id: str, options: Options, bucket: s3.Bucket, app_role: iam.IRole
    ) -> None:
        super().__init__(scope, id)
        self.role = iam.Role(
            self,
            "Role",
            role_name=f"{options.prefix}-uploads",
            description=f"Uploads below {options.uploads_prefix}, for browsers",
            assumed_by=iam.ArnPrincipal(app_role.role_arn),
            max_session_duration=Duration.hours(1),
        )
        self.role.add_to_policy(
            iam.PolicyStatement(
                sid="Upload",
                actions=[
                    "s3:AbortMultipartUpload",
                    "s3:ListMultipartUploadParts",
                    "s3:PutObject",
                ],
                resources=[bucket.arn_for_objects(f"{options.uploads_prefix}*")],
            )
        )
        bucket.add_cors_rule(
            allowed_origins=options.app_origins,
            allowed_methods=[s3.HttpMethods.POST, s3.HttpMethods.PUT],
            allowed_headers=["*"],
            exposed_headers=["ETag"],
            max_age=600,
        )
