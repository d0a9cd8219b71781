"""One self-contained HTML page about a fitted model."""

from __future__ import annotations

import datetime
import os
import shlex
from collections.abc import Iterable
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np

from trialtensor.io.export import versions
from trialtensor.plotting.diagnostics import has_slices
from trialtensor.report import slicetca, tca, wording
from trialtensor.report.figures import fit_png
from trialtensor.report.rows import n_zero, restart_rows


def write_report(
    model: Any,
    path: str | os.PathLike[str],
    *,
    color_by: Any = None,
    title: str | None = None,
    source: str | os.PathLike[str] | None = None,
    preprocessing: Iterable[str] = (),
    command: str | Iterable[str] | None = None,
    code: str | None = None,
) -> Path:
    """Write a report of a fitted model as one HTML file without external parts or scripts.

    Of a model whose factors were given (`trialtensor.from_tensorly`) it tells what is known: the
    factors, not how well they fit.

    Parameters
    ----------
    model : fitted TCA or SliceTCA
    path : path
        The HTML file; overwritten if it exists. Its folder must exist.
    color_by : str or array of shape (n_trials,), optional
        Trial label, as in `trialtensor.plotting.plot_factors` and `plot_slices`.
    title : str, optional
    source : str or path, optional
        Where the data came from.
    preprocessing : iterable of str
        What was done to the data before the fit, a phrase each, in order.
    command : str or list of str, optional
        Command line that made the fit, shown as the way to repeat it.
    code : str, optional
        Python that makes the data ``X`` that was fitted; the report adds the fit itself.
        Without it, reading `source` and a comment for each step of `preprocessing`.

    Returns
    -------
    pathlib.Path
        The file that was written.

    Raises
    ------
    ValueError
        If `color_by` is no trial label.
    sklearn.exceptions.NotFittedError
        If the model has not been fitted.
    OSError
        If the file can't be written.

    Examples
    --------
    >>> import tempfile
    >>> from trialtensor.data import make_tca
    >>> from trialtensor.models import TCA
    >>> from trialtensor.report import write_report
    >>> X = make_tca(n_trials=20, n_neurons=10, n_times=15, n_components=2, random_state=0).X
    >>> model = TCA(2, n_init=2, random_state=0).fit(X)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_report(model, folder + "/report.html", title="Two components").name
    'report.html'
    """
    from sklearn.utils.validation import check_is_fitted

    check_is_fitted(model)
    preprocessing = [preprocessing] if isinstance(preprocessing, str) else list(preprocessing)
    if command is not None and not isinstance(command, str):
        command = shlex.join(command)
    source = None if source is None else os.fspath(source)
    name = type(model).__name__
    kind = slicetca if has_slices(model) else tca
    page = (
        _environment()
        .get_template(kind.TEMPLATE)
        .render(
            title=title or (f"{name} of {Path(source).name}" if source else f"{name} report"),
            date=datetime.date.today().isoformat(),
            data=_data(model, source, preprocessing),
            color_name=_color_name(color_by),
            **_fit(model),
            **kind.page_parts(model, color_by),
            **_repeating(model, command, code or _reading_code(source, preprocessing)),
        )
    )
    path = Path(path)
    path.write_text(page, encoding="utf-8")
    return path


def _environment() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("trialtensor.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _fit(model: Any) -> dict[str, Any]:
    fitted = model.stop_reason_.value != "given"
    n = len(model.weights_)
    return {
        "fitted": fitted,
        "n_components": n,
        "zero": wording.zero_components_sentence(n_zero(model), n),
        "restarts": restart_rows(model) if fitted else [],
        "fit_png": fit_png(model) if fitted else "",
    }


def _repeating(model: Any, command: str | None, reading: str) -> dict[str, Any]:
    parameters = model.get_params(deep=False)
    return {
        "command": command,
        "code": reproducing_code(model, reading),
        "parameters": {name: _literal(value) for name, value in parameters.items()},
        "seeded": isinstance(parameters.get("random_state"), Integral),
        "versions": versions(),
    }


def reproducing_code(model: Any, reading: str) -> str:
    """Python that repeats the fit, from lines that make the data ``X``."""
    parameters = model.get_params(deep=False)
    arguments = ",\n".join(f"    {name}={_literal(value)}" for name, value in parameters.items())
    fit = f"model = trialtensor.{type(model).__name__}(\n{arguments},\n).fit(X)"
    return "\n".join(["import trialtensor", "", reading, fit])


def _reading_code(source: str | None, preprocessing: list[str]) -> str:
    """What can be known without being told; the rest stands in it as a comment."""
    read = "X = ...  # trials x neurons x time"
    if source is not None:
        read = f"# variable=... where the file holds several\nX = trialtensor.read({source!r})"
    return "\n".join([read, *(f"# before the fit: {step}" for step in preprocessing)])


def _literal(value: Any) -> str:
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


def _data(model: Any, source: str | None, preprocessing: list[str]) -> dict[str, Any]:
    summary = model.data_summary_
    return {
        "source": source,
        "preprocessing": preprocessing,
        "shape": summary["shape"],
        "dtype": summary["dtype"],
        "missing": wording.missing_sentence(summary),
        "treatment": summary["treatment"] if summary["missing_fraction"] else "",
        "coords": [
            (name, dim, str(np.asarray(v).dtype)) for name, (dim, v) in model.coords_.items()
        ],
    }


def _color_name(color_by: Any) -> str | None:
    if color_by is None or isinstance(color_by, str):
        return color_by
    name = getattr(color_by, "name", None)
    return name if isinstance(name, str) and name else "label"
