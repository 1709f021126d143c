"""Signed cookies in the browser.

``jar`` sets and removes them, ``memory`` remembers them, ``renewal`` replaces them.
"""
