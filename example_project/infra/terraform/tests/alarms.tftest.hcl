mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-central-1:123456789012:shop-test-alarms" }
  }
}

variables {
  name          = "shop-test-alarms"
  function_name = "shop-test-rotation"
  secret_arn    = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop-test/cloudfront-a1b2c3"
  emails        = ["ops@example.com"]
}

run "a_function_that_keeps_failing_alarms" {
  module {
    source = "./modules/alarms"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.errors.namespace == "AWS/Lambda" && aws_cloudwatch_metric_alarm.errors.metric_name == "Errors" && aws_cloudwatch_metric_alarm.errors.dimensions.FunctionName == "shop-test-rotation"
    error_message = "Errors of the function aren't watched."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.errors.alarm_actions == toset([aws_sns_topic.alarms.arn])
    error_message = "The alarm tells no one."
  }
}

run "a_rotation_that_fails_is_reported" {
  module {
    source = "./modules/alarms"
  }

  assert {
    condition     = contains(jsondecode(aws_cloudwatch_event_rule.failed_rotation.event_pattern).detail.eventName, "RotationFailed")
    error_message = "A failed rotation isn't noticed."
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.failed_rotation.event_pattern).detail.additionalEventData.SecretId == [var.secret_arn]
    error_message = "Other secrets are watched too."
  }

  assert {
    condition     = aws_cloudwatch_event_target.failed_rotation.arn == aws_sns_topic.alarms.arn
    error_message = "The rule tells no one."
  }
}

run "mails_go_to_each_address" {
  module {
    source = "./modules/alarms"
  }

  assert {
    condition     = [for s in aws_sns_topic_subscription.email : s.endpoint] == ["ops@example.com"]
    error_message = "An address isn't written to."
  }
}
