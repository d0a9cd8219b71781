"""Sentences on a search for the number of components."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

# Fits of which more than this did not converge are worth a word.
UNFINISHED = 0.1
# Corrected stability below which restarts can't be said to have found the same.
AGREEING = 0.8
FEW_SPLITS = 3


def name(n_components: Any, types: Sequence[str] = ()) -> str:
    """Describe a candidate in words.

    Parameters
    ----------
    n_components : int or tuple of int
    types : sequence of str
        The types that several numbers count: ``component_types`` of the model.

    Examples
    --------
    >>> from trialtensor.report.search_wording import name
    >>> name(1), name(0)
    ('1 component', 'no components')
    >>> name((2, 0, 1), ("trial-slicing", "neuron-slicing", "time-slicing"))
    '3 components (2 trial-slicing, 1 time-slicing)'
    """
    total = int(np.sum(n_components))
    if not total:
        return "no components"
    text = f"{total} component{'s' * (total != 1)}"
    counts = _counts(np.atleast_1d(n_components), types)
    return f"{text} ({counts})" if types else text


def _counts(values: Sequence[int] | np.ndarray, types: Sequence[str]) -> str:
    """List non-zero numbers by type: '2 trial-slicing, 1 time-slicing'."""
    return ", ".join(f"{n} {kind}" for n, kind in zip(values, types, strict=False) if n)


def is_nothing(n_components: Any) -> bool:
    """Return whether the choice is no components."""
    return not np.any(n_components)


def answer_sentence(search: Any) -> str:
    """State the choice, or that there is none, and the reason."""
    best = _row(search, search.table_.loc[search.table_["error"].idxmin(), "n_components"])
    types = search.estimator.component_types
    lowest = name(best["n_components"], types)
    if is_nothing(search.n_components_):
        if best["error"] >= 1:
            return (
                "No component generalises: no candidate predicts what was held out better than "
                f"having no components does. That error is 1; the lowest is {best['error']:.4f}, "
                f"with {lowest}."
            )
        return (
            f"No component generalises clearly: the lowest error, {_pm(best, 'error')} with "
            f"{lowest}, is within one standard error of that of no components, which is 1."
        )
    chosen = _row(search, search.n_components_)
    found = name(search.n_components_, types)
    if search.n_components_ != best["n_components"]:
        return (
            f"{found}: the fewest parameters with a held-out error within one standard error of "
            f"the lowest. It is {chosen['error']:.4f}, where having no components gives 1; the "
            f"lowest is {best['error']:.4f}, with {lowest}, and they differ by "
            f"{_pm(chosen, 'above_best')}."
        )
    text = f"{found}: the lowest held-out error, {_pm(best, 'error')}, where having none gives 1."
    smaller = (search.table_["n_parameters"] < best["n_parameters"]).any()
    if search.rule == "one-se" and smaller and n_splits(search) > 1:
        text += " Every candidate with fewer parameters is worse by more than one standard error."
    return text


def agreement_sentence(search: Any, profile: Any) -> str:
    """State how well restarts of the choice agree; empty if that isn't known."""
    value = _stability(search, profile)
    if not np.isfinite(value):
        return ""
    return (
        f"Restarts with {_chosen(search)} and all data agree by {value:.2f} "
        "(0 is chance, 1 the same model every time)."
    )


def _chosen(search: Any) -> str:
    return name(search.n_components_, search.estimator.component_types)


def cautions(search: Any, profile: Any = None) -> list[str]:
    """List cautions to know before trusting the choice, one sentence each."""
    checks = (
        _of_one_candidate(search),
        _of_edges(search),
        _of_the_other_rule(search),
        _of_few_splits(search),
        _of_unfinished_fits(search),
        _of_degenerate_fits(search),
        _of_whole_trials(search),
        _of_disagreement(search, profile),
    )
    return [sentence for sentence in checks if sentence]


