"""The page about a fitted model."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from trialtensor.models import TrialEstimator
from trialtensor.models.credibility import credibility
from trialtensor.plotting.columns import fitted_of
from trialtensor.report import page as _page  # noqa: F401 - registers the sections
from trialtensor.report.document import Head
from trialtensor.report.pages import Page, listed_steps, origin_of
from trialtensor.report.sections import Context

SIGNS = {True: "good", False: "bad", None: "open"}


class Report(Page):
    """The page of a fitted model, of any kind, to which sections can be added.

    It begins with whether the components can be believed. `trialtensor.write_report` is the short
    form, with the same arguments.

    Parameters
    ----------
    model : fitted model
        Of one with given factors (`trialtensor.from_tensorly`), the page has the factors, but not
        how well they fit.
    X, mask : optional
        The data of the fit, as for ``fit``: the page then shows the mean activity of each neuron
        and trial as data and model, and describes the residuals (see
        `trialtensor.selection.residual_report`). After ``partial_fit``, the last batch.
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

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the model has not been fitted.

    Examples
    --------
    >>> import tempfile
    >>> from trialtensor import TCA, make_tca
    >>> from trialtensor.report import Report
    >>> X = make_tca(n_trials=20, n_neurons=10, n_times=15, n_components=2, random_state=0).X
    >>> report = Report(TCA(2, n_init=2, random_state=0).fit(X), title="Day 1")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     report.add_section("Animal", "<p>Monkey J</p>").write(folder + "/day1.html").name
    'day1.html'
    """

    about = "model"

    def __init__(
        self,
        model: TrialEstimator,
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
    ) -> None:
        self._fitted = fitted_of(model)
        context = Context(
            X=X,
            mask=mask,
            color_by=color_by,
            source=origin_of(source),
            preprocessing=listed_steps(preprocessing),
            command=command,
            code=code,
            fit_options=dict(fit_options or {}),
        )
        self._kind = type(model).__name__
        where = f"of {Path(context.source).name}" if context.source else "report"
        super().__init__(model, context, title or f"{self._kind} {where}")

    def _head(self) -> Head:
        n, verdict = len(self._fitted.components), credibility(self._fitted)
        return Head(
            title=self.title,
            facts=f"{self._kind} · {n} component{'s' * (n != 1)}",
            verdict=verdict.sentence,
            sign=SIGNS[verdict.believable],
        )


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
    static: bool = False,
) -> Path:
    """Write a report of a fitted model as one HTML file that needs nothing else.

    Works for every kind of model. To add sections to one page, use `trialtensor.report.Report`; to
    the pages of all models, `trialtensor.report.register_section`.

    Parameters
    ----------
    model : fitted model
    path : path
        The HTML file; overwritten if it exists. Its folder must exist.
    X, mask, color_by, title, source, preprocessing, command, code, fit_options : optional
        As for `trialtensor.report.Report`.
    static : bool
        True for a page without any script: figures are pictures only.

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
    report = Report(
        model,
        X=X,
        mask=mask,
        color_by=color_by,
        title=title,
        source=source,
        preprocessing=preprocessing,
        command=command,
        code=code,
        fit_options=fit_options,
    )
    return report.write(path, static=static)
