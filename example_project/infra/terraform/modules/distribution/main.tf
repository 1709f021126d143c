# The distribution: everything needs a signature, but for the public path.

# For objects that everybody may have the same copy of.
data "aws_cloudfront_cache_policy" "public" {
  name = "Managed-CachingOptimized"
}

locals {
  # The provider compares them as a list, and CloudFront returns them in an order of its own: in
  # another one, each plan would change the distribution.
  trusted_key_groups = sort(var.trusted_key_group_ids)
}

resource "aws_cloudfront_distribution" "this" {
  comment             = var.name
  enabled             = true
  is_ipv6_enabled     = var.ipv6_enabled
  http_version        = "http2and3"
  price_class         = var.price_class
  aliases             = var.aliases
  wait_for_deployment = true

  origin {
    origin_id                = "files"
    domain_name              = var.origin_domain_name
    origin_access_control_id = var.origin_access_control_id
  }

  default_cache_behavior {
    target_origin_id           = "files"
    allowed_methods            = ["GET", "HEAD"]
    cached_methods             = ["GET", "HEAD"]
    viewer_protocol_policy     = "https-only"
    trusted_key_groups         = local.trusted_key_groups
    cache_policy_id            = aws_cloudfront_cache_policy.protected.id
    response_headers_policy_id = aws_cloudfront_response_headers_policy.this.id
    compress                   = true
  }

  ordered_cache_behavior {
    path_pattern               = var.public_path
    target_origin_id           = "files"
    allowed_methods            = ["GET", "HEAD"]
    cached_methods             = ["GET", "HEAD"]
    viewer_protocol_policy     = "redirect-to-https"
    cache_policy_id            = data.aws_cloudfront_cache_policy.public.id
    response_headers_policy_id = aws_cloudfront_response_headers_policy.this.id
    compress                   = true
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    cloudfront_default_certificate = var.certificate_arn == null
    acm_certificate_arn            = var.certificate_arn
    minimum_protocol_version       = var.certificate_arn == null ? "TLSv1" : var.minimum_protocol_version
    ssl_support_method             = var.certificate_arn == null ? null : "sni-only"
  }

  dynamic "logging_config" {
    for_each = var.log_bucket_domain_name[*]

    content {
      bucket          = logging_config.value
      include_cookies = false
    }
  }
}