def asked_sentence(search: Any) -> str:
    """State what the search did."""
    n_candidates, n, seeds = len(search.table_), n_splits(search), search.n_seeds
    share = getattr(splitter(search), "fraction", None)
    part = "entries" if share is None else f"{100 * share:g} % of the entries"
    candidates = f"Each of {n_candidates} candidates" if n_candidates > 1 else "One candidate"
    starts = int(search.estimator.get_params().get("n_init", 1))
    return (
        f"{candidates} was fitted with {part} held out, {n} time{'s' * (n != 1)} with other "
        f"entries{f' and {seeds} seeds' * (seeds > 1)}, each fit from {starts} "
        f"start{'s' * (starts != 1)}: {len(search.results_)} fits. The held-out error is that of "
        "the entries which a fit has not seen, as a fraction of their sum of squares: 0 is "
        "perfect, and 1 is what having no components (predicting zero) gives."
    )


def splits_sentence(splits: Any) -> str:
    """State which entries were held out, and what that tests.

    Examples
    --------
    >>> from trialtensor.report.search_wording import splits_sentence
    >>> from trialtensor.selection import Speckled
    >>> splits_sentence(Speckled())[:37]
    'Single entries, anywhere, were held o'
    """
    kind = type(splits).__name__
    if kind == "TimeBlocks":
        guard = splits.guard
        kept = (
            f" {guard} bin{'s' * (guard != 1)} on both sides of a block were not used at all, "
            "because neighbouring bins predict each other."
            if guard
            else " No bins were left out next to a block, although neighbouring bins predict each "
            "other."
        )
        return (
            f"Blocks of {splits.length} time bin{'s' * (splits.length != 1)} of one neuron on one "
            f"trial were held out.{kept} This tests whether the rest of the recording predicts "
            "what that neuron did then. If noise is correlated over longer times than a block, "
            "too many components can still look right: use longer blocks."
        )
    return _SPLITS.get(kind, f"Entries were held out by {splits!r}.")


_SPLITS = {
    "Speckled": (
        "Single entries, anywhere, were held out. That is right only where neighbouring time bins "
        "are independent but for the components: in smoothed or otherwise correlated data the "
        "neighbours of an entry give it away, and too many components look right. Blocks of bins "
        "(time-blocks) are for those."
    ),
    "WholeTrials": (
        "Whole trials were held out. This tests whether neuron and time factors that were "
        "found on other trials describe a new one; its own trial factors are fitted to it."
    ),
    "TrialsByNeurons": (
        "Some neurons on some trials were held out, at all times. This tests whether the "
        "other neurons on those trials, and those neurons on the other trials, predict them: "
        "what neurons share from trial to trial."
    ),
}


def splitter(search: Any) -> Any:
    """Return the splits that a search used, including the default."""
    if search.splits is not None:
        return search.splits
    from trialtensor.selection.masks import TimeBlocks

    return TimeBlocks()


def n_splits(search: Any) -> int:
    """Return how many splits a fitted search had."""
    return int(search.results_["split"].nunique())


def profile_row(profile: Any, n_components: Any) -> dict[str, Any]:
    """Return what restarts say of one candidate; empty if that isn't known."""
    if profile is None:
        return {}
    rows = {row["n_components"]: row for row in profile.to_dict("records")}
    return rows.get(n_components, {})


def plus_minus(value: float, error: float, n_splits: int) -> str:
    """Format a mean and its standard error, if it has one."""
    return f"{value:.4f} ± {error:.4f}" if n_splits > 1 else f"{value:.4f}"


def _pm(row: dict[str, Any], column: str) -> str:
    return plus_minus(row[column], row[f"{column}_se"], row["n_splits"])


def _row(search: Any, n_components: Any) -> dict[str, Any]:
    rows = {row["n_components"]: row for row in search.table_.to_dict("records")}
    return {**rows[n_components], "n_splits": n_splits(search)}


def _stability(search: Any, profile: Any) -> float:
    if is_nothing(search.n_components_):
        return float("nan")
    return float(profile_row(profile, search.n_components_).get("stability", np.nan))


def _of_one_candidate(search: Any) -> str:
    if len(search.table_) > 1 or is_nothing(search.n_components_):
        return ""
    return (
        "Only one candidate was tried, so nothing is known about more or fewer components, only "
        "that it predicts better than none."
    )


