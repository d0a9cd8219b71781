"""What every page is made with: templates, the section on the data, code as text."""

from __future__ import annotations

import datetime
import os
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from trialtensor.io.export import versions
from trialtensor.report import wording


def render(template: str, path: str | os.PathLike[str], **values: Any) -> Path:
    """Fill a template with values and today's date, and write the page."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("trialtensor.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template(template).render(
        date=datetime.date.today().isoformat(), **values
    )
    path = Path(path)
    path.write_text(page, encoding="utf-8")
    return path


def data_part(
    source: str | None,
    preprocessing: list[str],
    summary: dict[str, Any] | None,
    coords: dict[str, tuple[str, Any]],
) -> dict[str, Any]:
    """Values for the section on the data; of a summary that is None nothing is said."""
    part: dict[str, Any] = {
        "source": source,
        "preprocessing": preprocessing,
        "coords": [(name, dim, str(np.asarray(v).dtype)) for name, (dim, v) in coords.items()],
        "shape": None,
    }
    if summary is not None:
        part |= {
            "shape": summary["shape"],
            "dtype": summary["dtype"],
            "missing": wording.missing_sentence(summary),
            "treatment": summary["treatment"] if summary["missing_fraction"] else "",
        }
    return part


def repeating_part(command: str | Iterable[str] | None, code: str) -> dict[str, Any]:
    """Values for the section that says how to do it again."""
    if command is not None and not isinstance(command, str):
        command = shlex.join(command)
    return {"command": command, "code": code, "versions": versions()}


def reading_code(source: str | None, preprocessing: list[str]) -> str:
    """Python that makes ``X``: what can be known without being told; the rest as a comment."""
    read = "X = ...  # trials x neurons x time"
    if source is not None:
        read = f"# variable=... where the file holds several\nX = trialtensor.read({source!r})"
    return "\n".join([read, *(f"# before the fit: {step}" for step in preprocessing)])


def literal(value: Any) -> str:
    """A value as it would be typed in."""
    # Starting factors and generators have no text that could be typed in again.
    if isinstance(value, list | tuple | set | frozenset):
        items = [_item(each) for each in value]
        return repr(type(value)(items)) if all(map(_is_plain, items)) else "..."
    value = _item(value)
    return repr(value) if _is_plain(value) else "..."


def _item(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | bool | int | float)
