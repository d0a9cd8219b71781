"""The files that a fit leaves in its output folder."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trialtensor.data.axes import AXES

if TYPE_CHECKING:
    from trialtensor.models import TCA

DONE_FIRST = {
    "none": (),
    "sqrt": ("square root of every value",),
    "log1p": ("log(1 + x) of every value",),
    "zscore": ("each neuron to mean 0 and standard deviation 1 over trials and times",),
}
MODEL, SUMMARY, REPORT = "model.h5", "summary.json", "report.html"
TABLES = tuple(f"{axis}_factors.csv" for axis in AXES)
FIGURES = tuple(f"figures/{name}.png" for name in ("factors", "loss", "restarts"))


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


def write_results(
    model: "TCA",
    folder: Path,
    *,
    transform: str,
    color_by: str | None,
    source: Path,
    command: str,
    code: str,
) -> Iterator[str]:
    """Write everything, what took longest to compute first, and yield each name once it is there.

    What an earlier run left goes first: no old report may stand beside a new model. A file that
    was interrupted is removed, so that what is there is whole.
    """
    from trialtensor.io.export import summarize, write_factors, write_summary

    def summary() -> None:
        write_summary(summarize(model, source=str(source), transform=transform), folder / SUMMARY)

    def report() -> None:
        from trialtensor.report import write_report

        write_report(
            model,
            folder / REPORT,
            color_by=color_by,
            source=source,
            preprocessing=DONE_FIRST[transform],
            command=command,
            code=code,
        )

    steps: list[tuple[tuple[str, ...], Callable[[], Any]]] = [
        (TABLES, lambda: write_factors(model, folder)),
        ((SUMMARY,), summary),
        (FIGURES, lambda: _write_figures(model, folder, color_by)),
        ((REPORT,), report),
    ]
    for names, _ in steps:
        _remove(folder, names)
    model.save(folder / MODEL)  # whole or not at all
    yield MODEL
    for names, write in steps:
        try:
            write()
        except BaseException:
            _remove(folder, names)
            raise
        yield from names


def _write_figures(model: "TCA", folder: Path, color_by: str | None) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from trialtensor import plotting

    axes = plotting.plot_factors(model, color_by=color_by, label_means=color_by is not None)
    figures = (
        axes[0, 0].figure,
        plotting.plot_loss(model).figure,
        plotting.plot_restarts(model).figure,
    )
    for name, figure in zip(FIGURES, figures, strict=True):
        figure.savefig(folder / name, dpi=150)


def _remove(folder: Path, names: tuple[str, ...]) -> None:
    for name in names:
        (folder / name).unlink(missing_ok=True)
