variable "name" {
  type = string
}

variable "domain_prefix" {
  description = "First part of the sign-in pages' domain; unique in the Region."
  type        = string
}

variable "callback_urls" {
  type = list(string)
}

variable "logout_urls" {
  type = list(string)
}

variable "deletion_protection" {
  type = bool
}

variable "region" {
  type = string
}
