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
  description = "Keys start with it."
  type        = string
}

variable "app_origins" {
  description = "Origins of the pages that upload."
  type        = list(string)
}
