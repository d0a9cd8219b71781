"""Pages of the reference: one a group of names, one a name."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import public
from attributes import documented
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sphinx.application import Sphinx


def file_names(names: list[str]) -> dict[str, str]:
    """Return the page of each name; two that differ in case alone are two files on any system."""
    lower: dict[str, str] = {}
    pages = {}
    for name in names:
        taken = lower.setdefault(name.lower(), name) != name
        pages[name] = f"{name}-{kind_of(public.find(name))}" if taken else name
    return pages


def kind_of(obj: Any) -> str:
    """Return the directive for an object: class, exception, function or data."""
    if inspect.isclass(obj):
        return "exception" if issubclass(obj, BaseException) else "class"
    return "function" if callable(obj) else "data"


def _class_of(obj: Any) -> dict[str, Any]:
    if not inspect.isclass(obj):
        return {"members": [], "inherited": []}
    attributes = documented(inspect.getdoc(obj) or "")
    members = [name for name in public.members(obj) if name not in attributes]
    return {"members": members, "inherited": public.from_sklearn(obj)}


def _constant(name: str, obj: Any) -> dict[str, str]:
    """Return what a page says of a constant: its text in ``groups.toml``, and its names."""
    items = sorted(map(str, obj)) if isinstance(obj, set | frozenset | dict) else obj
    if isinstance(items, list | tuple):
        shown = [getattr(each, "__name__", None) or str(each) for each in items]
        value = "   " + ", ".join(f"``{each}``" for each in shown)
    else:
        value = f"   Value: ``{obj!r}``"
    return {"text": public.constants().get(name, ""), "value": value}


def pages(templates: Path) -> dict[str, str]:
    """Return the text of every page by its file's name."""
    environment = Environment(
        loader=FileSystemLoader(templates), trim_blocks=True, lstrip_blocks=True,
        undefined=StrictUndefined, autoescape=False,
    )  # fmt: skip
    groups = public.groups()
    files = file_names([name for group in groups for name in group.names])
    texts = {}
    for group in groups:
        shown = environment.get_template("group.rst.jinja")
        texts[group.page] = shown.render(
            group=group,
            files=[files[name] for name in group.names],
            constants=[name for name in group.names if kind_of(public.find(name)) == "data"],
        )
        for name in group.names:
            package, _, short = name.rpartition(".")
            obj = public.find(name)
            texts[files[name]] = environment.get_template("object.rst.jinja").render(
                name=name, package=package, short=short, kind=kind_of(obj),
                **_class_of(obj), **_constant(name, obj),
            )  # fmt: skip
    return texts


def write(app: Sphinx, config: Any) -> None:
    """Write the pages that have changed, and remove those of names that are gone."""
    folder = Path(app.srcdir) / "reference"
    texts = pages(Path(app.srcdir) / "_templates")
    for old in folder.glob("*.rst"):
        if old.stem not in texts:
            old.unlink()
    for stem, text in texts.items():
        path = folder / f"{stem}.rst"
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("config-inited", write)
    return {"parallel_read_safe": True}
