"""Output files of a fit."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trialtensor.cli.recording import Recording
    from trialtensor.models import TrialEstimator

DONE_FIRST = {
    "none": (),
    "sqrt": ("square root of every value",),
    "log1p": ("log(1 + x) of every value",),
    "zscore": ("each neuron to mean 0 and standard deviation 1 over trials and times",),
}
MODEL, SUMMARY, REPORT = "model.h5", "summary.json", "report.html"
DIAGNOSTICS = ("figures/loss.png", "figures/restarts.png")


def prepare(folder: Path) -> None:
    """Create the folders, and check that they are writable before a long fit."""
    figures = folder / "figures"
    try:
        figures.mkdir(parents=True, exist_ok=True)
        for each in (folder, figures):
            probe = each / ".trialtensor"
            probe.touch()
            probe.unlink()
    except OSError as error:
        raise ValueError(f"{folder}: cannot write there: {error.strerror}") from error


def write_results(
    model: "TrialEstimator", recording: "Recording", folder: Path, fit_options: Mapping[str, Any]
) -> Iterator[str]:
    """Write everything, starting with the costliest results; yield each name once it exists.

    What an earlier run left goes first, of whichever model: no old report or table may stand beside
    a new model. A file that was interrupted is removed, so that what is there is whole.

    Parameters
    ----------
    model : fitted model
    recording : Recording
    folder : Path
    fit_options : dict
        Further arguments of ``fit``, besides the data.
    """
    from trialtensor.io import export

    def summary() -> None:
        found = export.summarize(
            model,
            source=str(recording.source),
            transform=recording.transform,
            fit_options=fit_options,
        )
        export.write_summary(found, folder / SUMMARY)

    steps: list[tuple[tuple[str, ...], Callable[[], Any]]] = [
        (export.factor_files(model), lambda: export.write_factors(model, folder)),
        ((SUMMARY,), summary),
        (figure_names(model), lambda: _write_figures(model, folder, recording.color_by)),
        ((REPORT,), lambda: _write_report(model, recording, folder / REPORT, fit_options)),
    ]
    remove(folder, names_in(folder))
    model.save(folder / MODEL)  # whole or not at all
    yield MODEL
    yield from write_whole(folder, steps)


def write_whole(
    folder: Path, steps: Iterable[tuple[tuple[str, ...], Callable[[], Any]]]
) -> Iterator[str]:
    """Run the steps, each named by its files; remove the files of an interrupted step."""
    for names, write in steps:
        try:
            write()
        except BaseException:
            remove(folder, names)
            raise
        yield from names


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

    components = ("figures/factors.png", "figures/slices.png")
    return (*factor_files_in(folder, MODEL), SUMMARY, *components, *DIAGNOSTICS, REPORT)


def _write_figures(model: "TrialEstimator", folder: Path, color_by: str | None) -> None:
    import matplotlib
    import numpy as np

    matplotlib.use("Agg")
    from trialtensor import plotting

    def components(model: "TrialEstimator") -> Any:
        if model.fitted_.sliced:
            return plotting.plot_slices(model, color_by=color_by, order_trials_by=color_by)
        return plotting.plot_factors(model, color_by=color_by, label_means=color_by is not None)

    plots = dict(zip(DIAGNOSTICS, (plotting.plot_loss, plotting.plot_restarts), strict=True))
    for name in figure_names(model):
        axes: Any = plots.get(name, components)(model)
        np.ravel(axes)[0].figure.savefig(folder / name, dpi=150)


def _write_report(
    model: "TrialEstimator", recording: "Recording", path: Path, fit_options: Mapping[str, Any]
) -> None:
    from trialtensor.report import write_report

    further: dict[str, Any] = {"fit_options": dict(fit_options)} if fit_options else {}
    write_report(
        model,
        path,
        X=recording.tensor,
        color_by=recording.color_by,
        source=recording.source,
        preprocessing=DONE_FIRST[recording.transform],
        command=recording.command,
        code=recording.code,
        **further,
    )


def remove(folder: Path, names: tuple[str, ...]) -> None:
    """Remove those of the files that exist."""
    for name in names:
        (folder / name).unlink(missing_ok=True)
