"""The least that the rotation's function must be allowed to do."""

from __future__ import annotations

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

# None of these can be narrowed to a resource:
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudfront.html
UNSCOPED = [
    "cloudfront:CreateKeyGroup",
    "cloudfront:CreatePublicKey",
    "cloudfront:DeleteKeyGroup",
    "cloudfront:DeletePublicKey",
    "cloudfront:GetKeyGroup",
    "cloudfront:GetPublicKey",
    "cloudfront:ListDistributionsByKeyGroup",
    "cloudfront:ListKeyGroups",
    "cloudfront:ListPublicKeys",
    "cloudfront:UpdateKeyGroup",
    "cloudfront:UpdatePublicKey",
]


def rotation_role(
    scope: Construct, name: str, secret_arn: str, log_group: logs.ILogGroup
) -> iam.Role:
    """Return the function's role, with its permissions inline."""
    statements = [
        iam.PolicyStatement(
            sid="ReplaceTheSecret",
            actions=[
                "secretsmanager:DescribeSecret",
                "secretsmanager:GetSecretValue",
                "secretsmanager:PutSecretValue",
                "secretsmanager:UpdateSecretVersionStage",
            ],
            resources=[secret_arn],
        ),
        iam.PolicyStatement(sid="ReplaceThePublicKey", actions=UNSCOPED, resources=["*"]),
        # For every distribution: the one that trusts the key group is created after this role.
        iam.PolicyStatement(
            sid="SeeWhatIsDeployed",
            actions=["cloudfront:GetDistribution"],
            resources=[f"arn:{Aws.PARTITION}:cloudfront::{Aws.ACCOUNT_ID}:distribution/*"],
        ),
        iam.PolicyStatement(
            sid="Log",
            actions=["logs:CreateLogStream", "logs:PutLogEvents"],
            resources=[log_group.log_group_arn],
        ),
    ]
    return iam.Role(
        scope,
        "Role",
        role_name=name,
        description=f"Makes and replaces the signing key: {name}",
        assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        inline_policies={"rotation": iam.PolicyDocument(statements=statements)},
    )
