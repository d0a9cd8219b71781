"""How to cite, from ``CITATION.cff``: ``{cite-this}`` shows a sentence and a BibTeX entry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import trialtensor


def _name(author: dict[str, Any]) -> str:
    if "name" in author:
        return "{" + author["name"] + "}"
    return f"{author['family-names']}, {author['given-names']}"


def sentence(cff: dict[str, Any]) -> str:
    """Return the reference as in a list of references."""
    authors = "; ".join(_name(each).strip("{}") for each in cff["authors"])
    year = f" ({str(cff['date-released'])[:4]})" if "date-released" in cff else ""
    where = cff.get("doi") or cff.get("repository-code") or cff.get("url")
    end = f". {where}" if where else ""
    return f"{authors}{year}. {cff['title']}, version {_version(cff)}{end}"


def bibtex(cff: dict[str, Any]) -> str:
    """Return the reference as a BibTeX entry."""
    fields = {
        "author": " and ".join(_name(each) for each in cff["authors"]),
        "title": "{" + cff["title"] + "}",
        "version": _version(cff),
        "year": str(cff.get("date-released", ""))[:4],
        "doi": cff.get("doi", ""),
        "url": cff.get("repository-code") or cff.get("url", ""),
    }
    lines = [f"  {key:<7} = {{{value}}}," for key, value in fields.items() if value]
    return "\n".join(["@software{trialtensor,", *lines, "}"])


def _version(cff: dict[str, Any]) -> str:
    return str(cff.get("version", trialtensor.__version__))


class CiteThis(SphinxDirective):
    """The sentence and the entry, from the file in the root of the repository."""

    def run(self) -> list[nodes.Node]:
        path = Path(self.env.srcdir).parent / "CITATION.cff"
        self.env.note_dependency(str(path))
        cff = yaml.safe_load(path.read_text("utf-8"))
        entry = nodes.literal_block(bibtex(cff), bibtex(cff), language="bibtex")
        return [nodes.block_quote("", nodes.paragraph(text=sentence(cff))), entry]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("cite-this", CiteThis)
    return {"parallel_read_safe": True}
