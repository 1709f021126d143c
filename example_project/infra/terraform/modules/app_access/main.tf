# What the app's own role needs: the signing key, and its files for the admin.

data "aws_iam_policy_document" "app" {
  statement {
    sid       = "ReadSigningKey"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [var.secret_arn]
  }

  statement {
    sid       = "UploadAndDescribeFiles"
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["${var.bucket_arn}/*"]
  }

  # An asset whose files land there, say by its name, would open without a signature.
  statement {
    sid       = "PutNothingWhereNoSignatureIsNeeded"
    effect    = "Deny"
    actions   = ["s3:PutObject"]
    resources = ["${var.bucket_arn}/${var.public_path}"]
  }

  # Without it S3 answers 403 instead of 404 for an object that doesn't exist.
  statement {
    sid       = "TellMissingFilesFromForbiddenOnes"
    actions   = ["s3:ListBucket"]
    resources = [var.bucket_arn]
  }

  dynamic "statement" {
    for_each = var.upload_role_arn[*]

    content {
      sid       = "LetBrowsersUpload"
      actions   = ["sts:AssumeRole"]
      resources = [statement.value]
    }
  }
}

resource "aws_iam_policy" "app" {
  name        = var.name
  description = "What Django needs to sign downloads and to keep files"
  policy      = data.aws_iam_policy_document.app.json
}

resource "aws_iam_role_policy_attachment" "app" {
  count = var.app_role_name == null ? 0 : 1

  role       = var.app_role_name
  policy_arn = aws_iam_policy.app.arn
}
