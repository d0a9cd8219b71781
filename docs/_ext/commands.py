"""Pages of the commands, written from the commands themselves."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from sphinx.application import Sphinx

PROGRAMS = {"trialtensor": "trialtensor.cli", "trialtensor-models": "trialtensor_models.cli"}


# The name of an argument or option with what it takes, and its help.
Record = tuple[str, str]


def tree(program: str) -> Iterator[tuple[str, Any]]:
    """Yield a program and each of its commands, with the words that call it."""
    group = typer.main.get_command(importlib.import_module(PROGRAMS[program]).app)
    yield program, group
    for name, command in sorted(group.commands.items()):
        yield f"{program} {name}", command


def plain(text: str) -> str:
    """Return a text of ``--help`` as reStructuredText: what is in backticks is code."""
    pieces = re.split(r"(`+[^`]+`+)", " ".join(text.split()))
    for i, piece in enumerate(pieces):
        if i % 2:
            pieces[i] = f"``{piece.strip('`')}``"
        else:
            pieces[i] = re.sub(r"([\\*_|])", r"\\\1", piece)
    return "".join(pieces)


def parameters(
    words: str, command: Any
) -> tuple[str, list[tuple[str, str]], list[tuple[str, str]]]:
    """Return the line of usage, and arguments and options, each as (name, help)."""
    context = command.make_context(words, [], resilient_parsing=True)
    usage = " ".join([words, *command.collect_usage_pieces(context)])
    arguments, options = [], []
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None:
            kind = arguments if parameter.param_type_name == "argument" else options
            kind.append(record)
    return usage, arguments, options


def page(words: str, command: Any) -> str:
    """Return the page of one command."""
    usage, arguments, options = parameters(words, command)
    lines = [words, "=" * len(words), "", f".. program:: {words}", ""]
    for paragraph in re.split(r"\n\s*\n", command.help or ""):
        lines += [plain(paragraph), ""]
    lines += [".. code-block:: text", "", f"   {usage}", ""]
    for title, group in (("Arguments", arguments), ("Options", options)):
        if group:
            lines += [title, "-" * len(title), ""]
        for name, text in group:
            lines += [f".. option:: {name}", "", f"   {plain(text)}", ""]
    inner = getattr(command, "commands", {})
    if inner:
        lines += ["Commands", "--------", "", ".. list-table::", "   :widths: 25 75", ""]
    for name in sorted(inner):
        target = f"{words}-{name}".replace(" ", "-")
        lines += [f"   * - :doc:`{name} <{target}>`"]
        lines += [f"     - {plain(inner[name].get_short_help_str(limit=200))}"]
    if inner:
        lines += ["", ".. toctree::", "   :hidden:", ""]
        lines += [f"   {words}-{name}" for name in sorted(inner)]
    return "\n".join(lines) + "\n"


def write(app: Sphinx, config: Any) -> None:
    """Write a page for each program and each of its commands."""
    folder = Path(app.srcdir) / "commands"
    pages = {
        words.replace(" ", "-"): page(words, command)
        for program in PROGRAMS
        for words, command in tree(program)
    }
    for old in folder.glob("*.rst"):
        if old.stem not in pages:
            old.unlink()
    for stem, text in pages.items():
        path = folder / f"{stem}.rst"
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("config-inited", write)
    return {"parallel_read_safe": True}
