"""CloudFront's private-content protocol: standard library and cryptography, no Django."""
