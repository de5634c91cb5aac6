"""Configuration of the documentation site: ``make docs``."""

project = "octoplan"
author = "The octoplan authors"
project_copyright = "The octoplan authors"
extensions = ["myst_parser", "sphinx.ext.autodoc"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["README.md", "_build"]
html_theme = "furo"
html_title = "octoplan"
html_copy_source = False
html_show_sphinx = False
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
myst_heading_anchors = 3
suppress_warnings = ["myst.xref_missing"]
"""Links to files outside the docs, such as tests, work in the repository and are missing from the site."""
