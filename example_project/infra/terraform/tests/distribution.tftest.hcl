mock_provider "aws" {}

variables {
  name                     = "shop-test"
  origin_domain_name       = "shop-test-files.s3.eu-central-1.amazonaws.com"
  origin_access_control_id = "E2EXAMPLE"
  trusted_key_group_ids    = ["group-1"]
  public_path              = "public/*"
  app_origins              = ["https://shop.example.com"]
  ipv6_enabled             = true
  price_class              = "PriceClass_100"
  aliases                  = []
  certificate_arn          = null
  log_bucket_domain_name   = null
}

run "only_the_public_path_is_open" {
  command = plan

  module {
    source = "./modules/distribution"
  }

  assert {
    condition     = tolist(aws_cloudfront_distribution.this.default_cache_behavior[0].trusted_key_groups) == tolist(["group-1"])
    error_message = "The default behaviour opens without a signature."
  }

  assert {
    condition     = [for b in aws_cloudfront_distribution.this.ordered_cache_behavior : b.path_pattern] == ["public/*"]
    error_message = "There are other behaviours beside the public one."
  }

  assert {
    condition     = length(coalesce(aws_cloudfront_distribution.this.ordered_cache_behavior[0].trusted_key_groups, [])) == 0
    error_message = "The public path wants a signature."
  }

  assert {
    condition     = aws_cloudfront_distribution.this.default_cache_behavior[0].viewer_protocol_policy == "https-only"
    error_message = "A signature may travel in the clear."
  }
}

run "two_key_groups_have_the_same_order_in_each_plan" {
  command = plan

  module {
    source = "./modules/distribution"
  }

  variables {
    trusted_key_group_ids = ["group-3", "group-1", "group-2", "group-1"]
  }

  assert {
    condition     = tolist(aws_cloudfront_distribution.this.default_cache_behavior[0].trusted_key_groups) == tolist(["group-1", "group-2", "group-3"])
    error_message = "Each plan would change the order."
  }
}

run "without_a_key_group_everything_would_be_open" {
  command = plan

  module {
    source = "./modules/distribution"
  }

  variables {
    trusted_key_group_ids = []
  }

  expect_failures = [var.trusted_key_group_ids]
}

run "a_public_path_that_opens_more_than_its_folder" {
  command = plan

  module {
    source = "./modules/distribution"
  }

  variables {
    public_path = "public*"
  }

  expect_failures = [var.public_path]
}

run "names_of_downloads_are_cached_apart" {
  command = plan

  module {
    source = "./modules/distribution"
  }

  assert {
    condition     = tolist(aws_cloudfront_cache_policy.protected.parameters_in_cache_key_and_forwarded_to_origin[0].query_strings_config[0].query_strings[0].items) == tolist(["response-content-disposition"])
    error_message = "One buyer would get the file name meant for another."
  }
}

run "players_get_credentials_from_the_apps_pages_alone" {
  command = plan

  module {
    source = "./modules/distribution"
  }

  assert {
    condition     = aws_cloudfront_response_headers_policy.this.cors_config[0].access_control_allow_credentials
    error_message = "Players can't send signed cookies."
  }

  assert {
    condition     = tolist(aws_cloudfront_response_headers_policy.this.cors_config[0].access_control_allow_origins[0].items) == tolist(["https://shop.example.com"])
    error_message = "Other pages may read the files."
  }
}

run "without_origins_there_is_no_cors" {
  command = plan

  module {
    source = "./modules/distribution"
  }

  variables {
    app_origins = []
  }

  assert {
    condition     = length(aws_cloudfront_response_headers_policy.this.cors_config) == 0
    error_message = "There is a CORS configuration for nobody."
  }
}

run "ipv6_can_be_turned_off" {
  command = plan

  module {
    source = "./modules/distribution"
  }

  variables {
    ipv6_enabled = false
  }

  assert {
    condition     = !aws_cloudfront_distribution.this.is_ipv6_enabled
    error_message = "IPv6 is on."
  }
}

run "a_domain_of_ones_own" {
  command = plan

  module {
    source = "./modules/distribution"
  }

  variables {
    aliases         = ["downloads.example.com", "files.example.com"]
    certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/1234abcd-12ab-34cd-56ef-1234567890ab"
  }

  assert {
    condition     = output.signed_domain == "downloads.example.com"
    error_message = "URLs are signed for another domain than the first alias."
  }

  assert {
    condition     = aws_cloudfront_distribution.this.viewer_certificate[0].minimum_protocol_version == "TLSv1.2_2021"
    error_message = "Old TLS is accepted."
  }
}
