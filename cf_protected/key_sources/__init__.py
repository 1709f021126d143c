"""Where the signing key is kept: one class for each place, named by dotted path."""
