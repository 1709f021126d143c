# A role for browsers: the app assumes it, narrows it to one key, and hands that out.

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = [var.app_role_arn]
    }
  }
}

resource "aws_iam_role" "uploads" {
  name                 = var.name
  description          = "Uploads below ${var.prefix}, for browsers"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  max_session_duration = 3600
}

data "aws_iam_policy_document" "uploads" {
  statement {
    sid       = "Upload"
    actions   = ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"]
    resources = ["${var.bucket_arn}/${var.prefix}*"]
  }
}

resource "aws_iam_role_policy" "uploads" {
  name   = "upload"
  role   = aws_iam_role.uploads.id
  policy = data.aws_iam_policy_document.uploads.json
}

resource "aws_s3_bucket_cors_configuration" "uploads" {
  bucket = var.bucket_name

  cors_rule {
    allowed_origins = var.app_origins
    allowed_methods = ["POST", "PUT"]
    allowed_headers = ["*"]
    expose_headers  = ["ETag"]
    max_age_seconds = 600
  }
}
