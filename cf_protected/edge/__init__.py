"""A CloudFront edge for development. It verifies, refuses and serves as CloudFront does."""
