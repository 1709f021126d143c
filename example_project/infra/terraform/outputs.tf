output "settings" {
  description = "For Django: terraform output -json settings > cf_protected.json"
  value = {
    CF_PROTECTED = {
      DISTRIBUTIONS = {
        default = {
          DOMAIN    = module.distribution.signed_domain
          ID        = module.distribution.id
          KEY_GROUP = module.signing_key.key_group_id
          STORAGE   = "protected"
          KEY_SOURCE = {
            BACKEND = "cf_protected.key_sources.secretsmanager.SecretsManagerKeySource"
            OPTIONS = { secret_id = module.signing_key.secret_arn, region = var.region }
          }
        }
      }
    }
    STORAGES = {
      protected = {
        BACKEND = "storages.backends.s3.S3Storage"
        OPTIONS = {
          bucket_name    = module.origin.bucket_name
          region_name    = var.region
          file_overwrite = false
        }
      }
    }
    ROTATION_OVERLAP_HOURS = var.overlap_hours
  }
}

output "distribution_domain_name" {
  description = "The target of your domain's CNAME or alias record."
  value       = module.distribution.domain_name
}

output "key_group_id" {
  value = module.signing_key.key_group_id
}

output "rotation_function_name" {
  value = module.signing_key.function_name
}

output "alarm_topic_arn" {
  description = "Subscribe here whoever must know that rotations fail."
  value       = module.alarms.topic_arn
}

output "app_policy_arn" {
  description = "Attach it to Django's role, unless app_role_name did."
  value       = module.app_access.policy_arn
}

output "upload_role_arn" {
  value = one(module.uploads[*].role_arn)
}

output "sign_in" {
  value = one(module.sign_in[*].settings)
}
