"""Whether the neurons of a component agree on its changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from trialtensor.data.shown import OneLine
from trialtensor.models.base import TrialEstimator
from trialtensor.models.parameters import check_share, generator
from trialtensor.tracking.contrasts import holm
from trialtensor.tracking.courses import full_name
from trialtensor.tracking.neuron_agreement import (
    ALL_NEURONS,
    ALSO_SEEN,
    CONFIRMED,
    NOT_CONFIRMED,
    Examiner,
    Row,
)
from trialtensor.tracking.strength_data import strengths

if TYPE_CHECKING:
    import pandas

FEWEST_FLIPS = 4999


@dataclass(frozen=True, eq=False, repr=False)
class Replication(OneLine):
    """Which changes of components their neurons agree on.

    Attributes
    ----------
    table : pandas.DataFrame
        One row per change: ``series``, ``trial``, ``verdict``, ``also_seen_in`` (the series whose
        neurons carry the change, stronger ones first, separated by commas), ``gain`` (difference
        between after and before, relative to their mean, as neurons agree on it), ``p_value``,
        ``p_adjusted`` (Holm, over all changes) and ``n_neurons`` with data before and after.
        Verdicts are "confirmed"; "all neurons together", if neurons that have least of the
        component change too, by at least half as much; "also seen in", if the neurons agree, but
        on nothing beyond a confirmed change of other components; "not confirmed"; and "not tested"
        with fewer than 8 neurons or 5 trials before and after, and for components that turn from
        one sign to the other, which is no gain.
    courses : dict of str -> (n_trials,) array
        By series: its strength on every trial as its neurons agree on it, free of what single
        neurons do, relative to its mean.
    alpha : float
    """

    table: pandas.DataFrame
    courses: dict[str, np.ndarray]
    alpha: float

    @property
    def confirmed(self) -> list[str]:
        """Series with a change that is confirmed."""
        return self._series(CONFIRMED)

    @property
    def of_all_neurons(self) -> list[str]:
        """Series with a change of all neurons together."""
        return self._series(ALL_NEURONS)

    def _series(self, verdict: str) -> list[str]:
        rows = self.table[self.table["verdict"] == verdict]
        return list(dict.fromkeys(rows["series"]))


def replicate(
    model: TrialEstimator,
    X: Any,
    found: Mapping[str, Sequence[int]],
    *,
    mask: Any = None,
    exclude: Any = (),
    alpha: float = 0.05,
    random_state: Any = 0,
) -> Replication:
    """Ask the neurons of components whether they agree on changes that were found in them.

    Learning is carried by the neurons of a component together. Neurons that drift or fall silent
    change one by one, each with all that it does, and a component follows those that weigh most.
    So the changes of all neurons, along the time courses of all components, are explained by gains
    of components and by a gain of each neuron's own (heavy-tailed). A change is confirmed if the
    neurons agree on its component's gain (sign flips of what each says), if the course over trials
    that they agree on changes too, and if nothing stronger explains it: the same change of another
    component, or of all neurons.

    Parameters
    ----------
    model : fitted model of any kind
    X, mask : the data that it was fitted to
    found : dict
        Onsets of changes (trials counted from 0), by series, named as `track` does.
    exclude : (n_neurons,) bool array or indices
        Neurons to leave out.
    alpha : float
    random_state : int, Generator or None

    Returns
    -------
    Replication

    Raises
    ------
    ValueError
        For other data than that of the fit, series that the model doesn't have, and trials or
        neurons that aren't there.

    References
    ----------
    Hemerik, Goeman & Finos 2020, J. R. Stat. Soc. B 82, 841, for sign flips of scores.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> time, neurons = np.arange(20), rng.gamma(1.0, size=(30, 2))
    >>> courses = np.exp(-0.5 * ((time[:, None] - [6, 13]) / 2.5) ** 2)
    >>> trials = np.ones((80, 2)) + 0.1 * rng.normal(size=(80, 2))
    >>> trials[40:, 0] += 0.5
    >>> X = np.einsum("kr,nr,tr->knt", trials, neurons, courses) + rng.normal(size=(80, 30, 20))
    >>> from trialtensor import TCA
    >>> model = TCA(2, random_state=0).fit(X)
    >>> replicate(model, X, {"component 1": [40], "component 2": []}).confirmed
    ['component 1']
    """
    check_is_fitted(model)
    check_share("alpha", alpha)
    layout = model.layout(X, mask)
    model.check_layout(layout)
    known = _series_of(model)
    unknown = [name for name in found if name not in known]
    if unknown:
        raise ValueError(
            f"found: the {type(model).__name__} has no series {unknown[0]!r}; it has "
            f"{', '.join(known)}"
        )
    used = _used(exclude, layout.n_neurons)
    n_flips = max(FEWEST_FLIPS, int(5 * sum(map(len, found.values())) / alpha))
    rng = generator(random_state)
    rows: list[Row] = []
    for dataset in dict.fromkeys(known[name][1] for name in found):
        own = {name: each for name, each in found.items() if known[name][1] == dataset}
        n_trials = len(known[next(iter(own))][2])
        data, places = strengths(model.fitted_, layout, dataset, n_trials)
        examiner = Examiner(
            data.of(used[places]),
            {known[name][0]: name for name in known if known[name][1] == dataset},
            _flips(rng, n_flips, int(used[places].sum())),
            alpha,
        )
        for name, onsets in own.items():
            rows += examiner.rows(name, known[name][0], _checked(name, onsets, n_trials))
    return _result(rows, alpha)


def _series_of(model: TrialEstimator) -> dict[str, tuple[int, str | None, np.ndarray]]:
    """Return component, dataset and course of every series, by its name."""
    found = {}
    for r, component in enumerate(model.fitted_.components):
        for dataset, course in component.courses.items():
            name = full_name(model, component)
            found[name if dataset is None else f"{name}, {dataset}"] = (r, dataset, course)
    return found


def _used(exclude: Any, n_neurons: int) -> np.ndarray:
    """Return which neurons aren't excluded."""
    given = np.asarray(exclude)
    if given.dtype == bool and given.shape != (n_neurons,):
        raise ValueError(
            f"exclude: expected True or False for each of the {n_neurons} neurons, got shape "
            f"{given.shape}"
        )
    given = np.flatnonzero(given) if given.dtype == bool else given.astype(np.intp)
    if given.size and (given.min() < 0 or given.max() >= n_neurons):
        raise ValueError(f"exclude: expected neurons 0 to {n_neurons - 1}, got {given.tolist()}")
    used = np.ones(n_neurons, bool)
    used[given] = False
    return used


