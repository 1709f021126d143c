# The first key, and the key groups that the distribution trusts.
#
# The function makes the key pair in AWS while this is applied, and answers with IDs and the
# public half. So no private key is ever in a plan, in the state or on your computer. It also
# makes the key group: its members change with each rotation, and Terraform would put them back.
# On destroy it deletes the group and the public keys.
resource "aws_lambda_invocation" "first_key" {
  function_name   = aws_lambda_function.rotation.function_name
  input           = jsonencode({ action = "bootstrap" })
  lifecycle_scope = "CRUD"
}

locals {
  # Of the answer, the one part that no rotation changes.
  key_group_id = jsondecode(aws_lambda_invocation.first_key.result).key_group_id
}

resource "aws_cloudfront_key_group" "existing" {
  count = length(var.existing_public_key_ids) > 0 ? 1 : 0

  name    = "${var.name}-existing"
  comment = "Keys made by hand, trusted until they are taken out of existing_public_key_ids"
  items   = var.existing_public_key_ids

  # The distribution must stop trusting the group before the group can be deleted.
  lifecycle {
    create_before_destroy = true
  }
}
