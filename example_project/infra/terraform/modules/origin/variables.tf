variable "name" {
  description = "Name of the origin access control."
  type        = string
}

variable "bucket_name" {
  type = string
}

variable "distribution_arn" {
  description = "The only distribution that may read the bucket."
  type        = string
}

variable "force_destroy" {
  description = "Delete the files with the bucket."
  type        = bool
}

variable "keep_replaced_files_days" {
  type = number
}
