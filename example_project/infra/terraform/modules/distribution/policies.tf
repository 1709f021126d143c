# What is cached apart, and what CloudFront adds to each answer.

resource "aws_cloudfront_cache_policy" "protected" {
  name        = "${var.name}-protected"
  comment     = "A copy for each file name"
  min_ttl     = 0
  default_ttl = 86400
  max_ttl     = 31536000

  parameters_in_cache_key_and_forwarded_to_origin {
    enable_accept_encoding_gzip   = true
    enable_accept_encoding_brotli = true

    # In an origin request policy instead, one buyer would get the name meant for another.
    query_strings_config {
      query_string_behavior = "whitelist"

      query_strings {
        items = ["response-content-disposition"]
      }
    }

    cookies_config {
      cookie_behavior = "none"
    }

    headers_config {
      header_behavior = "none"
    }
  }
}

resource "aws_cloudfront_response_headers_policy" "this" {
  name    = var.name
  comment = "Players on the app's pages, and no other page"

  # Players that send signed cookies need the exact origin and credentials.
  dynamic "cors_config" {
    for_each = length(var.app_origins) > 0 ? [var.app_origins] : []

    content {
      origin_override                  = true
      access_control_allow_credentials = true
      access_control_max_age_sec       = 600

      access_control_allow_origins {
        items = cors_config.value
      }

      access_control_allow_methods {
        items = ["GET", "HEAD"]
      }

      access_control_allow_headers {
        items = ["Range"]
      }

      access_control_expose_headers {
        items = ["Accept-Ranges", "Content-Length", "Content-Range", "ETag"]
      }
    }
  }

  security_headers_config {
    strict_transport_security {
      access_control_max_age_sec = 31536000
      override                   = true
    }

    content_type_options {
      override = true
    }

    # The address of a protected page is a signed URL.
    referrer_policy {
      referrer_policy = "no-referrer"
      override        = true
    }

    content_security_policy {
      content_security_policy = join(" ", concat(["frame-ancestors 'self'"], var.app_origins))
      override                = true
    }
  }
}
