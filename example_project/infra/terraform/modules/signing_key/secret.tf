# Where the signing key is kept. What is in it is rotation's business: no version is in the state.

resource "aws_secretsmanager_secret" "this" {
  name                    = var.secret_name
  description             = "CloudFront's signing key with its ID; rotation replaces it"
  recovery_window_in_days = var.recovery_days
}