def _of_edges(search: Any) -> str:
    """Warn if the choice, or else the lowest error, lies at the edge of the grid."""
    if is_nothing(search.n_components_):
        return ""
    at_end = _ends(search, search.n_components_, largest=True)
    if at_end:
        return (
            f"The choice has as many components as were tried ({at_end}), so more may predict "
            "better still: widen the grid."
        )
    at_end = _ends(search, search.best_n_components_, largest=True)
    if at_end:
        return (
            f"The lowest error has as many components as were tried ({at_end}): it may fall "
            "further, and the choice may change. Widen the grid."
        )
    at_end = _ends(search, search.n_components_, largest=False)
    if at_end:
        return f"No fewer components were tried ({at_end}): fewer may do as well."
    return ""


def _ends(search: Any, n_components: Any, *, largest: bool) -> str:
    """Return where a candidate is at an end of the grid: '8', or '3 trial-slicing'; or nothing."""
    tried = np.array([np.atleast_1d(each) for each in search.table_["n_components"]])
    values = np.atleast_1d(n_components)
    low, high = tried.min(axis=0), tried.max(axis=0)
    # A count that is the same in all candidates was given, not searched; zero isn't an end.
    types = search.estimator.component_types
    edge = (values == high) if largest else (values == low) & (low > (0 if types else 1))
    edge &= low < high
    if not types:
        return str(values[0]) if edge[0] else ""
    return _counts(np.where(edge, values, 0), types)


def _of_the_other_rule(search: Any) -> str:
    best, simple = search.best_n_components_, search.one_se_n_components_
    types = search.estimator.component_types
    if best == simple or is_nothing(best):
        return ""
    if is_nothing(simple):
        if search.rule == "one-se":
            return ""  # the answer says so
        return (
            "The lowest error is within one standard error of that of no components: by the "
            "one-standard-error rule there would be none."
        )
    if search.rule == "one-se":
        return (
            f"The lowest error is with {name(best, types)}. Between that and {name(simple, types)} "
            "these data do not decide; the choice is the simpler one."
        )
    predict = "predicts" if np.sum(simple) == 1 else "predict"
    return (
        f"{name(simple, types)} {predict} as well within one standard error "
        "and would be the choice by the one-standard-error rule."
    )


def _of_few_splits(search: Any) -> str:
    n = n_splits(search)
    if n == 1:
        return (
            "There was one split, so there are no standard errors, and the choice is simply the "
            "lowest error."
        )
    if n < FEW_SPLITS:
        return f"With {n} splits the standard errors are themselves very uncertain."
    return ""


def _of_unfinished_fits(search: Any) -> str:
    reasons = search.results_["stop_reason"]
    n_open = int(reasons.isin(["max_iter", "interrupted"]).sum())
    if n_open <= UNFINISHED * len(reasons):
        return ""
    return (
        f"{n_open} of {len(reasons)} fits were stopped before they had converged, which can make "
        "candidates look better or worse than they are: allow more sweeps (max_iter)."
    )


def _of_degenerate_fits(search: Any) -> str:
    chosen = search.results_[search.results_["n_components"] == search.n_components_]
    n = int((chosen["stop_reason"] == "degenerate").sum())
    if not n:
        return ""
    return (
        f"In {n} of {len(chosen)} fits of {_chosen(search)}, two components cancel each other "
        "(degenerate): what they predict together may be right, but neither means anything alone. "
        "Fewer components or non-negative ones avoid this."
    )


def _of_whole_trials(search: Any) -> str:
    types = search.estimator.component_types
    if not getattr(splitter(search), "whole_trials", False) or not types:
        return ""
    # Only trial-slicing components have just one weight on each trial.
    free = [i for i, kind in enumerate(types) if not kind.startswith("trial")]
    if not any(each[i] for each in search.table_["n_components"] for i in free):
        return ""
    kinds = " and ".join([*(f"{types[i].split('-')[0]}-" for i in free[:-1]), types[free[-1]]])
    return (
        f"Whole trials are no test of {kinds} components: these have separate parameters for "
        "every trial and explain a new one anyway. Hold out time-blocks instead."
    )


def _of_disagreement(search: Any, profile: Any) -> str:
    value = _stability(search, profile)
    if not value < AGREEING:
        return ""
    what = "subspaces" if search.estimator.component_types else "components"
    return (
        f"Restarts agree only in part on the choice ({value:.2f}, where 0 is chance and 1 the same "
        f"model): it predicts, but single {what} may not be the only ones that would."
    )
