variable "name" {
  description = "Name of the topic; the alarm's and the rule's names start with it."
  type        = string
}

variable "function_name" {
  description = "The function that rotates."
  type        = string
}

variable "secret_arn" {
  description = "The secret whose rotation is watched."
  type        = string
}

variable "emails" {
  description = "Addresses to write to; each must confirm AWS's mail."
  type        = set(string)
}
