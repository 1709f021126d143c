"""What the app's own role needs: the signing key, and its files for the admin."""

from __future__ import annotations

from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from protected_downloads.options import Options


class AppAccess(Construct):
    """A policy for ``app_role``, or for you to attach."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        options: Options,
        *,
        secret_arn: str,
        bucket: s3.IBucket,
        upload_role: iam.IRole | None,
        app_role: iam.IRole | None,
    ) -> None:
        super().__init__(scope, id)
        statements = [
            iam.PolicyStatement(
                sid="ReadSigningKey",
                actions=["secretsmanager:GetSecretValue"],
                resources=[secret_arn],
            ),
            iam.PolicyStatement(
                sid="UploadAndDescribeFiles",
                actions=["s3:GetObject", "s3:PutObject"],
                resources=[bucket.arn_for_objects("*")],
            ),
            # An asset whose files land there, say by its name, would open without a signature.
            iam.PolicyStatement(
                sid="PutNothingWhereNoSignatureIsNeeded",
                effect=iam.Effect.DENY,
                actions=["s3:PutObject"],
                resources=[bucket.arn_for_objects(options.public_path)],
            ),
            # Without it S3 answers 403 instead of 404 for an object that doesn't exist.
            iam.PolicyStatement(
                sid="TellMissingFilesFromForbiddenOnes",
                actions=["s3:ListBucket"],
                resources=[bucket.bucket_arn],
            ),
        ]
        if upload_role:
            statements.append(
                iam.PolicyStatement(
                    sid="LetBrowsersUpload",
                    actions=["sts:AssumeRole"],
                    resources=[upload_role.role_arn],
                )
            )
        self.policy = iam.ManagedPolicy(
            self,
            "Policy",
            managed_policy_name=f"{options.prefix}-app",
            description="What Django needs to sign downloads and to keep files",
            statements=statements,
            roles=[app_role] if app_role else None,
        )
