"""The private bucket, which only the distribution may read."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_s3 as s3
from constructs import Construct

from protected_downloads.options import Options


class Origin(Construct):
    """The bucket; the distribution's origin adds the policy that lets itself in."""

    def __init__(self, scope: Construct, id: str, bucket_name: str, options: Options) -> None:
        super().__init__(scope, id)
        self.bucket = s3.Bucket(
            self,
            "Files",
            bucket_name=bucket_name,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            # S3's own key: with a KMS key of yours, CloudFront needs a statement in its policy.
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="forget-replaced-files",
                    noncurrent_version_expiration=Duration.days(options.keep_replaced_files_days),
                    abort_incomplete_multipart_upload_after=Duration.days(7),
                )
            ],
            auto_delete_objects=options.force_destroy,
            removal_policy=(
                RemovalPolicy.DESTROY if options.force_destroy else RemovalPolicy.RETAIN
            ),
        )
