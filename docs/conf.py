"""How the pages are made, without a network.

python docs/build.py html, or sphinx-build -W docs docs/_build/html
"""

import os
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import cvkit  # noqa: E402  (of this folder, wherever the build was started)

project, author = "cvkit", "The cvkit authors"
version = release = cvkit.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_gallery.gen_gallery"]
exclude_patterns = ["_build"]
html_theme = "pydata_sphinx_theme"
html_show_sourcelink = False
html_theme_options = {"show_prev_next": False, "secondary_sidebar_items": ["page-toc"], "navigation_with_keys": False}
html_css_files = ["plain.css"]
html_static_path = ["static"]

autodoc_typehints = "none"  # the docstrings say it in words
autodoc_preserve_defaults = True
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_ivar = napoleon_use_rtype = False
myst_heading_anchors = 3
suppress_warnings = ["myst.xref_missing"]  # links of README and CONTRIBUTING to files; tests/test_docs.py follows them

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",
    "within_subsection_order": "FileNameSortKey",
    "image_scrapers": ("gallery_pictures.pictures",),
    "reset_argv": "gallery_pictures.arguments",
    "reset_modules": (),
    "download_all_examples": False,
    "show_signature": False,
    "min_reported_time": 1,
}

HEAD = re.compile(r"(\n\.\. _sphx_glr_gallery_\w+\.py:\n+)([^\n]+)\n\n((?:    [^\n]+\n)+)")


def with_title(head: re.Match) -> str:
    """Turn the first lines of a docstring, written to be read in a terminal, into a heading and a block of commands."""
    said = head[2].strip()
    title = re.split(r"(?<=\?)|[.:]", said)[0]
    return f"{head[1]}{title}\n{'=' * len(title)}\n\n{said}\n\n.. code-block:: bash\n\n{head[3]}"


def rewrite(app, name: str, source: list[str]) -> None:
    """Give the pages that the gallery makes of examples their headings."""
    if name.startswith("gallery/"):
        source[0] = HEAD.sub(with_title, source[0], count=1)


def setup(app) -> None:
    """Called by Sphinx."""
    app.connect("source-read", rewrite)
