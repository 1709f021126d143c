"""The places that keep the signing key: one class for each, named by dotted path."""
