"""One self-contained HTML page about a search for the number of components."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.models import elsewhere
from trialtensor.models.observed import prepare
from trialtensor.models.summary import LEFT_OUT, count_observed, describe_data, said_by
from trialtensor.plotting.candidates import count_text, has_consistency
from trialtensor.plotting.search import plot_search, search_grid
from trialtensor.report import data_wording
from trialtensor.report import search_wording as wording
from trialtensor.report.figures import as_png
from trialtensor.report.rendering import (
    data_part,
    literal,
    reading_code,
    render,
    repeating_part,
)
from trialtensor.report.wording import core_consistency_number

if TYPE_CHECKING:
    import pandas

TEMPLATE = "search.html.jinja"


def write_search_report(
    search: Any,
    path: str | os.PathLike[str],
    *,
    profile: pandas.DataFrame | None = None,
    X: Any = None,
    mask: Any = None,
    title: str | None = None,
    source: str | os.PathLike[str] | None = None,
    preprocessing: Iterable[str] = (),
    command: str | Iterable[str] | None = None,
    code: str | None = None,
    fit_options: Mapping[str, Any] | None = None,
    model_report: str | None = None,
) -> Path:
    """Write the results of a search as one HTML file without external parts or scripts.

    Parameters
    ----------
    search : fitted CrossValidatedSearch
    path : path
        The HTML file; overwritten if it exists. Its folder must exist.
    profile : pandas.DataFrame, optional
        Agreement of restarts, from `trialtensor.selection.restart_profile`.
    X, mask : optional
        The data of the search, for its size and missing entries.
    title, source, preprocessing, command
        As for `trialtensor.report.write_report`.
    code : str, optional
        Python that makes the data ``X``; the page adds the search itself.
    model_report : str, optional
        Path to the report of the chosen model.
    fit_options : dict, optional
        Further arguments that ``fit`` got, for the lines that repeat the search.

    Returns
    -------
    pathlib.Path
        The file that was written.

    Raises
    ------
    ValueError
        For a profile of other candidates.
    sklearn.exceptions.NotFittedError
        If the search has not been fitted.
    OSError
        If the file can't be written.

    Examples
    --------
    >>> import tempfile
    >>> from trialtensor import TCA, make_tca
    >>> from trialtensor.selection import CrossValidatedSearch, TimeBlocks
    >>> X = make_tca(20, 10, 15, 2, snr=2.0, random_state=0).X
    >>> splits = TimeBlocks(n_splits=2)
    >>> search = CrossValidatedSearch(TCA(1, n_init=2), [1, 2, 3], splits=splits).fit(X)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_search_report(search, folder + "/report.html", X=X).name
    'report.html'
    """
    from sklearn.utils.validation import check_is_fitted

    check_is_fitted(search, "table_")
    preprocessing = [preprocessing] if isinstance(preprocessing, str) else list(preprocessing)
    source = None if source is None else os.fspath(source)
    where = f": {Path(source).name}" if source else ""
    summary, coords, size = _data(search, X, mask)
    return render(
        TEMPLATE,
        path,
        title=title or f"How many components{where}",
        model=type(search.estimator).__name__,
        types=", ".join(search.estimator.component_types),
        consistency=has_consistency(profile),
        data=data_part(source, preprocessing, summary, coords, size),
        answer=wording.answer_sentence(search),
        agreement=wording.agreement_sentence(search, profile),
        cautions=wording.cautions(search, profile),
        asked=wording.asked_sentence(search),
        splits=wording.splits_sentence(wording.splitter(search)),
        model_report=None if wording.is_nothing(search.n_components_) else model_report,
        search_png=_search_png(search, profile),
        profiled=profile is not None,
        rows=candidate_rows(search, profile),
        n_candidates=len(search.table_),
        **repeating_part(
            command,
            searching_code(
                search, profile, code or reading_code(source, preprocessing, summary), fit_options
            ),
        ),
    )


def _data(search: Any, X: Any, mask: Any) -> tuple[dict[str, Any] | None, dict[str, Any], str]:
    """Return summary, coordinates and size of the data that was searched."""
    if X is None:
        return getattr(search, "data_said_", None), {}, ""
    if search.estimator.reads_in_passes and elsewhere.goes_in_passes(X):
        data = elsewhere.prepare(X, mask)
        said = data_wording.size_text(*data.summary["shape"], axes=data.axes)
        return data.summary, data.coords, said
    layout = search.estimator.layout(X, mask)
    if layout.single:
        data = prepare(X, mask, many=search.estimator.any_axes)
        said = data_wording.size_text(*data.summary["shape"], axes=data.axes)
        return data.summary, data.coords, said
    size, n_observed = count_observed(layout.values, layout.observed)
    summary = describe_data(
        (layout.n_trials, layout.n_neurons, max(each.shape[2] for each in layout.values)),
        layout.values[0].dtype,
        size,
        n_observed,
        "none" if n_observed == size else "entries",
        "Nothing was missing." if n_observed == size else LEFT_OUT,
    )
    return summary | said_by(X), {}, data_wording.size_of_layout(layout)


def _search_png(search: Any, profile: pandas.DataFrame | None) -> str:
    # A bare figure: pyplot would show it a second time in a notebook, and keep it alive.
    from matplotlib.figure import Figure

    axes = search_grid(search, profile, figure=Figure())
    plot_search(search, profile, axes=axes)
    return as_png(axes[0].figure)


def candidate_rows(search: Any, profile: pandas.DataFrame | None) -> list[dict[str, Any]]:
    """Return the table of the page, one row per candidate, fewest parameters first."""
    n_splits = wording.n_splits(search)
    rows = []
    for row in search.table_.to_dict("records"):
        each = row["n_components"]
        known = wording.profile_row(profile, each)
        best = row["above_best"] == 0 and row["above_best_se"] == 0
        rows.append(
            {
                "name": count_text(each),
                "n_parameters": f"{row['n_parameters']:,}",
                "error": wording.plus_minus(row["error"], row["error_se"], n_splits),
                "above": "–"
                if best
                else wording.plus_minus(row["above_best"], row["above_best_se"], n_splits),
                "explained": f"{100 * row['explained']:.1f} %",
                "stability": _known(known.get("stability", np.nan)),
                "match": _known(known.get("match", np.nan)),
                "core": _core(known.get("core_consistency", np.nan)),
                "chosen": each == search.n_components_,
                "what": _what(search, each),
            }
        )
    return rows


def _known(value: float) -> str:
    return f"{value:.2f}" if np.isfinite(value) else ""


def _core(value: float) -> str:
    return core_consistency_number(value) if np.isfinite(value) else ""


def _what(search: Any, n_components: Any) -> str:
    """Return the table's term for a candidate, if it matters."""
    names = {
        "chosen": search.n_components_,
        "lowest error": search.best_n_components_,
        "fewest within one standard error": search.one_se_n_components_,
    }
    # The rule's candidate is the choice; don't repeat it.
    del names["fewest within one standard error" if search.rule == "one-se" else "lowest error"]
    return ", ".join(name for name, each in names.items() if each == n_components)


