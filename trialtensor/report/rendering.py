"""Rendering shared by all pages: templates, the data, code as text."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup

from trialtensor.data.axes import AXES
from trialtensor.data.making import preparations_of
from trialtensor.io.export import versions
from trialtensor.report import data_wording, wording

if TYPE_CHECKING:
    from jinja2 import Environment


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("trialtensor.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def fragment(template: str, **values: Any) -> Markup:
    """Fill a template whose output isn't escaped again."""
    return Markup(_environment().get_template(template).render(**values))


def data_part(
    source: str | None,
    preprocessing: list[str],
    summary: Mapping[str, Any] | None,
    coords: Mapping[str, tuple[str, Any]],
    size: str | None = None,
) -> dict[str, Any]:
    """Return values for the section on the data.

    Parameters
    ----------
    source : str or None
    preprocessing : list of str
    summary : dict or None
        As in ``Fitted.data``, or `trialtensor.models.observed.said_by` where that is all that is
        known; of None nothing is said.
    coords : dict
    size : str, optional
        Size of the data, if the shape in ``summary`` doesn't give it.
    """
    made = (summary or {}).get("made", {})
    part: dict[str, Any] = {
        "source": source or made.get("source"),
        "preprocessing": preprocessing or preparations_of(made),
        "coords": [(name, dim, _kind(v)) for name, (dim, v) in coords.items()],
        "size": None,
        "axes": "",
        "made": "",
    }
    if summary is not None:
        part |= {
            "axes": data_wording.axes_sentence(summary),
            "made": data_wording.making_sentences(summary),
        }
    if summary is not None and "shape" in summary:
        dtype = f" ({summary['dtype']})" if summary["dtype"] != "unknown" else ""
        named = summary.get("axes", AXES)
        part |= {
            "size": (size or data_wording.size_text(*summary["shape"], axes=named)) + dtype,
            "missing": wording.missing_sentence(summary),
            "treatment": data_wording.treatment(summary),
        }
    return part


def _kind(labels: Any) -> str:
    """Return the type of labels; where some are missing, NumPy knows text only as objects."""
    dtype = np.asarray(labels).dtype
    return "text, some missing" if dtype.kind == "O" else str(dtype)


def repeating_part(command: str | Iterable[str] | None, code: str) -> dict[str, Any]:
    """Return values for the section on repeating the analysis."""
    if command is not None and not isinstance(command, str):
        command = shlex.join(command)
    return {"command": command, "code": code, "versions": versions()}


def reading_code(
    source: str | None, preprocessing: list[str], summary: Mapping[str, Any] | None = None
) -> str:
    """Return Python code that makes ``X``, with a comment for what can't be known.

    Parameters
    ----------
    source, preprocessing, summary : as for `data_part`
    """
    made = (summary or {}).get("made", {})
    axes = (summary or {}).get("axes")
    read = f"X = ...  # {' x '.join(axes)}" if axes else "X = ...  # trials x neurons x time"
    if cut := _cutting_code(made):
        read = cut
    elif source is not None:
        read = f"# variable=... where the file holds several\nX = trialtensor.read({source!r})"
    preprocessing = preprocessing or preparations_of(made)
    return "\n".join([read, *(f"# before the fit: {step}" for step in preprocessing)])


def _cutting_code(made: Mapping[str, Any]) -> str:
    """Return the call that cut a tensor out of events or signals; empty if none did."""
    call = str(made.get("made_by", "")).rpartition(" ")[2]
    what = {"bin_spikes": "units", "cut_traces": "traces"}.get(call)
    if what is None or made.keys() & {"joined_by"}:
        return ""
    window = tuple(made["window"]) if isinstance(made.get("window"), list) else ...
    given = {"align_to": made.get("align_to"), "window": window, "bin_size": made.get("bin_size")}
    if str(made.get("how", "")).startswith("samples as they are"):
        del given["bin_size"]  # it had its own sampling
    options = ", ".join(f"{name}={each!r}" for name, each in given.items())
    origin = f", from {made['source']}" if made.get("source") else ""
    lines = [f"# {what} and trials as they were chosen{origin}"]
    lines += [f"X = trialtensor.{call}({what}, trials, {options})"]
    lines += [f"# then {made['time_steps']}"] if made.get("time_steps") else []
    return "\n".join(lines)


def literal(value: Any) -> str:
    """Return a value as Python source."""
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
