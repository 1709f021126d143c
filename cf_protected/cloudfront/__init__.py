"""CloudFront's protocol for private content, with the standard library and cryptography."""