def searching_code(
    search: Any,
    profile: pandas.DataFrame | None,
    reading: str,
    fit_options: Mapping[str, Any] | None = None,
) -> str:
    """Return Python code that repeats the search, from lines that make the data ``X``."""
    candidates = ", ".join(map(str, search.table_["n_components"]))
    estimator = f"trialtensor.{_call(search.estimator)}"
    seeds = f"    n_seeds={search.n_seeds},\n" if search.n_seeds != 1 else ""
    further = "".join(f", {name}={value!r}" for name, value in (fit_options or {}).items())
    lines = [
        "import trialtensor",
        "",
        reading,
        f"candidates = [{candidates}]",
        f"estimator = {estimator}",
        "search = trialtensor.CrossValidatedSearch(",
        "    estimator,",
        "    candidates,",
        f"    splits=trialtensor.selection.{wording.splitter(search)!r},",
        f"{seeds}    rule={search.rule!r},",
        f"    random_state={search.random_state!r},",
        f").fit(X{further})",
    ]
    if profile is None:
        return "\n".join([*lines, "trialtensor.plot_search(search)"])
    lines += [
        "profile = trialtensor.selection.restart_profile(",
        f"    estimator, candidates, X, random_state={search.random_state!r}{further}",
        ")",
        "trialtensor.plot_search(search, profile)",
    ]
    return "\n".join(lines)


def _call(estimator: Any) -> str:
    """Write an estimator as Python source, with only non-default parameters."""
    from inspect import signature

    defaults = signature(type(estimator)).parameters
    # Leave out parameters of the computation, and those that the search sets.
    ignored = ("n_jobs", "verbose", "random_state")
    arguments = [
        f"{name}={literal(value)}"
        for name, value in estimator.get_params(deep=False).items()
        if name not in ignored and literal(value) != literal(defaults[name].default)
    ]
    return f"{type(estimator).__name__}({', '.join(arguments)})"
