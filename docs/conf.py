"""How the documentation is built: `make docs`."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import agentcore_memory_async

sys.path.insert(0, str(Path(__file__).parent))

from public_names import PublicNames

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "agentcore-memory-async"
author = "The agentcore-memory-async authors"
project_copyright = "2026, the agentcore-memory-async authors"
release = version = agentcore_memory_async.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_design",
]
exclude_patterns = ["_build", "examples"]
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["look.css"]
html_title = f"agentcore-memory-async {version}"

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
copybutton_prompt_text = "$ "

autodoc_mock_imports = ["google"]  # its ADK does not go with the other frameworks
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autoclass_content = "class"
napoleon_use_ivar = True

# Only our own names have pages here; those of others are not looked up over the network.
nitpicky = True
nitpick_ignore_regex = [("py:.*", r"(?!agentcore_memory_async).*")]
nitpick_ignore = [  # types of a constructor's argument that users need not name
    ("py:class", "agentcore_memory_async._core.HasCore"),
    ("py:class", "agentcore_memory_async._sync.derive.BlockingFacade"),
]


def unfence(
    _app: object, _what: object, _name: object, _obj: object, _options: object, lines: list[str]
) -> None:
    """Turn the fenced code blocks of docstrings into those of reStructuredText."""
    inside = False
    for index, line in enumerate(lines):
        if fence := re.fullmatch(r"```(\w*)", line.strip()):
            inside = not inside
            lines[index] = f".. code-block:: {fence[1] or 'text'}\n" if inside else ""
        elif inside:
            lines[index] = f"   {line}"
    lines[:] = "\n".join(lines).split("\n")


def setup(app: Sphinx) -> None:
    """Connect what reads docstrings, and what lists the public names."""
    app.add_directive("public-names", PublicNames)
    app.connect("autodoc-process-docstring", unfence, priority=100)
