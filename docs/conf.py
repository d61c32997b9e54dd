"""The documentation as a site: `make docs`."""

project = "moreish"
author = "The moreish authors"
project_copyright = "The moreish authors, MIT licence"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.viewcode"]
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

default_role = "code"


def as_lines(app: object, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """The docstrings are plain text with lists of `name : what it is`: keep their lines, read no markup into them."""
    outside = str.maketrans({"*": r"\*", "|": r"\|", "_": r"\_"})
    for i, line in enumerate(lines):
        parts = line.split("`") if line.count("`") % 2 == 0 else [line.replace("`", "'")]
        escaped = "``".join(part if k % 2 else part.translate(outside) for k, part in enumerate(parts))
        lines[i] = f"| {escaped}" if line.strip() else ""


def setup(app: object) -> None:
    """Sphinx calls this."""
    app.connect("autodoc-process-docstring", as_lines)  # type: ignore[attr-defined]
