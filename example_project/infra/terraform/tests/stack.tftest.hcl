mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }

  mock_data "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/shop-app" }
  }

  mock_resource "aws_cloudfront_distribution" {
    defaults = {
      arn         = "arn:aws:cloudfront::123456789012:distribution/E2EXAMPLE"
      id          = "E2EXAMPLE"
      domain_name = "d111111abcdef8.cloudfront.net"
    }
  }

  mock_resource "aws_lambda_function" {
    defaults = { arn = "arn:aws:lambda:eu-central-1:123456789012:function:shop-test-rotation" }
  }

  mock_resource "aws_lambda_invocation" {
    defaults = { result = "{\"key_group_id\": \"group-1\", \"key_pair_id\": \"K2EXAMPLE\"}" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/shop-test-rotation" }
  }

  mock_resource "aws_iam_policy" {
    defaults = { arn = "arn:aws:iam::123456789012:policy/shop-test-app" }
  }

  mock_resource "aws_secretsmanager_secret" {
    defaults = { arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop-test/cloudfront-a1b2c3" }
  }

  mock_resource "aws_cloudwatch_event_rule" {
    defaults = { arn = "arn:aws:events:eu-central-1:123456789012:rule/shop-test-tidy-keys" }
  }

  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-central-1:123456789012:shop-test-alarms" }
  }

  mock_resource "aws_cloudfront_key_group" {
    defaults = { id = "group-2" }
  }
}

variables {
  prefix       = "shop-test"
  region       = "eu-central-1"
  rotation_zip = "versions.tf" # any file: only its hash is taken
}

run "settings_are_what_django_needs" {
  assert {
    condition     = output.settings.CF_PROTECTED.DISTRIBUTIONS.default.DOMAIN == "d111111abcdef8.cloudfront.net"
    error_message = "URLs would be signed for another domain."
  }

  assert {
    condition     = output.settings.CF_PROTECTED.DISTRIBUTIONS.default.KEY_SOURCE.OPTIONS.secret_id == "arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop-test/cloudfront-a1b2c3"
    error_message = "The key would be read elsewhere."
  }

  assert {
    condition     = output.settings.STORAGES.protected.OPTIONS.bucket_name == "shop-test-123456789012-files"
    error_message = "Files would be stored elsewhere."
  }
}

run "the_app_is_told_the_overlap" {
  variables {
    overlap_hours = 36
  }

  assert {
    condition     = output.settings.ROTATION_OVERLAP_HOURS == 36
    error_message = "URLs would outlive the key that signed them."
  }
}

run "optional_parts_are_left_out" {
  assert {
    condition     = length(module.logs) + length(module.uploads) + length(module.sign_in) == 0
    error_message = "A part is made that nobody asked for."
  }
}

run "optional_parts" {
  variables {
    app_role_name         = "shop-app"
    app_origins           = ["https://shop.example.com"]
    logs_enabled          = true
    uploads_enabled       = true
    sign_in_enabled       = true
    sign_in_callback_urls = ["https://shop.example.com/accounts/callback/"]
  }

  assert {
    condition     = length(module.logs) + length(module.uploads) + length(module.sign_in) == 3
    error_message = "A part is missing."
  }
}

run "keys_made_by_hand_stay_trusted" {
  variables {
    existing_public_key_ids = ["K2JCJMDEHXQW5F"]
  }

  assert {
    condition     = module.signing_key.trusted_key_group_ids == ["group-1", "group-2"]
    error_message = "URLs of the old key would die."
  }
}

run "a_domain_needs_its_certificate" {
  command = plan

  variables {
    aliases = ["downloads.example.com"]
  }

  expect_failures = [var.certificate_arn]
}

run "origins_are_exact" {
  command = plan

  variables {
    app_origins = ["https://*.example.com"]
  }

  expect_failures = [var.app_origins]
}

run "uploads_need_the_role_that_hands_them_out" {
  command = plan

  variables {
    uploads_enabled = true
    app_origins     = ["https://shop.example.com"]
  }

  expect_failures = [var.uploads_enabled]
}

run "rotations_do_not_overlap" {
  command = plan

  variables {
    rotate_after_days = 1
    overlap_hours     = 24
  }

  expect_failures = [var.rotate_after_days]
}

run "a_prefix_that_no_bucket_may_have" {
  command = plan

  variables {
    prefix = "Shop_Prod"
  }

  expect_failures = [var.prefix]
}
