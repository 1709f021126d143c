output "id" {
  value = aws_cloudfront_distribution.this.id
}

output "arn" {
  value = aws_cloudfront_distribution.this.arn
}

output "domain_name" {
  description = "CloudFront's own name; the target of your domain's CNAME."
  value       = aws_cloudfront_distribution.this.domain_name
}

output "signed_domain" {
  description = "The domain that URLs are signed for."
  value       = try(var.aliases[0], aws_cloudfront_distribution.this.domain_name)
}
