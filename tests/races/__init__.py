"""Processes that act at the same moment on one database, which is real."""
