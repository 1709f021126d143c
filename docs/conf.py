"""Sphinx's settings: ``sphinx-build -q -W --keep-going -b html docs docs/_build/html``."""

from cf_protected import __version__

project = "cf_protected"
author = "The cf_protected authors"
copyright = author
release = version = __version__

extensions = ["myst_parser"]
exclude_patterns = ["_build"]
myst_heading_anchors = 4
nitpicky = True

html_theme = "furo"
html_title = f"cf_protected {release}"
html_show_sphinx = False
