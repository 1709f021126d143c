# Protected downloads: a private bucket behind CloudFront, and a signing key that replaces itself.

data "aws_caller_identity" "current" {}

data "aws_iam_role" "app" {
  count = var.app_role_name == null ? 0 : 1

  name = var.app_role_name
}

locals {
  # Bucket names and sign-in domains must be unique among all accounts.
  unique = "${var.prefix}-${data.aws_caller_identity.current.account_id}"
}

module "origin" {
  source = "./modules/origin"

  name                     = var.prefix
  bucket_name              = "${local.unique}-files"
  distribution_arn         = module.distribution.arn
  force_destroy            = var.force_destroy
  keep_replaced_files_days = var.keep_replaced_files_days
}

module "signing_key" {
  source = "./modules/signing_key"

  name                    = var.prefix
  secret_name             = "${var.prefix}/cloudfront"
  recovery_days           = var.secret_recovery_days
  key_group_name          = "${var.prefix}-signing"
  key_type                = var.key_type
  zip                     = var.rotation_zip
  architecture            = var.rotation_architecture
  rotate_after_days       = var.rotate_after_days
  overlap_hours           = var.overlap_hours
  canary_url              = var.canary_url
  function_environment    = var.function_environment
  existing_public_key_ids = var.existing_public_key_ids
}

module "alarms" {
  source = "./modules/alarms"

  name          = "${var.prefix}-alarms"
  function_name = module.signing_key.function_name
  secret_arn    = module.signing_key.secret_arn
  emails        = var.alarm_emails
}

module "distribution" {
  source = "./modules/distribution"

  name                     = var.prefix
  origin_domain_name       = module.origin.domain_name
  origin_access_control_id = module.origin.access_control_id
  trusted_key_group_ids    = module.signing_key.trusted_key_group_ids
  public_path              = var.public_path
  app_origins              = var.app_origins
  ipv6_enabled             = var.ipv6_enabled
  price_class              = var.price_class
  aliases                  = var.aliases
  certificate_arn          = var.certificate_arn
  minimum_protocol_version = var.minimum_protocol_version
  log_bucket_domain_name   = var.logs_enabled ? module.logs[0].domain_name : null
}

module "app_access" {
  source = "./modules/app_access"

  name            = "${var.prefix}-app"
  app_role_name   = var.app_role_name
  secret_arn      = module.signing_key.secret_arn
  bucket_arn      = module.origin.bucket_arn
  public_path     = var.public_path
  upload_role_arn = one(module.uploads[*].role_arn)
}

module "uploads" {
  source = "./modules/uploads"
  count  = var.uploads_enabled ? 1 : 0

  name         = "${var.prefix}-uploads"
  app_role_arn = one(data.aws_iam_role.app[*].arn)
  app_origins  = var.app_origins
  bucket_name  = module.origin.bucket_name
  bucket_arn   = module.origin.bucket_arn
  prefix       = var.uploads_prefix
}

module "logs" {
  source = "./modules/logs"
  count  = var.logs_enabled ? 1 : 0

  bucket_name   = "${local.unique}-logs"
  keep_days     = var.keep_logs_days
  force_destroy = var.force_destroy
}

module "sign_in" {
  source = "./modules/sign_in"
  count  = var.sign_in_enabled ? 1 : 0

  name                = var.prefix
  region              = var.region
  domain_prefix       = local.unique
  callback_urls       = var.sign_in_callback_urls
  logout_urls         = var.sign_in_logout_urls
  deletion_protection = !var.force_destroy
}
