"""A CloudFront edge on the laptop: verifies, refuses and serves as CloudFront does. No Django."""
