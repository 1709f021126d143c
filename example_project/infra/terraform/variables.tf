variable "prefix" {
  description = "Starts the name of everything, so that several stacks live in one account."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,28}[a-z0-9]$", var.prefix))
    error_message = "Take 3 to 30 small letters, digits and hyphens, such as shop-prod."
  }
}

variable "region" {
  description = "Of the bucket, the secret and the functions. CloudFront is everywhere."
  type        = string
}

variable "force_destroy" {
  description = "Let `terraform destroy` delete the files, the logs and the users too."
  type        = bool
  default     = false
}

variable "keep_replaced_files_days" {
  description = "For so many days a file that was replaced or deleted can be had back."
  type        = number
  default     = 90
}

# The distribution

variable "aliases" {
  description = "Your domains, the one that URLs are signed for first; none: CloudFront's own."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for a in var.aliases : can(regex("^(\\*\\.)?([a-z0-9-]+\\.)+[a-z0-9-]+$", a))])
    error_message = "Give domains in small letters, such as downloads.example.com: no scheme, no port, no path."
  }

  validation {
    condition     = !startswith(try(var.aliases[0], ""), "*")
    error_message = "URLs are signed for the first alias, so it can't have a wildcard."
  }
}

variable "certificate_arn" {
  description = "ACM certificate for the aliases, from us-east-1."
  type        = string
  default     = null

  validation {
    condition     = (var.certificate_arn == null) == (length(var.aliases) == 0)
    error_message = "Give aliases and certificate_arn together."
  }

  validation {
    condition     = var.certificate_arn == null || can(regex("^arn:[a-z-]+:acm:us-east-1:[0-9]{12}:certificate/[a-z0-9-]+$", var.certificate_arn))
    error_message = "Give the ARN of a certificate in ACM in us-east-1: CloudFront takes no other."
  }
}

variable "minimum_protocol_version" {
  description = "CloudFront's TLS policy for the aliases. TLSv1.2_2025 and TLSv1.3_2025 need a newer provider (versions.tf)."
  type        = string
  default     = "TLSv1.2_2021" # the newest that provider 5 takes

  validation {
    condition     = contains(["TLSv1.2_2021", "TLSv1.2_2025", "TLSv1.3_2025"], var.minimum_protocol_version)
    error_message = "Take TLSv1.2_2021, TLSv1.2_2025 or TLSv1.3_2025: older ones allow weak ciphers."
  }
}

variable "public_path" {
  description = "Path pattern of the files that need no signature: a folder and *."
  type        = string
  default     = "public/*"

  validation {
    condition     = can(regex("^([A-Za-z0-9_-][A-Za-z0-9_.-]*/)+\\*$", var.public_path))
    error_message = "Give a folder and *, such as public/*. Without the slash, public* would open publications/ too."
  }
}

variable "app_origins" {
  description = "Origins whose pages play, show or upload files: [\"https://shop.example.com\"]."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for o in var.app_origins : can(regex("^(https://([a-z0-9-]+\\.)*[a-z0-9-]+|http://(localhost|127\\.0\\.0\\.1))(:[0-9]+)?$", o)) && !endswith(o, ":443")])
    error_message = "Give https:// and the host as browsers send them: small letters, no path, no wildcard, no :443. http:// is for localhost only."
  }
}

variable "ipv6_enabled" {
  description = "Turn it off if you sign for IP addresses, which are IPv4 in a policy."
  type        = bool
  default     = true
}

variable "price_class" {
  description = "Where the edges are: PriceClass_100, PriceClass_200 or PriceClass_All."
  type        = string
  default     = "PriceClass_100"

  validation {
    condition     = contains(["PriceClass_100", "PriceClass_200", "PriceClass_All"], var.price_class)
    error_message = "Take PriceClass_100, PriceClass_200 or PriceClass_All."
  }
}

# The signing key

variable "rotation_zip" {
  description = "The Lambda's code, from `manage.py cf_build_rotation_lambda`."
  type        = string
}

variable "rotation_architecture" {
  description = "What the zip was built for: arm64 or x86_64."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.rotation_architecture)
    error_message = "Take arm64 or x86_64, what the zip was built for."
  }
}

variable "key_type" {
  description = "P-256, whose signatures are short and quick, or RSA-2048."
  type        = string
  default     = "P-256"

  validation {
    condition     = contains(["P-256", "RSA-2048"], var.key_type)
    error_message = "CloudFront accepts P-256 and RSA-2048."
  }
}

