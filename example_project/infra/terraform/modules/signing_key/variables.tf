variable "name" {
  type = string
}

variable "secret_name" {
  type = string
}

variable "recovery_days" {
  description = "Days in which a deleted secret can be had back."
  type        = number
}

variable "key_group_name" {
  description = "Its public keys are named after it."
  type        = string
}

variable "key_type" {
  type = string
}

variable "zip" {
  description = "The function's code, from `manage.py cf_build_rotation_lambda`."
  type        = string
}

variable "architecture" {
  type = string
}

variable "rotate_after_days" {
  type = number
}

variable "overlap_hours" {
  type = number
}

variable "canary_url" {
  description = "https URL of a protected file; null for none."
  type        = string

  validation {
    condition     = var.canary_url == null || can(regex("^https://", var.canary_url))
    error_message = "Give an https URL: its signature opens a file."
  }
}

variable "function_environment" {
  type = map(string)
}

variable "existing_public_key_ids" {
  type = list(string)
}