def _checked(name: str, onsets: Sequence[int], n_trials: int) -> list[int]:
    """Return onsets in order.

    Raises
    ------
    ValueError
        For a trial that isn't there.
    """
    trials = sorted({int(each) for each in onsets})
    if trials and (trials[0] < 0 or trials[-1] >= n_trials):
        raise ValueError(f"found: expected trials 0 to {n_trials - 1} of {name}, got {trials}")
    return trials


def _flips(rng: np.random.Generator, n_flips: int, n_neurons: int) -> np.ndarray:
    signs = rng.integers(0, 2, size=(n_flips, n_neurons), dtype=np.int8)
    return (2 * signs - 1).astype(np.float32)


def _result(rows: list[Row], alpha: float) -> Replication:
    """Correct p values for the number of changes, and settle verdicts."""
    import pandas

    p_values = np.array([row.p_value for row in rows], dtype=np.float64)
    adjusted = np.full(len(rows), np.nan)
    tested = np.isfinite(p_values)
    adjusted[tested] = holm(p_values[tested])
    verdicts = [
        row.verdict if np.isnan(p) else row.certain if p <= alpha else row.otherwise
        for row, p in zip(rows, adjusted, strict=True)
    ]
    sure = {
        row.series
        for row, verdict in zip(rows, verdicts, strict=True)
        if verdict in (CONFIRMED, ALL_NEURONS)
    }
    records = [
        {
            "series": row.series,
            "trial": row.trial,
            "verdict": NOT_CONFIRMED
            if verdict == ALSO_SEEN and not sure.intersection(row.others)
            else verdict,
            "also_seen_in": ", ".join(row.others),
            "gain": row.gain,
            "p_value": row.p_value,
            "p_adjusted": p,
            "n_neurons": row.n_neurons,
        }
        for row, verdict, p in zip(rows, verdicts, adjusted, strict=True)
    ]
    columns = [
        *("series", "trial", "verdict", "also_seen_in", "gain"),
        *("p_value", "p_adjusted", "n_neurons"),
    ]
    courses: dict[str, np.ndarray] = {}
    for row in sorted(rows, key=lambda row: row.p_value):
        if row.course is not None:
            courses.setdefault(row.series, row.course)
    return Replication(pandas.DataFrame(records, columns=columns), courses, alpha)
