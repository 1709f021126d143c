# The function that makes, publishes and replaces the key.

locals {
  function_name = "${var.name}-rotation"
}

resource "aws_lambda_function" "rotation" {
  function_name    = local.function_name
  description      = "Makes and replaces the signing key of ${var.name}"
  role             = aws_iam_role.rotation.arn
  runtime          = "python3.13"
  architectures    = [var.architecture]
  handler          = "cf_protected.key_rotation.lambda_handler.handler"
  filename         = var.zip
  source_code_hash = filebase64sha256(var.zip)
  timeout          = 900
  memory_size      = 256

  environment {
    variables = merge(
      {
        CF_SECRET_ID       = aws_secretsmanager_secret.this.arn
        CF_KEY_GROUP       = var.key_group_name
        CF_KEY_TYPE        = var.key_type
        CF_OVERLAP_SECONDS = var.overlap_hours * 3600
        # Older ones are an error of each hourly run, which the alarm watches. Two days for AWS.
        CF_MAX_AGE_SECONDS = (var.rotate_after_days + 2) * 86400
      },
      var.canary_url == null ? {} : { CF_CANARY_URL = var.canary_url },
      var.function_environment,
    )
  }

  # The first call follows at once, and the last one is made while all this is taken down.
  depends_on = [
    aws_cloudwatch_log_group.rotation,
    aws_iam_role_policy.rotation,
  ]
}

resource "aws_cloudwatch_log_group" "rotation" {
  name              = "/aws/lambda/${local.function_name}"
  retention_in_days = 365
}
