# Who learns that the signing key isn't replaced any more, and how.

data "aws_caller_identity" "current" {}

resource "aws_sns_topic" "alarms" {
  name = var.name
}

resource "aws_sns_topic_subscription" "email" {
  for_each = var.emails

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = each.value
}

data "aws_iam_policy_document" "topic" {
  statement {
    sid       = "AlarmsOfThisAccount"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alarms.arn]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }

  # AWS's own example for EventBridge has no condition:
  # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
  statement {
    sid       = "FailedRotations"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alarms.arn]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
  }
}

resource "aws_sns_topic_policy" "alarms" {
  arn    = aws_sns_topic.alarms.arn
  policy = data.aws_iam_policy_document.topic.json
}

# The hourly run fails too when the function can't work. One hour may be AWS's.
resource "aws_cloudwatch_metric_alarm" "errors" {
  alarm_name          = "${var.name}-rotation-errors"
  alarm_description   = "${var.function_name} failed in 2 of 24 hours, so the signing key may not be replaced. Downloads still work. Read the function's log; docs/rotation.md says what to do."
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = var.function_name }
  statistic           = "Sum"
  period              = 3600
  evaluation_periods  = 24
  datapoints_to_alarm = 2
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

# Secrets Manager says so itself, also when the function isn't called at all. EventBridge gets it
# from CloudTrail:
# https://docs.aws.amazon.com/secretsmanager/latest/userguide/cloudtrail_log_entries.html
resource "aws_cloudwatch_event_rule" "failed_rotation" {
  name        = "${var.name}-rotation-failed"
  description = "Secrets Manager couldn't replace the signing key"

  event_pattern = jsonencode({
    source      = ["aws.secretsmanager"]
    detail-type = ["AWS Service Event via CloudTrail"]
    detail = {
      eventSource         = ["secretsmanager.amazonaws.com"]
      eventName           = ["RotationFailed", "TestRotationFailed"]
      additionalEventData = { SecretId = [var.secret_arn] }
    }
  })
}

resource "aws_cloudwatch_event_target" "failed_rotation" {
  rule = aws_cloudwatch_event_rule.failed_rotation.name
  arn  = aws_sns_topic.alarms.arn

  input_transformer {
    input_paths    = { event = "$.detail.eventName", time = "$.time" }
    input_template = "\"<event> at <time>: Secrets Manager couldn't replace the signing key and tries again. Downloads still work. Read the log of ${var.function_name}; docs/rotation.md says what to do.\""
  }

  # EventBridge may not publish before.
  depends_on = [aws_sns_topic_policy.alarms]
}
