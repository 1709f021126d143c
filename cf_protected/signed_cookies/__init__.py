"""Signed cookies in the browser: ``jar`` sets and removes them, ``renewal`` replaces them."""
