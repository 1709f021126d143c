variable "name" {
  type = string
}

variable "secret_arn" {
  type = string
}

variable "bucket_arn" {
  type = string
}

variable "public_path" {
  description = "Path pattern that needs no signature, where the app may not put files."
  type        = string
}

variable "upload_role_arn" {
  description = "The role for uploads by browsers; null for none."
  type        = string
}

variable "app_role_name" {
  description = "The app's role, which gets the policy; null to attach it yourself."
  type        = string
}
