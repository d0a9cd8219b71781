"""Output files of a fit."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trialtensor.cli.results import remove

if TYPE_CHECKING:
    from trialtensor.cli.recording import Recording
    from trialtensor.cli.results import Written
    from trialtensor.models import TrialEstimator

MODEL, SUMMARY, REPORT = "model.h5", "summary.json", "report.html"
DIAGNOSTICS = ("figures/loss.png", "figures/restarts.png")
_NAMES = (SUMMARY, "figures/factors.png", "figures/slices.png", *DIAGNOSTICS, REPORT)


def write_results(
    model: "TrialEstimator",
    recording: "Recording",
    written: "Written",
    fit_options: Mapping[str, Any],
    *,
    static: bool = False,
) -> None:
    """Write everything but the model, starting with the costliest results.

    Parameters
    ----------
    model : fitted model
    recording : Recording
    written : Written
        With the model, which :func:`save_model` saves first.
    fit_options : dict
        Further arguments of ``fit``, besides the data.
    static : bool
        Whether the page has no scripts.
    """
    from trialtensor.io import export

    folder = written.folder

    def summary() -> None:
        found = export.summarize(
            model,
            source=str(recording.source),
            transform=recording.first.transform,
            fit_options=fit_options,
        )
        export.write_summary(found, folder / SUMMARY)

    figures = figure_names(model)
    steps: list[tuple[tuple[str, ...], Callable[[], Any]]] = [
        (export.factor_files(model), lambda: export.write_factors(model, folder)),
        ((SUMMARY,), summary),
        *(((name,), partial(_write_figure, model, folder, name, recording)) for name in figures),
        ((REPORT,), lambda: _write_report(model, recording, folder / REPORT, fit_options, static)),
    ]
    written.run(steps)


def save_model(model: "TrialEstimator", written: "Written") -> None:
    """Save a model, and before it remove what an earlier run left, of whichever model.

    No old report or table may stand beside a new model.
    """
    remove(written.folder, names_in(written.folder))
    written.save(model, MODEL)


def figure_names(model: "TrialEstimator") -> tuple[str, ...]:
    """Return the names of figure files: components first, then the diagnostics available."""
    record = model.fitted_.record
    name = "slices" if model.fitted_.sliced else "factors"
    there = (record.was_fitted, len(record.restarts) > 0)
    diagnostics = (each for each, known in zip(DIAGNOSTICS, there, strict=True) if known)
    return (f"figures/{name}.png", *diagnostics)


def names_in(folder: Path) -> tuple[str, ...]:
    """Return all files, except the model, that any fit may have left in a folder."""
    from trialtensor.io.export import factor_files_in

    return (*factor_files_in(folder, MODEL), *_NAMES)


def possible_names() -> tuple[str, ...]:
    """Return the names of all files that a fit may write; models of other packages have more."""
    from trialtensor.io.export import FACTOR_FILES

    return (MODEL, *FACTOR_FILES, *_NAMES)


def _write_figure(model: "TrialEstimator", folder: Path, name: str, recording: "Recording") -> None:
    import matplotlib
    import numpy as np

    matplotlib.use("Agg")
    from trialtensor import plotting
    from trialtensor.storage import write_figure

    color_by = recording.color_by

    def components(model: "TrialEstimator") -> Any:
        if model.fitted_.sliced:
            return plotting.plot_slices(model, color_by=color_by, order_trials_by=color_by)
        return plotting.plot_factors(model, color_by=color_by, label_means=color_by is not None)

    plots = dict(zip(DIAGNOSTICS, (plotting.plot_loss, plotting.plot_restarts), strict=True))
    axes: Any = plots.get(name, components)(model)
    write_figure(np.ravel(axes)[0].figure, folder / name)


def _write_report(
    model: "TrialEstimator",
    recording: "Recording",
    path: Path,
    fit_options: Mapping[str, Any],
    static: bool,
) -> None:
    from trialtensor.report import write_report

    further: dict[str, Any] = {"fit_options": dict(fit_options)} if fit_options else {}
    write_report(
        model,
        path,
        X=recording.shown,
        color_by=recording.color_by,
        source=recording.source,
        preprocessing=recording.first.said,
        command=recording.command,
        code=recording.code,
        static=static,
        **further,
    )
