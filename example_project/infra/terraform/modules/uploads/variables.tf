variable "name" {
  type = string
}

variable "app_role_arn" {
  description = "The only role that may assume this one."
  type        = string
}

variable "bucket_name" {
  type = string
}

variable "bucket_arn" {
  type = string
}

variable "prefix" {
  description = "The folder that keys are in, with its slash at the end."
  type        = string

  # The role's policy ends in "<prefix>*".
  validation {
    condition     = can(regex("^([A-Za-z0-9_-][A-Za-z0-9_.-]*/)+$", var.prefix))
    error_message = "Give a folder with a slash at its end, such as uploads/."
  }
}

variable "app_origins" {
  description = "Origins of the pages that upload."
  type        = list(string)
}
