"""How the site is built from the Markdown beside this file: ``make docs``."""

import logging
import sys
from importlib.metadata import version as installed_version
from pathlib import Path

# Alembic, which the command line imports, tells about each of its parts.
logging.getLogger("alembic").setLevel(logging.WARNING)

sys.path.append(str(Path(__file__).parent / "extensions"))

project = "Penstock"
author = "Penstock contributors"
project_copyright = "Penstock contributors, MIT licence"
release = version = installed_version("penstock")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    # Beside this file:
    "command_help",
    "http_api",
    "mermaid",
    "outside_links",
    "public_names",
]
exclude_patterns = ["extensions"]

# A link to nothing, a name that is not documented: with -W, each of them is an error.
nitpicky = True
nitpick_ignore_regex = [
    # What others document, and the type variables of our own signatures.
    ("py:.*", r"(?!penstock)[a-z_]\w*\..*"),
    ("py:attr", r"([A-Z]\w+\.)?\w+"),  # the docstring of their class has them
    ("py:(class|obj)", r"UUID|BoundLogger|TaskiqMiddleware|(penstock\w*(\.\w+)+\.)?[A-Z]"),
    # Met in signatures of ours, and of no use by themselves.
    ("py:class", r"penstock\.app\.Application"),
    ("py:class", r"penstock\.declarations\.task_type\.(Declare|TaskType\[~typing\.Any)"),
]

# --- Markdown ---------------------------------------------------------------------------------

myst_enable_extensions = ["colon_fence", "attrs_inline"]
myst_heading_anchors = 4  # as a code host makes them, so that links work in both places
myst_fence_as_directive = ["mermaid"]

# --- Python -----------------------------------------------------------------------------------

add_module_names = False
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True

# --- HTML -------------------------------------------------------------------------------------

html_theme = "furo"
html_title = f"Penstock {release}"
pygments_dark_style = "github-dark"  # furo's own underlines names as if they were links
html_static_path = ["static"]
html_css_files = ["penstock.css"]
html_copy_source = False
html_show_sphinx = False
copybutton_exclude = ".linenos, .gp, .go"
