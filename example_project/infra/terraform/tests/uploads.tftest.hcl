mock_provider "aws" {}

variables {
  name         = "shop-test-uploads"
  app_role_arn = "arn:aws:iam::123456789012:role/shop-app"
  bucket_name  = "shop-test-files"
  bucket_arn   = "arn:aws:s3:::shop-test-files"
  app_origins  = ["https://shop.example.com"]
}

run "an_empty_prefix_would_open_the_whole_bucket" {
  command = plan

  module {
    source = "./modules/uploads"
  }

  variables {
    prefix = ""
  }

  expect_failures = [var.prefix]
}

run "a_prefix_without_its_slash_would_open_others_that_start_alike" {
  command = plan

  module {
    source = "./modules/uploads"
  }

  variables {
    prefix = "uploads"
  }

  expect_failures = [var.prefix]
}
