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
  type        = list(string)
}

variable "public_path" {
  description = "Path pattern that needs no signature."
  type        = string
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

variable "log_bucket_domain_name" {
  description = "Where the standard logs go; null for none."
  type        = string
}
