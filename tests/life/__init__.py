"""The life of grants, step by step at random, against a plain model of who may have what."""
