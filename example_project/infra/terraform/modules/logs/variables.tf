variable "bucket_name" {
  type = string
}

variable "keep_days" {
  type = number
}

variable "force_destroy" {
  type = bool
}
