"""One self-contained HTML page about a fitted model."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from trialtensor.models import TrialEstimator
from trialtensor.plotting.columns import fitted_of
from trialtensor.report import page as _page  # noqa: F401 - registers the sections
from trialtensor.report.rendering import render
from trialtensor.report.sections import Context, sections

TEMPLATE = "page.html.jinja"


def write_report(
    model: TrialEstimator,
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
    fit_options: Mapping[str, Any] | None = None,
) -> Path:
    """Write a report of a fitted model as one HTML file without external parts or scripts.

    Works for every kind of model; add your own sections with `trialtensor.report.register_section`.
    For a model with given factors (`trialtensor.from_tensorly`), the report has the factors, but
    not how well they fit.

    Parameters
    ----------
    model : fitted model
    path : path
        The HTML file; overwritten if it exists. Its folder must exist.
    X, mask : optional
        The data of the fit, as for ``fit``: the page then describes the residuals, see
        `trialtensor.selection.residual_report`. After ``partial_fit``, the last batch.
    color_by : str or array of shape (n_trials,), optional
        Trial label, as in `trialtensor.plotting.plot_factors` and `plot_slices`.
    title : str, optional
    source : str or path, optional
        Where the data came from.
    preprocessing : iterable of str
        Processing steps before the fit, one phrase each, in order.
    command : str or list of str, optional
        Command line of the fit, shown as the way to repeat it.
    code : str, optional
        Python that makes the data ``X`` that was fitted; the report adds the fit itself.
        By default, code that reads `source` and a comment for each step of `preprocessing`.
    fit_options : dict, optional
        Further arguments that ``fit`` got, such as ``{"blocks": "session"}``, for the lines that
        repeat the fit.

    Returns
    -------
    pathlib.Path
        The file that was written.

    Raises
    ------
    ValueError
        If `color_by` isn't a trial label, or `X` isn't the data of the fit.
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
    fitted = fitted_of(model)
    context = Context(
        X=X,
        mask=mask,
        color_by=color_by,
        source=None if source is None else os.fspath(source),
        preprocessing=[preprocessing] if isinstance(preprocessing, str) else list(preprocessing),
        command=command,
        code=code,
        fit_options=dict(fit_options or {}),
    )
    name = type(model).__name__
    where = f"{name} of {Path(context.source).name}" if context.source else f"{name} report"
    written = (section.write(model, context) for section in sections())
    return render(
        TEMPLATE,
        path,
        title=title or where,
        model=name,
        n_components=len(fitted.components),
        sections=[each for each in written if each is not None],
    )
