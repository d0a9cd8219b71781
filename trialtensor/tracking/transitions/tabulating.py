"""The table of transitions: kinds, estimates and intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.tracking.transitions.result import GRADUAL, RAMP, STEP, Draws
from trialtensor.tracking.transitions.search import Search, Transition

if TYPE_CHECKING:
    import pandas

NAMES = [
    f"{name}{end}"
    for name in ("onset", "time_constant", "amplitude")
    for end in ("", "_low", "_high")
]


def tabulate(
    search: Search, transitions: list[Transition], draws: Draws, tails: list[float]
) -> pandas.DataFrame:
    """Return a row per transition, and per series if there are several."""
    import pandas

    n_trials, n_series = search.n_trials, draws.amplitudes.shape[2]
    kinds = [
        _kind(draws.time_constants[:, i], n_trials - draws.onsets[:, i])
        for i in range(len(transitions))
    ]
    rows: list[dict[str, Any]] = []
    for i, (onset, tau) in enumerate(_of_kinds(search, transitions, kinds)):
        row = {
            **_interval("onset", onset, draws.onsets[:, i], tails),
            **_interval("time_constant", tau, draws.time_constants[:, i], tails),
            "kind": kinds[i],
        }
        for s in range(n_series):
            values = draws.amplitudes[:, i, s]
            if kinds[i] == RAMP:
                values = values * _reached(draws, i, n_trials)
            ends = dict(
                zip(("amplitude_low", "amplitude_high"), np.quantile(values, tails), strict=True)
            )
            own = {"amplitude": float(np.median(values)), **ends}
            rows.append({**({"series": s} if n_series > 1 else {}), **row, **own})
    names = [*(["series"] if n_series > 1 else []), *NAMES, "kind"]
    table = pandas.DataFrame(rows, columns=names)
    order = np.argsort(table["onset"].to_numpy(), kind="stable")
    return table.iloc[order].reset_index(drop=True)


def _interval(name: str, value: float, draws: np.ndarray, tails: list[float]) -> dict[str, float]:
    """Return an estimate and its interval, which holds it."""
    low, high = np.quantile(draws, tails, method="inverted_cdf").tolist()
    return {name: value, f"{name}_low": min(low, value), f"{name}_high": max(high, value)}


def _kind(taus: np.ndarray, left: np.ndarray) -> str:
    """Return the kind that most draws are of: a ramp has no end in sight."""
    step, ramp = np.mean(taus == 0), np.mean(taus > left)
    return (STEP, RAMP, GRADUAL)[int(np.argmax([step, ramp, 1 - step - ramp]))]


def _reached(draws: Draws, i: int, n_trials: int) -> np.ndarray:
    """Return how much of each draw's transition is over by the last trial."""
    taus = draws.time_constants[:, i]
    long = np.where((taus > 0) & np.isfinite(taus), taus, 1.0)
    gradual = 1 - np.exp(-(n_trials - draws.onsets[:, i]) / long)
    ramp = (n_trials - draws.onsets[:, i]) / n_trials
    return np.where(taus == 0, 1.0, np.where(np.isfinite(taus), gradual, ramp))


def _of_kinds(search: Search, transitions: list[Transition], kinds: list[str]) -> list[Transition]:
    """Return the most likely transition of the kind of each, given the others."""
    found = list(transitions)
    if search.prior.given is not None:
        return found
    for i, kind in enumerate(kinds):
        taus = search.taus
        among = {STEP: taus == 0, RAMP: np.isinf(taus)}.get(kind, (taus > 0) & np.isfinite(taus))
        if not among[int(np.searchsorted(taus, found[i][1]))]:
            found[i] = search.best(found[:i] + found[i + 1 :], among) or found[i]
    return search.polish(found)
