"""Keys that make, publish and replace themselves."""
