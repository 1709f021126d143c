output "bucket_name" {
  value = aws_s3_bucket.files.bucket
}

output "bucket_arn" {
  value = aws_s3_bucket.files.arn
}

output "domain_name" {
  value = aws_s3_bucket.files.bucket_regional_domain_name
}

output "access_control_id" {
  value = aws_cloudfront_origin_access_control.files.id
}
