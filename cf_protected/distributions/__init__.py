"""``distributions["default"]``: a configured CloudFront distribution, built once per process."""

from cf_protected.distributions.distribution import MISSING_ERRORS, STORAGE_ERRORS, Distribution
from cf_protected.distributions.registry import distributions

__all__ = ["MISSING_ERRORS", "STORAGE_ERRORS", "Distribution", "distributions"]
