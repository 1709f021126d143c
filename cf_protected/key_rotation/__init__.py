"""Make, publish and replace the signing key in AWS."""
