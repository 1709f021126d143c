# When the key is replaced, and when the replaced one goes.

resource "aws_secretsmanager_secret_rotation" "this" {
  secret_id           = aws_secretsmanager_secret.this.id
  rotation_lambda_arn = aws_lambda_function.rotation.arn
  rotate_immediately  = false # the first key is new

  rotation_rules {
    automatically_after_days = var.rotate_after_days
  }

  # Not before Secrets Manager may call the function, and there is a key to replace.
  depends_on = [aws_lambda_invocation.first_key, aws_lambda_permission.secrets_manager]
}

resource "aws_lambda_permission" "secrets_manager" {
  statement_id   = "rotate"
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.rotation.function_name
  principal      = "secretsmanager.amazonaws.com"
  source_arn     = aws_secretsmanager_secret.this.arn
  source_account = data.aws_caller_identity.current.account_id
}

# Secrets Manager's steps end before the overlap does.
resource "aws_cloudwatch_event_rule" "tidy" {
  name                = "${var.name}-tidy-keys"
  description         = "Deletes a replaced signing key once no URL of it lives"
  schedule_expression = "rate(1 hour)"
}

resource "aws_cloudwatch_event_target" "tidy" {
  rule  = aws_cloudwatch_event_rule.tidy.name
  arn   = aws_lambda_function.rotation.arn
  input = jsonencode({ action = "tidy" })

  # It would find no key.
  depends_on = [aws_lambda_invocation.first_key]
}

resource "aws_lambda_permission" "tidy" {
  statement_id  = "tidy"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.rotation.function_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.tidy.arn
}
