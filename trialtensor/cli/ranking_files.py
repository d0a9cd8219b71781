"""Output files of a search for the number of components."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trialtensor.cli.results import remove
from trialtensor.cli.writing import MODEL, REPORT, names_in

if TYPE_CHECKING:
    import pandas

    from trialtensor.cli.recording import Recording
    from trialtensor.cli.results import Written
    from trialtensor.selection import CrossValidatedSearch

# Distinct names, so that a fit can share the folder.
FITS = "rank_fits.jsonl"
CANDIDATES, TABLE, SUMMARY = "rank_candidates.csv", "rank_fits.csv", "rank_summary.json"
FIGURE, PAGE = "figures/rank.png", "rank_report.html"
NAMES = (FITS, CANDIDATES, TABLE, SUMMARY, FIGURE, PAGE)
# Folder of the fit of what was chosen.
CHOSEN = "chosen"


def write_ranking(
    search: "CrossValidatedSearch",
    profile: "pandas.DataFrame",
    recording: "Recording",
    written: "Written",
    fit_options: Mapping[str, Any],
    *,
    static: bool = False,
) -> None:
    """Write the results; remove those of an earlier run first.

    Parameters
    ----------
    search : CrossValidatedSearch
        Fitted.
    profile : pandas.DataFrame
        Of the restarts of each candidate.
    recording : Recording
    written : Written
    fit_options : dict
        Further arguments of every fit, besides the data.
    static : bool
        Whether the page has no scripts.
    """
    from trialtensor.io.export import write_summary

    folder = written.folder

    def summary() -> dict[str, Any]:
        return _summary(search, profile, recording) | (
            {"fit_options": dict(fit_options)} if fit_options else {}
        )

    def page() -> None:
        _write_page(search, profile, recording, folder / PAGE, fit_options, static)

    steps: list[tuple[tuple[str, ...], Callable[[], Any]]] = [
        ((CANDIDATES, TABLE), lambda: _write_tables(search, profile, folder)),
        ((SUMMARY,), lambda: write_summary(summary(), folder / SUMMARY)),
        ((FIGURE,), lambda: _write_figure(search, profile, folder / FIGURE)),
        ((PAGE,), page),
    ]
    remove(folder, tuple(name for names, _ in steps for name in names))
    remove(folder / CHOSEN, (*names_in(folder / CHOSEN), MODEL))
    # Somebody may have removed it during a long search.
    (folder / FIGURE).parent.mkdir(parents=True, exist_ok=True)
    written.run(steps)


def candidate_table(
    search: "CrossValidatedSearch", profile: "pandas.DataFrame"
) -> "pandas.DataFrame":
    """Tabulate the search and restart results for each candidate, and mark the choice."""
    columns = {"explained": "explained_of_all_data"}
    table = search.table_.merge(profile.rename(columns=columns), on="n_components", how="left")
    return table.assign(chosen=[each == search.n_components_ for each in table["n_components"]])


def _write_tables(
    search: "CrossValidatedSearch", profile: "pandas.DataFrame", folder: Path
) -> None:
    from trialtensor.plotting.candidates import count_text
    from trialtensor.storage import frame_text, write_whole

    for name, table in (
        (CANDIDATES, candidate_table(search, profile)),
        # Parameters are counted in the table of candidates, once for each.
        (TABLE, search.results_.drop(columns="n_parameters", errors="ignore")),
    ):
        typed = table.assign(n_components=[count_text(each) for each in table["n_components"]])
        write_whole(folder / name, frame_text(typed))


def _summary(
    search: "CrossValidatedSearch", profile: "pandas.DataFrame", recording: "Recording"
) -> dict[str, Any]:
    """Summarize the search for scripts, in plain Python types for JSON."""
    from dataclasses import asdict

    from trialtensor.io.export import plain, versions
    from trialtensor.report.search_wording import splitter

    splits, parameters = splitter(search), search.estimator.get_params(deep=False)
    for name in ("n_components", "random_state"):
        del parameters[name]  # those of the search hold
    return plain(
        {
            "model": type(search.estimator).__name__,
            "n_components": search.n_components_,
            "rule": search.rule,
            "lowest_error": search.best_n_components_,
            "one_standard_error": search.one_se_n_components_,
            "candidates": candidate_table(search, profile).to_dict("records"),
            "splits": {"kind": type(splits).__name__, **asdict(splits)},
            "random_state": search.random_state,
            "parameters": parameters,
            "data": {"source": str(recording.source), **recording.first.remembered()},
            "versions": versions(),
        }
    )


def _write_figure(search: "CrossValidatedSearch", profile: "pandas.DataFrame", path: Path) -> None:
    from matplotlib.figure import Figure

    from trialtensor.plotting import plot_search, search_grid
    from trialtensor.storage import write_figure

    axes = plot_search(search, profile, axes=search_grid(search, profile, figure=Figure()))
    write_figure(axes[0].figure, path)


def _write_page(
    search: "CrossValidatedSearch",
    profile: "pandas.DataFrame",
    recording: "Recording",
    path: Path,
    fit_options: Mapping[str, Any],
    static: bool,
) -> None:
    from trialtensor.report import write_search_report

    write_search_report(
        search,
        path,
        profile=profile,
        X=recording.data,
        source=recording.source,
        preprocessing=recording.first.said,
        command=recording.command,
        code=recording.code,
        model_report=f"{CHOSEN}/{REPORT}",
        fit_options=fit_options,
        static=static,
    )
