"""The documentation as a site: `make docs`."""

project = "moreish"
author = "The moreish authors"
project_copyright = "The moreish authors, MIT licence"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "moreish"
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence", "deflist"]
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_mock_imports = ["lightning", "pytorch_lightning", "transformers"]
nitpicky = False
linkcheck_ignore = [r"https?://(localhost|127\.0\.0\.1)"]
suppress_warnings = ["myst.xref_missing", "myst.header"]  # links to the code beside the docs
