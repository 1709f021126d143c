variable "name" {
  description = "Name of the policies, and the distribution's comment."
  type        = string
}

variable "origin_domain_name" {
  type = string
}

variable "origin_access_control_id" {
  type = string
}

variable "trusted_key_group_ids" {
  description = "The key groups whose signatures open the default behaviour."
  type        = set(string)

  validation {
    condition     = length(var.trusted_key_group_ids) > 0
    error_message = "Give a key group: without one, everything opens without a signature."
  }
}

variable "public_path" {
  description = "Path pattern that needs no signature: a folder and *."
  type        = string

  validation {
    condition     = can(regex("^([A-Za-z0-9_-][A-Za-z0-9_.-]*/)+\\*$", var.public_path))
    error_message = "Give a folder and *, such as public/*."
  }
}

variable "app_origins" {
  type = list(string)
}

variable "ipv6_enabled" {
  type = bool
}

variable "price_class" {
  type = string
}

variable "aliases" {
  type = list(string)
}

variable "certificate_arn" {
  type = string
}

variable "minimum_protocol_version" {
  description = "CloudFront's TLS policy for the aliases; its own domain has one of its own."
  type        = string
  default     = "TLSv1.2_2021"
}

variable "log_bucket_domain_name" {
  description = "Where the standard logs go; null for none."
  type        = string
}
