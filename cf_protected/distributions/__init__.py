"""``distributions["default"]``: a configured CloudFront distribution, built once per process."""

from cf_protected.distributions.distribution import STORAGE_ERRORS, Distribution
from cf_protected.distributions.registry import distributions

__all__ = ["STORAGE_ERRORS", "Distribution", "distributions"]
