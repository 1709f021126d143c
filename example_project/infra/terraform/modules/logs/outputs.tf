output "domain_name" {
  value = aws_s3_bucket.logs.bucket_domain_name

  # CloudFront refuses a bucket that can't have an ACL yet.
  depends_on = [aws_s3_bucket_ownership_controls.logs]
}
