"""The files that a fit leaves in its output folder."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trialtensor.cli.running import Recording
    from trialtensor.models import TCA, SliceTCA

DONE_FIRST = {
    "none": (),
    "sqrt": ("square root of every value",),
    "log1p": ("log(1 + x) of every value",),
    "zscore": ("each neuron to mean 0 and standard deviation 1 over trials and times",),
}
MODEL, SUMMARY, REPORT = "model.h5", "summary.json", "report.html"
DIAGNOSTICS = ("figures/loss.png", "figures/restarts.png")


def prepare(folder: Path) -> None:
    """Make the folders, and find out whether they can be written to before a long fit."""
    figures = folder / "figures"
    try:
        figures.mkdir(parents=True, exist_ok=True)
        for each in (folder, figures):
            probe = each / ".trialtensor"
            probe.touch()
            probe.unlink()
    except OSError as error:
        raise ValueError(f"{folder}: cannot write there: {error.strerror}") from error


def write_results(model: "TCA | SliceTCA", recording: "Recording", folder: Path) -> Iterator[str]:
    """Write everything, what took longest to compute first, and yield each name once it is there.

    What an earlier run left goes first, of whichever model: no old report or table may stand beside
    a new model. A file that was interrupted is removed, so that what is there is whole.
    """
    from trialtensor.io.export import summarize, write_summary

    def summary() -> None:
        found = summarize(model, source=str(recording.source), transform=recording.transform)
        write_summary(found, folder / SUMMARY)

    def report() -> None:
        from trialtensor.report import write_report

        write_report(
            model,
            folder / REPORT,
            X=recording.tensor,
            color_by=recording.color_by,
            source=recording.source,
            preprocessing=DONE_FIRST[recording.transform],
            command=recording.command,
            code=recording.code,
        )

    steps: list[tuple[tuple[str, ...], Callable[[], Any]]] = [
        (table_names(model), lambda: write_tables(model, folder)),
        ((SUMMARY,), summary),
        (figure_names(model), lambda: _write_figures(model, folder, recording.color_by)),
        ((REPORT,), report),
    ]
    remove(folder, every_name())
    model.save(folder / MODEL)  # whole or not at all
    yield MODEL
    yield from write_whole(folder, steps)


def write_whole(
    folder: Path, steps: Iterable[tuple[tuple[str, ...], Callable[[], Any]]]
) -> Iterator[str]:
    """Write step after step, each named by its files; remove those of one that was interrupted."""
    for names, write in steps:
        try:
            write()
        except BaseException:
            remove(folder, names)
            raise
        yield from names


def table_names(model: "TCA | SliceTCA") -> tuple[str, ...]:
    """Files with what was found, for this kind of model."""
    from trialtensor.io import export

    return export.slice_files(model) if _has_slices(model) else export.FACTORS


def figure_names(model: "TCA | SliceTCA") -> tuple[str, ...]:
    """Files with figures, the components first."""
    name = "slices" if _has_slices(model) else "factors"
    return (f"figures/{name}.png", *DIAGNOSTICS)


def every_name() -> tuple[str, ...]:
    """All that a fit of any model may have left in a folder, but for the model itself."""
    from trialtensor.io.export import FACTORS, LOADINGS, SLICES

    components = ("figures/factors.png", "figures/slices.png")
    return (*FACTORS, *LOADINGS, SLICES, SUMMARY, *components, *DIAGNOSTICS, REPORT)


def write_tables(model: "TCA | SliceTCA", folder: Path) -> None:
    """Write the files of `table_names`."""
    from trialtensor.io import export

    if _has_slices(model):
        export.write_slices(model, folder)
    else:
        export.write_factors(model, folder)


def _write_figures(model: "TCA | SliceTCA", folder: Path, color_by: str | None) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from trialtensor import plotting

    if _has_slices(model):
        axes = plotting.plot_slices(model, color_by=color_by, order_trials_by=color_by)
    else:
        axes = plotting.plot_factors(model, color_by=color_by, label_means=color_by is not None)
    figures = (
        axes[0, 0].figure,
        plotting.plot_loss(model).figure,
        plotting.plot_restarts(model).figure,
    )
    for name, figure in zip(figure_names(model), figures, strict=True):
        figure.savefig(folder / name, dpi=150)


def _has_slices(model: Any) -> bool:
    return hasattr(model, "trial_slices_")


def remove(folder: Path, names: tuple[str, ...]) -> None:
    """Remove files, where they are there."""
    for name in names:
        (folder / name).unlink(missing_ok=True)
