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
}

variable "certificate_arn" {
  description = "ACM certificate for the aliases, from us-east-1."
  type        = string
  default     = null

  validation {
    condition     = (var.certificate_arn == null) == (length(var.aliases) == 0)
    error_message = "Give aliases and certificate_arn together."
  }
}

variable "public_path" {
  description = "Path pattern of the files that need no signature."
  type        = string
  default     = "public/*"
}

variable "app_origins" {
  description = "Origins whose pages play, show or upload files: [\"https://shop.example.com\"]."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for o in var.app_origins : can(regex("^https?://[^/*]+$", o))])
    error_message = "Give scheme and host, no path, no wildcard: cookies go to exact origins only."
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
}

variable "key_type" {
  description = "P-256, whose signatures are short and quick, or RSA-2048."
  type        = string
  default     = "P-256"
}

variable "rotate_after_days" {
  description = "A new signing key every so many days; more than the overlap."
  type        = number
  default     = 90

  validation {
    condition     = var.rotate_after_days * 24 > var.overlap_hours
    error_message = "Rotate less often: the replaced key must be gone by then (overlap_hours)."
  }
}

variable "overlap_hours" {
  description = "A replaced key stays trusted for so long: ROTATION_OVERLAP of the settings."
  type        = number
  default     = 24
}

variable "canary_url" {
  description = "https URL of a protected file that a new key must open before it is used."
  type        = string
  default     = null
}

variable "existing_public_key_ids" {
  description = "Public keys made by hand that stay trusted, in a key group of their own."
  type        = list(string)
  default     = []

  validation {
    condition     = length(var.existing_public_key_ids) <= 5
    error_message = "A key group takes 5 public keys."
  }
}

variable "function_environment" {
  description = "Further environment variables of the function, such as CF_SETTLE_SECONDS."
  type        = map(string)
  default     = {}
}

variable "secret_recovery_days" {
  description = "Days in which a deleted secret can be had back and blocks its name; 0 for none."
  type        = number
  default     = 7
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
  type    = string
  default = "uploads/"
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
