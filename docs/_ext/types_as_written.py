"""Types of parameters stay as written: only names of classes become links.

Sphinx looks up every word of a type, so that "labels of trials" would lead to the attribute
``labels`` of some class.
"""

from __future__ import annotations

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx


def unlink(app: Sphinx, doctree: nodes.document) -> None:
    """Turn references to words that begin with a small letter back into these words."""
    for reference in list(doctree.findall(addnodes.pending_xref)):
        if reference.get("refdomain") == "py" and reference.get("reftype") == "class":
            last = reference["reftarget"].rpartition(".")[2]
            if not last[:1].isupper():
                reference.replace_self(reference.children)
    for field in doctree.findall(nodes.field_body):
        for text in list(field.findall(nodes.Text)):
            if text == " -- ":  # between a type and its description
                text.parent.replace(text, nodes.Text(" – "))


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("doctree-read", unlink)
    return {"parallel_read_safe": True}