variable "rotate_after_days" {
  description = "A new signing key every so many days; more than the overlap."
  type        = number
  default     = 90

  validation {
    condition     = var.rotate_after_days * 24 > var.overlap_hours
    error_message = "Rotate less often: the replaced key must be gone by then (overlap_hours)."
  }

  validation {
    condition     = var.rotate_after_days >= 1 && var.rotate_after_days <= 1000
    error_message = "Secrets Manager rotates after 1 to 1000 days."
  }
}

variable "overlap_hours" {
  description = "A replaced key stays trusted for so long: ROTATION_OVERLAP of the settings."
  type        = number
  default     = 48

  validation {
    condition     = var.overlap_hours >= 0
    error_message = "Give hours, 0 or more."
  }
}

variable "canary_url" {
  description = "https URL of a protected file that a new key must open before it is used."
  type        = string
  default     = null

  # Plain names only: no other spelling of a public file can pass for a protected one.
  validation {
    condition     = var.canary_url == null || can(regex("^https://([A-Za-z0-9-]+\\.)+[A-Za-z0-9-]+(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)+$", var.canary_url))
    error_message = "Give an https URL with a plain path, such as https://downloads.example.com/canary.txt."
  }

  validation {
    condition     = !startswith(try(regex("^https://[^/]+/(.*)", var.canary_url)[0], ""), trimsuffix(var.public_path, "*"))
    error_message = "Name a protected file: one below public_path opens with any key, so it tests nothing."
  }
}

variable "existing_public_key_ids" {
  description = "Public keys made by hand that stay trusted, in a key group of their own."
  type        = list(string)
  default     = []

  validation {
    condition     = length(var.existing_public_key_ids) <= 5
    error_message = "A key group takes 5 public keys."
  }

  validation {
    condition     = alltrue([for id in var.existing_public_key_ids : can(regex("^K[A-Z0-9]+$", id))])
    error_message = "Give IDs of CloudFront's public keys, such as K2JCJMDEHXQW5F; not of key groups."
  }
}

variable "function_environment" {
  description = "Further environment variables of the function, such as CF_SETTLE_SECONDS."
  type        = map(string)
  default     = {}

  validation {
    condition     = length(setintersection(keys(var.function_environment), ["CF_CANARY_URL", "CF_KEY_GROUP", "CF_KEY_TYPE", "CF_MAX_AGE_SECONDS", "CF_OVERLAP_SECONDS", "CF_SECRET_ID"])) == 0
    error_message = "CF_CANARY_URL, CF_KEY_GROUP, CF_KEY_TYPE, CF_MAX_AGE_SECONDS, CF_OVERLAP_SECONDS and CF_SECRET_ID come from other variables."
  }
}

variable "secret_recovery_days" {
  description = "Days in which a deleted secret can be had back and blocks its name; 0 for none."
  type        = number
  default     = 7
}

variable "alarm_emails" {
  description = "Addresses to write to when rotations keep failing; each must confirm AWS's mail."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for e in var.alarm_emails : can(regex("^[^@,\\s]+@[^@,\\s]+$", e))])
    error_message = "Give one email address in each element."
  }
}

# The app

variable "app_role_name" {
  description = "The role that Django runs as; it gets the policy. Null: attach it yourself."
  type        = string
  default     = null
}

# Optional parts

variable "logs_enabled" {
  description = "Keep CloudFront's standard logs. They hold signed URLs."
  type        = bool
  default     = false
}

variable "keep_logs_days" {
  type    = number
  default = 30
}

variable "uploads_enabled" {
  description = "A role for uploads straight from browsers."
  type        = bool
  default     = false

  validation {
    condition     = !var.uploads_enabled || (var.app_role_name != null && length(var.app_origins) > 0)
    error_message = "Uploads need app_role_name, which hands the role out, and app_origins."
  }
}

variable "uploads_prefix" {
  description = "The folder that browsers upload to, with its slash at the end."
  type        = string
  default     = "uploads/"

  validation {
    condition     = can(regex("^([A-Za-z0-9_-][A-Za-z0-9_.-]*/)+$", var.uploads_prefix))
    error_message = "Give a folder with a slash at its end, such as uploads/: without a folder, browsers could write the whole bucket."
  }

  validation {
    condition     = !startswith(var.uploads_prefix, trimsuffix(var.public_path, "*")) && !startswith(var.public_path, var.uploads_prefix)
    error_message = "Keep it apart from public_path: what is uploaded would open without a signature."
  }
}

variable "sign_in_enabled" {
  description = "A Cognito user pool with a client."
  type        = bool
  default     = false

  validation {
    condition     = !var.sign_in_enabled || length(var.sign_in_callback_urls) > 0
    error_message = "The client needs sign_in_callback_urls."
  }
}

variable "sign_in_callback_urls" {
  type    = list(string)
  default = []
}

variable "sign_in_logout_urls" {
  type    = list(string)
  default = []
}
