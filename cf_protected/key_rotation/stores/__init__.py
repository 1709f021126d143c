"""Where a rotated key is kept: one class for each place."""
