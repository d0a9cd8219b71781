"""One self-contained HTML page about a fitted model."""

from __future__ import annotations

import os
from collections.abc import Iterable
from numbers import Integral
from pathlib import Path
from typing import Any

from trialtensor.plotting.diagnostics import has_slices, has_three_factors
from trialtensor.report import slicetca, tca, wording
from trialtensor.report.figures import fit_png
from trialtensor.report.rendering import (
    data_part,
    literal,
    reading_code,
    render,
    repeating_part,
)
from trialtensor.report.rows import n_zero, restart_rows
from trialtensor.selection.residuals import residual_report
from trialtensor.selection.stability import stability


def write_report(
    model: Any,
    path: str | os.PathLike[str],
    *,
    X: Any = None,
    mask: Any = None,
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
    X, mask : optional
        The data of the fit, as for ``fit``: the page then says what the model leaves over, see
        `trialtensor.selection.residual_report`.
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
        If `color_by` is no trial label, or `X` is other data than that of the fit.
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
    if not (has_slices(model) or has_three_factors(model)):
        raise ValueError(
            f"model: there are reports of TCA and SliceTCA, not of {type(model).__name__}"
        )
    preprocessing = [preprocessing] if isinstance(preprocessing, str) else list(preprocessing)
    source = None if source is None else os.fspath(source)
    name = type(model).__name__
    kind = slicetca if has_slices(model) else tca
    return render(
        kind.TEMPLATE,
        path,
        title=title or (f"{name} of {Path(source).name}" if source else f"{name} report"),
        data=data_part(source, preprocessing, model.data_summary_, model.coords_),
        color_name=_color_name(color_by),
        left_over=[] if X is None else residual_report(model, X, mask=mask).sentences,
        **_fit(model),
        **kind.page_parts(model, color_by),
        **_repeating(model, command, code or reading_code(source, preprocessing)),
    )


def _fit(model: Any) -> dict[str, Any]:
    fitted = model.stop_reason_.value != "given"
    n = len(model.weights_)
    corrected = ""
    if fitted and len(model.restarts_) > 1:
        agreement = stability(model)
        corrected = wording.corrected_sentence(agreement.corrected, agreement.chance)
    return {
        "corrected": corrected,
        "fitted": fitted,
        "n_components": n,
        "zero": wording.zero_components_sentence(n_zero(model), n),
        "restarts": restart_rows(model) if fitted else [],
        "fit_png": fit_png(model) if fitted else "",
    }


def _repeating(model: Any, command: str | Iterable[str] | None, reading: str) -> dict[str, Any]:
    parameters = model.get_params(deep=False)
    return {
        **repeating_part(command, reproducing_code(model, reading)),
        "parameters": {name: literal(value) for name, value in parameters.items()},
        "seeded": isinstance(parameters.get("random_state"), Integral),
    }


def reproducing_code(model: Any, reading: str) -> str:
    """Python that repeats the fit, from lines that make the data ``X``."""
    parameters = model.get_params(deep=False)
    arguments = ",\n".join(f"    {name}={literal(value)}" for name, value in parameters.items())
    fit = f"model = trialtensor.{type(model).__name__}(\n{arguments},\n).fit(X)"
    return "\n".join(["import trialtensor", "", reading, fit])


def _color_name(color_by: Any) -> str | None:
    if color_by is None or isinstance(color_by, str):
        return color_by
    name = getattr(color_by, "name", None)
    return name if isinstance(name, str) and name else "label"
