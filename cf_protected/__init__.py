"""Protected downloads for Django: who owns what, answered with a CloudFront signature."""

__version__ = "0.1.0"
