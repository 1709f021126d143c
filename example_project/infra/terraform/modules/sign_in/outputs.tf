locals {
  issuer = "https://${aws_cognito_user_pool.this.endpoint}"
}

output "settings" {
  value = {
    issuer      = local.issuer
    jwks_url    = "${local.issuer}/.well-known/jwks.json"
    client_id   = aws_cognito_user_pool_client.this.id
    domain_name = "${aws_cognito_user_pool_domain.this.domain}.auth.${var.region}.amazoncognito.com"
  }
}
