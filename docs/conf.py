"""Settings of the documentation: ``make docs``."""

import trialtensor

project = "trialtensor"
author = "The trialtensor developers"
copyright = "2026, The trialtensor developers"
version = release = trialtensor.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.mathjax", "sphinx.ext.napoleon"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
autodoc_typehints = "none"
napoleon_google_docstring = False
# Attributes of estimators are described in the docstring and don't exist before a fit.
napoleon_use_ivar = True
html_title = f"trialtensor {version}"
