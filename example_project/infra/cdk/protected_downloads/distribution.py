"""The distribution: everything except the public path needs a signature."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_s3 as s3
from constructs import Construct

from protected_downloads.options import Options

PRICE_CLASSES = {
    "PriceClass_100": cloudfront.PriceClass.PRICE_CLASS_100,
    "PriceClass_200": cloudfront.PriceClass.PRICE_CLASS_200,
    "PriceClass_All": cloudfront.PriceClass.PRICE_CLASS_ALL,
}
TLS_POLICIES = {
    "TLSv1.2_2021": cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
    "TLSv1.2_2025": cloudfront.SecurityPolicyProtocol.TLS_V1_2_2025,
    "TLSv1.3_2025": cloudfront.SecurityPolicyProtocol.TLS_V1_3_2025,
}


class Distribution(Construct):
    """CloudFront in front of ``bucket``; signatures of ``key_groups`` open it."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        options: Options,
        *,
        bucket: s3.IBucket,
        key_groups: Sequence[cloudfront.IKeyGroup],
        log_bucket: s3.IBucket | None,
    ) -> None:
        super().__init__(scope, id)
        # It signs CloudFront's requests: S3 gives a file's name to signed requests alone.
        access_control = cloudfront.S3OriginAccessControl(
            self, "AccessControl", origin_access_control_name=options.prefix
        )
        origin = origins.S3BucketOrigin.with_origin_access_control(
            bucket, origin_access_control=access_control
        )
        headers = response_headers(self, options)
        arn = options.certificate_arn
        self.distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment=options.prefix,
            default_behavior=cloudfront.BehaviorOptions(
                origin=origin,
                allowed_methods=cloudfront.AllowedMethods.ALLOW_GET_HEAD,
                viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
                trusted_key_groups=list(key_groups),
                cache_policy=cache_policy(self, options),
                response_headers_policy=headers,
            ),
            additional_behaviors={
                options.public_path: cloudfront.BehaviorOptions(
                    origin=origin,
                    allowed_methods=cloudfront.AllowedMethods.ALLOW_GET_HEAD,
                    viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
                    cache_policy=cloudfront.CachePolicy.CACHING_OPTIMIZED,
                    response_headers_policy=headers,
                )
            },
            enable_ipv6=options.ipv6_enabled,
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            price_class=PRICE_CLASSES[options.price_class],
            domain_names=options.aliases or None,
            certificate=acm.Certificate.from_certificate_arn(self, "Cert", arn) if arn else None,
            minimum_protocol_version=TLS_POLICIES[options.minimum_protocol_version],
            log_bucket=log_bucket,
            log_includes_cookies=False if log_bucket else None,
        )


def cache_policy(scope: Construct, options: Options) -> cloudfront.CachePolicy:
    """Return a policy that caches a copy for each file name.

    With the name in an origin request policy instead, one buyer would get another's name.
    """
    return cloudfront.CachePolicy(
        scope,
        "CachePolicy",
        cache_policy_name=f"{options.prefix}-protected",
        comment="A copy for each file name",
        min_ttl=Duration.seconds(0),
        default_ttl=Duration.days(1),
        max_ttl=Duration.days(365),
        enable_accept_encoding_gzip=True,
        enable_accept_encoding_brotli=True,
        query_string_behavior=cloudfront.CacheQueryStringBehavior.allow_list(
            "response-content-disposition"
        ),
    )


def response_headers(scope: Construct, options: Options) -> cloudfront.ResponseHeadersPolicy:
    """Return the headers that let the app's pages play files, and no other page."""
    return cloudfront.ResponseHeadersPolicy(
        scope,
        "Headers",
        response_headers_policy_name=options.prefix,
        comment="Players on the app's pages, and no other page",
        cors_behavior=cors(options.app_origins) if options.app_origins else None,
        security_headers_behavior=cloudfront.ResponseSecurityHeadersBehavior(
            strict_transport_security=cloudfront.ResponseHeadersStrictTransportSecurity(
                access_control_max_age=Duration.days(365), override=True
            ),
            content_type_options=cloudfront.ResponseHeadersContentTypeOptions(override=True),
            # The address of a protected page is a signed URL.
            referrer_policy=cloudfront.ResponseHeadersReferrerPolicy(
                referrer_policy=cloudfront.HeadersReferrerPolicy.NO_REFERRER, override=True
            ),
            content_security_policy=cloudfront.ResponseHeadersContentSecurityPolicy(
                content_security_policy=" ".join(["frame-ancestors 'self'", *options.app_origins]),
                override=True,
            ),
        ),
    )


def cors(app_origins: list[str]) -> cloudfront.ResponseHeadersCorsBehavior:
    """Allow credentials from exact origins, which players that send signed cookies need."""
    return cloudfront.ResponseHeadersCorsBehavior(
        origin_override=True,
        access_control_allow_credentials=True,
        access_control_allow_origins=app_origins,
        access_control_allow_methods=["GET", "HEAD"],
        access_control_allow_headers=["Range"],
        access_control_expose_headers=["Accept-Ranges", "Content-Length", "Content-Range", "ETag"],
        access_control_max_age=Duration.minutes(10),
    )
