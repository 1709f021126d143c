"""The CDK app: what its template says, and what CloudFormation thinks of it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("aws_cdk", reason="aws-cdk-lib isn't installed")

from aws_cdk.assertions import Match, Template

from cf_protected.conf import DistributionSettings
from tests.infra.cdk import EVERYTHING, TERRAFORM, Options, template, template_file
from tests.infra.options import ACCEPTED, CERTIFICATE, REFUSED


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cdk")


@pytest.fixture(scope="module")
def smallest(folder: Path) -> Template:
    return template(folder)


@pytest.fixture(scope="module")
def everything(folder: Path) -> Template:
    return template(folder, **EVERYTHING)


def only(of: Template, kind: str) -> dict[str, Any]:
    """The properties of the one resource of a kind."""
    (resource,) = of.find_resources(kind).values()
    return dict(resource["Properties"])


def behaviors(of: Template) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    config = only(of, "AWS::CloudFront::Distribution")["DistributionConfig"]
    return config["DefaultCacheBehavior"], config["CacheBehaviors"]


def test_all_but_the_public_path_needs_a_signature(smallest: Template) -> None:
    default, (public,) = behaviors(smallest)
    (key,) = smallest.find_resources("AWS::CloudFormation::CustomResource")
    assert default["TrustedKeyGroups"] == [{"Fn::GetAtt": [key, "key_group_id"]}]
    assert default["ViewerProtocolPolicy"] == "https-only"
    assert public["PathPattern"] == "public/*"
    assert "TrustedKeyGroups" not in public


def test_names_of_downloads_are_cached_apart(smallest: Template) -> None:
    config = only(smallest, "AWS::CloudFront::CachePolicy")["CachePolicyConfig"]
    assert config["ParametersInCacheKeyAndForwardedToOrigin"]["QueryStringsConfig"] == {
        "QueryStringBehavior": "whitelist",
        "QueryStrings": ["response-content-disposition"],
    }


def test_only_the_distribution_reads_the_bucket(smallest: Template) -> None:
    statements = only(smallest, "AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"]
    (read,) = [statement for statement in statements if statement["Effect"] == "Allow"]
    assert read["Action"] == "s3:GetObject"
    assert read["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert list(read["Condition"]) == ["StringEquals"]
    assert list(read["Condition"]["StringEquals"]) == ["AWS:SourceArn"]


def test_the_bucket_is_private(smallest: Template) -> None:
    bucket = only(smallest, "AWS::S3::Bucket")
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["BucketEncryption"]


def test_nobody_reads_the_bucket_without_tls(smallest: Template) -> None:
    smallest.has_resource_properties(
        "AWS::S3::BucketPolicy",
        {
            "PolicyDocument": {
                "Statement": Match.array_with(
                    [
                        Match.object_like(
                            {
                                "Effect": "Deny",
                                "Action": "s3:*",
                                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                            }
                        )
                    ]
                )
            }
        },
    )


def test_the_secret_has_no_value_in_the_template(smallest: Template) -> None:
    secret = only(smallest, "AWS::SecretsManager::Secret")
    assert not {"SecretString", "GenerateSecretString"} & set(secret)


def test_the_functions_role_touches_its_own_secret_alone(smallest: Template) -> None:
    roles = smallest.find_resources(
        "AWS::IAM::Role", {"Properties": {"RoleName": "shop-test-rotation"}}
    )
    (role,) = roles.values()
    (policy,) = role["Properties"]["Policies"]
    unscoped = [s for s in policy["PolicyDocument"]["Statement"] if s["Resource"] == "*"]
    assert [statement["Sid"] for statement in unscoped] == ["ReplaceThePublicKey"]
    assert all(action.startswith("cloudfront:") for action in unscoped[0]["Action"])


def test_rotation_waits_for_the_first_key(smallest: Template) -> None:
    (key,) = smallest.find_resources("AWS::CloudFormation::CustomResource")
    (schedule,) = smallest.find_resources("AWS::SecretsManager::RotationSchedule").values()
    assert key in schedule["DependsOn"]
    assert schedule["Properties"]["RotateImmediatelyOnUpdate"] is False


def test_by_default_the_old_key_stays_as_long_as_the_app_expects() -> None:
    variables = (TERRAFORM / "variables.tf").read_text()
    (terraform,) = re.findall(r'"overlap_hours" \{[^}]*?default +=\ (\d+)', variables)
    cdk, app = (
        {field.name: field.default for field in fields(declared)}
        for declared in (Options, DistributionSettings)
    )

    for hours in (int(terraform), cdk["overlap_hours"]):
        assert timedelta(hours=hours) == app["rotation_overlap"]


def test_the_app_and_the_function_have_the_same_overlap(folder: Path) -> None:
    made = template(folder, overlap_hours=36)
    functions = made.find_resources("AWS::Lambda::Function").values()
    environments = [f["Properties"].get("Environment", {}).get("Variables", {}) for f in functions]
    assert "129600" in [variables.get("CF_OVERLAP_SECONDS") for variables in environments]
    (output,) = made.find_outputs("Settings").values()
    assert '"ROTATION_OVERLAP_HOURS":36' in json.dumps(output["Value"]).replace("\\", "")


def test_a_group_of_keys_made_by_hand_is_trusted_too(everything: Template) -> None:
    (group,) = everything.find_resources("AWS::CloudFront::KeyGroup")
    default, _ = behaviors(everything)
    assert default["TrustedKeyGroups"][1:] == [{"Ref": group}]


def test_the_app_puts_nothing_where_no_signature_is_needed(folder: Path) -> None:
    made = template(folder, public_path="open/*")
    (policy,) = made.find_resources("AWS::IAM::ManagedPolicy").values()
    statements = policy["Properties"]["PolicyDocument"]["Statement"]
    (denied,) = [statement for statement in statements if statement["Effect"] == "Deny"]
    assert denied["Action"] == "s3:PutObject"
    assert denied["Resource"]["Fn::Join"][1][-1] == "/open/*"


@pytest.mark.parametrize(
    ("options", "policy"),
    [({}, "TLSv1.2_2025"), ({"minimum_protocol_version": "TLSv1.3_2025"}, "TLSv1.3_2025")],
)
def test_old_tls_is_refused(folder: Path, options: dict[str, Any], policy: str) -> None:
    domain = {"aliases": ["downloads.example.com"], "certificate_arn": CERTIFICATE}
    made = template(folder, **domain, **options)
    config = only(made, "AWS::CloudFront::Distribution")["DistributionConfig"]
    assert config["ViewerCertificate"]["MinimumProtocolVersion"] == policy


def test_a_function_that_keeps_failing_alarms(smallest: Template) -> None:
    (topic,) = smallest.find_resources("AWS::SNS::Topic")
    alarm = only(smallest, "AWS::CloudWatch::Alarm")
    (dimension,) = alarm["Dimensions"]
    function = smallest.find_resources("AWS::Lambda::Function")[dimension["Value"]["Ref"]]
    assert function["Properties"]["FunctionName"] == "shop-test-rotation"
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Lambda", "Errors")
    assert (alarm["Period"], alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"]) == (
        3600,
        2,
        24,
    )
    assert alarm["AlarmActions"] == [{"Ref": topic}]


def test_the_function_fails_while_no_rotation_begins(folder: Path) -> None:
    made = template(folder, rotate_after_days=30)
    functions = made.find_resources("AWS::Lambda::Function").values()
    environments = [f["Properties"].get("Environment", {}).get("Variables", {}) for f in functions]
    assert str(32 * 86400) in [variables.get("CF_MAX_AGE_SECONDS") for variables in environments]


def test_a_rotation_that_fails_is_reported(smallest: Template) -> None:
    (secret,) = smallest.find_resources("AWS::SecretsManager::Secret")
    (topic,) = smallest.find_resources("AWS::SNS::Topic")
    rules = smallest.find_resources("AWS::Events::Rule").values()
    (rule,) = [r["Properties"] for r in rules if "EventPattern" in r["Properties"]]
    assert rule["EventPattern"] == {
        "source": ["aws.secretsmanager"],
        "detail-type": ["AWS Service Event via CloudTrail"],
        "detail": {
            "eventSource": ["secretsmanager.amazonaws.com"],
            "eventName": ["RotationFailed", "TestRotationFailed"],
            "additionalEventData": {"SecretId": [{"Ref": secret}]},
        },
    }
    assert [target["Arn"] for target in rule["Targets"]] == [{"Ref": topic}]


def test_alarms_and_failed_rotations_may_write_to_the_topic(smallest: Template) -> None:
    statements = only(smallest, "AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]
    assert {statement["Principal"]["Service"] for statement in statements} == {
        "cloudwatch.amazonaws.com",
        "events.amazonaws.com",
    }


def test_mails_go_to_each_address(folder: Path) -> None:
    made = template(folder, alarm_emails=["ops@example.com", "dev@example.com"])
    subscriptions = made.find_resources("AWS::SNS::Subscription").values()
    endpoints = [s["Properties"]["Endpoint"] for s in subscriptions]
    assert sorted(endpoints) == ["dev@example.com", "ops@example.com"]


def test_ipv6_can_be_turned_off(folder: Path) -> None:
    config = only(template(folder, ipv6_enabled=False), "AWS::CloudFront::Distribution")[
        "DistributionConfig"
    ]
    assert config["IPV6Enabled"] is False


@pytest.mark.parametrize(("name", "options"), REFUSED)
def test_options_that_are_unsafe_or_do_not_fit_are_refused(
    name: str, options: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=f"^{name}: "):
        Options(prefix="shop-test", **options)


@pytest.mark.parametrize("options", ACCEPTED)
def test_options_that_are_safe_are_taken(options: dict[str, Any]) -> None:
    taken = Options(prefix="shop-test", **options)
    assert {name: getattr(taken, name) for name in options} == options


def test_options_are_terraforms_variables() -> None:
    text = (TERRAFORM / "variables.tf").read_text()
    variables = {line.split('"')[1] for line in text.splitlines() if line.startswith("variable ")}
    # CDK takes the Region from the environment, and CloudFormation the secret at once.
    assert {f.name for f in fields(Options)} == variables - {"region", "secret_recovery_days"}


@pytest.mark.parametrize("options", [{}, EVERYTHING])
def test_cloudformation_would_take_the_template(folder: Path, options: dict[str, Any]) -> None:
    # W3005: CDK itself names dependencies that a reference already makes.
    command = Path(sys.executable).with_name("cfn-lint")
    lint = [str(command), "--ignore-checks", "W3005", "--", str(template_file(folder, **options))]
    result = subprocess.run(lint, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout
