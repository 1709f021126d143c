# What the function may do, and nothing beyond.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "rotation" {
  name               = local.function_name
  description        = "Replaces the signing key of ${var.name}"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "rotation" {
  name   = "rotation"
  role   = aws_iam_role.rotation.id
  policy = data.aws_iam_policy_document.rotation.json
}

data "aws_iam_policy_document" "rotation" {
  statement {
    sid = "ReplaceTheSecret"
    actions = [
      "secretsmanager:DescribeSecret",
      "secretsmanager:GetSecretValue",
      "secretsmanager:PutSecretValue",
      "secretsmanager:UpdateSecretVersionStage",
    ]
    resources = [aws_secretsmanager_secret.this.arn]
  }

  # None of these can be narrowed to a resource, says
  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudfront.html
  statement {
    sid = "ReplaceThePublicKey"
    actions = [
      "cloudfront:CreateKeyGroup",
      "cloudfront:CreatePublicKey",
      "cloudfront:DeleteKeyGroup",
      "cloudfront:DeletePublicKey",
      "cloudfront:GetKeyGroup",
      "cloudfront:GetPublicKey",
      "cloudfront:ListDistributionsByKeyGroup",
      "cloudfront:ListKeyGroups",
      "cloudfront:ListPublicKeys",
      "cloudfront:UpdateKeyGroup",
      "cloudfront:UpdatePublicKey",
    ]
    resources = ["*"]
  }

  # Of every distribution: the one that trusts the key group is made after this role.
  statement {
    sid       = "SeeWhatIsDeployed"
    actions   = ["cloudfront:GetDistribution"]
    resources = ["arn:${data.aws_partition.current.partition}:cloudfront::${data.aws_caller_identity.current.account_id}:distribution/*"]
  }

  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.rotation.arn}:*"]
  }
}
