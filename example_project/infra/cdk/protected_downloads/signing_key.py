"""The secret, the function that makes and replaces the key in it, and the key groups."""

from __future__ import annotations

from aws_cdk import Aws, CustomResource, Duration, RemovalPolicy, custom_resources
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from protected_downloads.options import Options
from protected_downloads.rotation_role import rotation_role

ARCHITECTURES = {
    "arm64": lambda_.Architecture.ARM_64,
    "x86_64": lambda_.Architecture.X86_64,
}


class SigningKey(Construct):
    """A key that no person ever sees.

    The function makes the key pair and the key group while the stack is deployed. The group's
    members change with each rotation, and CloudFormation would reset them when it updates a
    group of its own. On deletion the function deletes the group and the public keys.
    """

    def __init__(self, scope: Construct, id: str, options: Options) -> None:
        super().__init__(scope, id)
        # The L2 construct would fill the secret with a random password.
        secret = secretsmanager.CfnSecret(
            self,
            "Secret",
            name=f"{options.prefix}/cloudfront",
            description="CloudFront's signing key with its ID; rotation replaces it",
        )
        self.secret_arn = secret.ref
        self.function = self._function(options)
        first_key = self._first_key()
        self.key_group_id = first_key.get_att_string("key_group_id")
        self.trusted_key_groups = self._key_groups(options)
        self._schedule(options).node.add_dependency(first_key)

    def _function(self, options: Options) -> lambda_.Function:
        name = f"{options.prefix}-rotation"
        log_group = logs.LogGroup(
            self,
            "RotationLog",
            log_group_name=f"/aws/lambda/{name}",
            retention=logs.RetentionDays.ONE_YEAR,
            removal_policy=RemovalPolicy.DESTROY,
        )
        environment = {
            "CF_SECRET_ID": self.secret_arn,
            "CF_KEY_GROUP": f"{options.prefix}-signing",
            "CF_KEY_TYPE": options.key_type,
            "CF_OVERLAP_SECONDS": str(options.overlap_hours * 3600),
            # Older ones are an error of each hourly run, which the alarm watches. Two days for AWS.
            "CF_MAX_AGE_SECONDS": str((options.rotate_after_days + 2) * 86400),
        }
        if options.canary_url:
            environment["CF_CANARY_URL"] = options.canary_url
        return lambda_.Function(
            self,
            "Rotation",
            function_name=name,
            description=f"Makes and replaces the signing key of {options.prefix}",
            role=rotation_role(self, name, self.secret_arn, log_group),
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=ARCHITECTURES[options.rotation_architecture],
            handler="cf_protected.key_rotation.lambda_handler.handler",
            code=lambda_.Code.from_asset(options.rotation_zip),
            timeout=Duration.minutes(15),
            memory_size=256,
            log_group=log_group,
            environment=environment | options.function_environment,
        )

    def _first_key(self) -> CustomResource:
        log_group = logs.LogGroup(
            self,
            "ProviderLog",
            retention=logs.RetentionDays.ONE_YEAR,
            removal_policy=RemovalPolicy.DESTROY,
        )
        provider = custom_resources.Provider(
            self, "Provider", on_event_handler=self.function, log_group=log_group
        )
        return CustomResource(self, "FirstKey", service_token=provider.service_token)

    def _key_groups(self, options: Options) -> list[cloudfront.IKeyGroup]:
        groups = [cloudfront.KeyGroup.from_key_group_id(self, "KeyGroup", self.key_group_id)]
        if options.existing_public_key_ids:
            keys = [
                cloudfront.PublicKey.from_public_key_id(self, f"Existing{key_id}", key_id)
                for key_id in dict.fromkeys(options.existing_public_key_ids)
            ]
            existing = cloudfront.KeyGroup(
                self, "Existing", key_group_name=f"{options.prefix}-existing", items=keys
            )
            groups.append(existing)
        return groups

    def _schedule(self, options: Options) -> secretsmanager.CfnRotationSchedule:
        permission = lambda_.CfnPermission(
            self,
            "SecretsManagerMayRotate",
            action="lambda:InvokeFunction",
            function_name=self.function.function_arn,
            principal="secretsmanager.amazonaws.com",
            source_arn=self.secret_arn,
            source_account=Aws.ACCOUNT_ID,
        )
        # Secrets Manager's steps end before the overlap does.
        events.Rule(
            self,
            "TidyKeys",
            rule_name=f"{options.prefix}-tidy-keys",
            description="Deletes a replaced signing key once no URL of it lives",
            schedule=events.Schedule.rate(Duration.hours(1)),
            targets=[
                targets.LambdaFunction(
                    self.function, event=events.RuleTargetInput.from_object({"action": "tidy"})
                )
            ],
        )
        schedule = secretsmanager.CfnRotationSchedule(
            self,
            "Schedule",
            secret_id=self.secret_arn,
            rotation_lambda_arn=self.function.function_arn,
            rotate_immediately_on_update=False,  # the first key is new
            rotation_rules=secretsmanager.CfnRotationSchedule.RotationRulesProperty(
                automatically_after_days=options.rotate_after_days
            ),
        )
        schedule.node.add_dependency(permission)
        return schedule
