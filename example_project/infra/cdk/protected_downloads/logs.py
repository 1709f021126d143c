"""CloudFront's standard logs. They hold whole signed URLs, so they are private and expire."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_s3 as s3
from constructs import Construct

from protected_downloads.options import Options


class LogBucket(Construct):
    """The bucket that CloudFront writes its logs to."""

    def __init__(self, scope: Construct, id: str, bucket_name: str, options: Options) -> None:
        super().__init__(scope, id)
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            bucket_name=bucket_name,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            # CloudFront adds itself to the bucket's ACL, so it needs one.
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_PREFERRED,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="forget",
                    expiration=Duration.days(options.keep_logs_days),
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                )
            ],
            auto_delete_objects=options.force_destroy,
            removal_policy=(
                RemovalPolicy.DESTROY if options.force_destroy else RemovalPolicy.RETAIN
            ),
        )
