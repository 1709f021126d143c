"""Who learns that the signing key isn't replaced any more, and how."""

from __future__ import annotations

from aws_cdk import Aws, Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from protected_downloads.options import Options


class Alarms(Construct):
    """A topic, told when the function keeps failing and when a rotation fails."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        options: Options,
        *,
        function: lambda_.IFunction,
        secret_arn: str,
    ) -> None:
        super().__init__(scope, id)
        self._name = f"{options.prefix}-alarms"
        self._function_name = f"{options.prefix}-rotation"
        self.topic = sns.Topic(self, "Topic", topic_name=self._name)
        for email in dict.fromkeys(options.alarm_emails):
            self.topic.add_subscription(subscriptions.EmailSubscription(email))
        self._watch_errors(function)
        self._watch_rotations(secret_arn)

    def _watch_errors(self, function: lambda_.IFunction) -> None:
        # The hourly run fails too when the function can't work. One hour may be AWS's.
        alarm = cloudwatch.Alarm(
            self,
            "Errors",
            alarm_name=f"{self._name}-rotation-errors",
            alarm_description=(
                f"{self._function_name} failed in 2 of 24 hours, so the signing key may not be "
                "replaced. Downloads still work. Read the function's log; docs/rotation.md says "
                "what to do."
            ),
            metric=function.metric_errors(period=Duration.hours(1), statistic="Sum"),
            evaluation_periods=24,
            datapoints_to_alarm=2,
            threshold=1,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(self.topic))
        alarm.add_ok_action(actions.SnsAction(self.topic))
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsOfThisAccount",
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
            )
        )

    def _watch_rotations(self, secret_arn: str) -> None:
        """Pass on what Secrets Manager says, also when it can't call the function at all.

        EventBridge gets it from CloudTrail:
        https://docs.aws.amazon.com/secretsmanager/latest/userguide/cloudtrail_log_entries.html
        """
        event = events.EventField.from_path("$.detail.eventName")
        time = events.EventField.from_path("$.time")
        message = (
            f"{event} at {time}: Secrets Manager couldn't replace the signing key and tries again. "
            f"Downloads still work. Read the log of {self._function_name}; docs/rotation.md says "
            "what to do."
        )
        events.Rule(
            self,
            "RotationFailed",
            rule_name=f"{self._name}-rotation-failed",
            description="Secrets Manager couldn't replace the signing key",
            event_pattern=events.EventPattern(
                source=["aws.secretsmanager"],
                detail_type=["AWS Service Event via CloudTrail"],
                detail={
                    "eventSource": ["secretsmanager.amazonaws.com"],
                    "eventName": ["RotationFailed", "TestRotationFailed"],
                    "additionalEventData": {"SecretId": [secret_arn]},
                },
            ),
            targets=[
                targets.SnsTopic(self.topic, message=events.RuleTargetInput.from_text(message))
            ],
        )
