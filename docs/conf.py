"""Settings of the documentation: ``make docs``."""

import os
import sys
from pathlib import Path

import matplotlib

import trialtensor

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))
matplotlib.use("Agg")

project = "trialtensor"
author = "The trialtensor developers"
copyright = "2026, The trialtensor developers"
version = release = trialtensor.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
    "sphinx-mathjax-offline",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    # Ours, in _ext.
    "attributes",
    "citation",
    "commands",
    "reference",
    "types_as_written",
]
exclude_patterns = ["_build", "_ext", "gallery", "examples"]
# sphinx-gallery's tables of times load scripts from the network.
exclude_patterns += ["sg_execution_times.rst", "**/sg_execution_times.rst"]
templates_path = ["_templates"]
# What is in single backticks in docstrings is code.
default_role = "code"
# Straight quotes are code: {"trial", "neuron", "time"}.
smartquotes = False
suppress_warnings = ["config.cache"]

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "substitution"]
myst_heading_anchors = 3

autodoc_typehints = "none"
autosummary_generate = False  # reference.py writes the pages
napoleon_google_docstring = False
napoleon_use_rtype = False
maximum_signature_line_length = 88
toc_object_entries_show_parents = "hide"

sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "tutorials",
    "filename_pattern": r"/plot_",
    "within_subsection_order": "FileNameSortKey",
    "doc_module": ("trialtensor", "trialtensor_models"),
    "backreferences_dir": "reference/used_in",
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_memory": False,
    "thumbnail_size": (480, 320),
    "show_signature": False,
    "min_reported_time": 3600,
    "matplotlib_animations": False,
}

# A prompt and what a command printed are not copied.
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_exclude = ".linenos, .gp, .go"

html_theme = "pydata_sphinx_theme"
html_title = f"trialtensor {version}"
html_static_path = ["_static"]
html_css_files = ["trialtensor.css"]
html_show_sourcelink = False
# Excerpts would be fetched page by page.
html_show_search_summary = False
html_copy_source = False
html_context = {"default_mode": "auto"}
html_sidebars = {
    "index": [],
    "changelog": [],
    "citation": [],
    "faq": [],
}
html_theme_options = {
    "logo": {"text": "trialtensor"},
    "header_links_before_dropdown": 6,
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "navbar_persistent": ["search-button"],
    "navigation_with_keys": False,
    "collapse_navigation": True,
    "show_nav_level": 1,
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "footer_start": ["copyright"],
    "footer_end": [],
}

# Where several versions are published side by side, DOCS_URL is their common address. The list of
# versions is then the one file that a page asks for; pages built without it ask for nothing.
DOCS_URL = os.environ.get("DOCS_URL", "").rstrip("/")
if DOCS_URL:
    html_baseurl = f"{DOCS_URL}/{os.environ.get('DOCS_VERSION', version)}/"
    html_theme_options["navbar_end"] = ["version-switcher", "theme-switcher"]
    html_theme_options["check_switcher"] = False
    html_theme_options["show_version_warning_banner"] = True
    html_theme_options["switcher"] = {
        "json_url": f"{DOCS_URL}/versions.json",
        "version_match": os.environ.get("DOCS_VERSION", version),
    }
