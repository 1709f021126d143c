output "secret_arn" {
  value = aws_secretsmanager_secret.this.arn
}

output "key_group_id" {
  value = local.key_group_id
}

output "trusted_key_group_ids" {
  value = concat([local.key_group_id], aws_cloudfront_key_group.existing[*].id)
}

output "function_name" {
  value = aws_lambda_function.rotation.function_name
}
