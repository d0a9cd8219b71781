"""Distinguishing gain changes, rotations and new activity of neurons."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from trialtensor.data.more_axes import axes_of, three_axes_only
from trialtensor.data.shown import OneLine, is_least
from trialtensor.models.layout import are_arrays, is_dict
from trialtensor.models.parameters import REPEATS, check_share, check_whole, generator
from trialtensor.tracking.contrasts import holm
from trialtensor.tracking.pattern_courses import used_courses
from trialtensor.tracking.pattern_explained import explained_changes
from trialtensor.tracking.pattern_order import warn_of_order
from trialtensor.tracking.pattern_runs import Runs
from trialtensor.tracking.patterns import (
    check_tensor,
    check_trials,
    trial_coordinate,
    unit_means,
    whole_cells,
)

if TYPE_CHECKING:
    import pandas

TRIALS_A_UNIT = 2
MAX_REST = 1 / 3  # strength that may be left of a component that is called lost, or new


@dataclass(frozen=True, eq=False, repr=False)
class PatternChange(OneLine):
    """Changes in the neurons of each component between two sets of trials.

    Attributes
    ----------
    components : pandas.DataFrame
        One row per component: its number (``component``) and its ``name`` in `track`; ``gain``
        (late over early strength) with ``gain_low``, ``gain_high`` and ``gain_p``; ``angle_deg``
        between its neurons early and late, with ``angle_low``, ``angle_high`` and
        ``rotation_p``; ``early_p`` and ``late_p`` for the nulls that it is absent early or
        late; ``verdict``. Gain and angle are NaN unless the component is present both early
        and late.
    new_p : float
        For the null that late activity has no new neurons with a time course that components lack.
        It and the p values of gain and rotation are adjusted for their number (Holm).
    n_new : int
        Number of such patterns, which were set aside before comparing components.
    new_neurons, new_times : (n_neurons, n_new) and (n_times, n_new) arrays
        These patterns, of unit length; a time course without what resembles components that rotate.
    neurons, times : bool arrays
        Neurons and times used: those with a value in every run of trials.
    alpha, level : float
        Significance level of verdicts, and coverage of intervals.
    least : dict of bool arrays
        For ``"rotation_p"``, ``"early_p"``, ``"late_p"`` (one per component) and ``"new_p"``:
        True where none of the ``n_null`` permutations came as far, so that the p value, adjusted or
        not, can't be smaller.
    drift : float
        How far each neuron wanders by itself from early to late trials, as a share of its activity;
        estimated from early trials.
    courses : (n_times, R) array
        Time courses of components that were used; NaN at times that weren't.
    """

    components: pandas.DataFrame
    new_p: float
    n_new: int
    new_neurons: np.ndarray
    new_times: np.ndarray
    neurons: np.ndarray
    times: np.ndarray
    alpha: float
    level: float
    least: dict[str, np.ndarray] = field(default_factory=dict)
    drift: float = 0.0
    courses: np.ndarray | None = None

    def at_floor(self, name: str = "new_p") -> Any:
        """Return whether p values of this name are the smallest possible."""
        known = self.least.get(name)
        return np.zeros(len(self.components), bool) if known is None else known


def pattern_change(
    X: Any,
    early: Any,
    late: Any,
    *,
    components: Any = 1,
    dataset: str | None = None,
    n_units: int = 8,
    n_null: int = 499,
    alpha: float = 0.05,
    level: float = 0.9,
    conditions: Any = None,
    random_state: Any = 0,
) -> PatternChange:
    """Distinguish gain changes, rotations and new components.

    The time courses of components are those of early trials; regressing the mean activity of some
    trials on them gives each component a pattern of neurons. Between early and late trials, that
    pattern can

    - become longer or shorter: a *gain change*, the same neurons with another strength;
    - turn: a *rotation*, other neurons with the same time course;
    - appear or vanish: a *new* (or *lost*) component, with at most a third of its strength while
      its presence isn't certain; late activity with a time course that isn't a sum of the
      components' time courses is new as well.

    New activity is looked for where no gain or rotation of components could put it. Its overlap
    with the components' time courses is found together with the components that rotate, and
    removed from patterns. New activity with exactly the time course of a component can't be
    distinguished from a rotation of that component.

    A change has to be more than chance, and more than neurons do by themselves:

    - *noise*: both sets of trials are divided into ``n_units`` runs of neighbours, and all tests
      use the scatter of their means, so noise may be correlated within runs. Lengths and angles
      come from products of different runs, which noise doesn't bias.
    - *drift*: each neuron's activity may wander as a random walk, as fast as within early trials.
    - *small changes*: gains of less than 5 %, rotations of less than 10 degrees, and activity of
      another time course with less than a fifth of the change of components aren't reported. Gains
      alone cause such changes where neurons saturate (or after a square root). What one component
      does may leak into others, by a tenth.

    Both sets need the same mix of conditions (targets, stimuli): where they don't, because trials
    are sorted by condition or conditions come in blocks, a difference between conditions looks like
    a change. Give ``conditions`` to be warned. Labels of ``X`` that take turns are checked anyway.

    Parameters
    ----------
    X : (n_trials, n_neurons, n_times) array or xarray.DataArray
        NaN is missing. A neuron or time without a value in some run is left out.
    early, late : (n_trials,) bool array, or indices
    components : int, (n_times, R) array, or fitted model
        Time courses; for a number, those of a TCA of the early trials (nonnegative if ``X`` is).
        For a model of trial, neuron and time factors likewise, with as many components, each named
        after the one of the model that has the most similar time course, or "early course unlike"
        that one where the cosine is below 0.9, since a component that is weak early isn't found
        there: in a model of all trials, a rotation may be two components already. For other models,
        their time courses or the loadings of time-slicing components.
    dataset : str, optional
        For a model of several datasets: the dataset of ``X``.
    n_units : int
        Runs of each set.
    n_null : int
        Permutations.
    alpha, level : float
        Of verdicts and of intervals.
    conditions : (n_trials,) array, optional
        A label of each trial that both sets should have in equal shares.
    random_state : int, Generator or None

    Returns
    -------
    PatternChange

    Raises
    ------
    ValueError
        For fewer than ``2 * n_units`` trials in a set, trials in both, time courses that are not
        independent or as many as times, and models without time courses that hold for all trials.

    Warns
    -----
    UserWarning
        If the trial coordinate of ``X`` doesn't increase, or early and late trials are of
        different conditions.

    References
    ----------
    Walther et al. 2016 for distances from products of different runs; Williams et al. 2018 for
    gain-modulated components.

    Examples
    --------
    >>> from trialtensor import make_tca
    >>> X = make_tca(80, 20, 30, 1, snr=1.0, random_state=0).signal
    >>> X = np.repeat(X[40:41], 80, axis=0) * np.repeat([1.0, 1.5], 40)[:, None, None]
    >>> X = X + 0.5 * X.std() * np.random.default_rng(0).normal(size=X.shape)
    >>> found = pattern_change(X, np.arange(40), np.arange(40, 80)).components
    >>> found["verdict"].tolist(), float(found["gain"][0].round(1))
    (['gain change'], 1.5)
    """
    n_units = check_whole("n_units", n_units, 4)
    check_whole("n_null", n_null, 19, REPEATS)
    check_share("alpha", alpha), check_share("level", level)
    given = X
    of = f" of {type(components).__name__}" if hasattr(components, "fitted_") else ""
    three_axes_only(f"pattern_change{of}", axes_of(X))
    X, sets = _early_and_late(X, early, late, n_units, type(components).__name__)
    warn_of_order(given, sets, conditions)
    rng = generator(random_state)
    trials = [run for each in sets for run in np.array_split(each, n_units)]
    units = np.concatenate([unit_means(X, each, n_units) for each in sets])
    neurons, times = whole_cells(units)
    names, courses = used_courses(components, dataset, X, sets[0], times, rng)
    units = units[:, neurons][:, :, times]
    runs = Runs(units, courses, np.arange(2 * n_units) >= n_units, trials)
    rows, new_p, new, drift = explained_changes(runs, alpha, level, n_null, rng)
    tested = ("rotation_p", "early_p", "late_p")
    raw = {name: np.array([row.get(name, np.nan) for row in rows]) for name in tested}
    raw["new_p"] = np.array(new_p)
    # The smallest p value that random signs of a few runs have.
    least = max(4 / 2.0**n_units, 1 / (1 + n_null))
    table, new_p = _table(rows, names, new_p, alpha, least)
    return PatternChange(
        table,
        new_p,
        new.neurons.shape[1],
        _widened(new.neurons, neurons),
        _widened(new.times, times),
        neurons,
        times,
        alpha,
        level,
        {name: is_least(p, 1 / (1 + n_null)) for name, p in raw.items()},
        drift.sd,
        _widened(courses, times),
    )


def _early_and_late(
    X: Any, early: Any, late: Any, n_units: int, kind: str
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Check the data, and both sets of trials, which have none in common."""
    if is_dict(X) or are_arrays(X):
        raise ValueError(
            "X: expected one array (n_trials, n_neurons, n_times), got several; give that of one "
            f"block or dataset of the {kind}"
        )
    along = trial_coordinate(X)
    X = check_tensor(X)
    sets = [
        check_trials(trials, len(X), name, TRIALS_A_UNIT * n_units, along)
        for name, trials in (("early", early), ("late", late))
    ]
    both = np.intersect1d(sets[0], sets[1])
    if len(both):
        raise ValueError(f"late: expected other trials than early, got trial {both[0]} in both")
    return X, sets


def _table(
    rows: list[dict[str, float]], components: list[str], new_p: float, alpha: float, least: float
) -> tuple[pandas.DataFrame, float]:
    """Tabulate components with verdicts, after adjusting all p values together.

    ``least`` is the p value of presence that is asked for even if there are many components.
    """
    import pandas

    names = ["gain", "gain_low", "gain_high", "gain_p", "angle_deg", "angle_low", "angle_high"]
    names += ["rotation_p", "early_p", "late_p"]
    table = pandas.DataFrame(rows).reindex(columns=names).astype(float)
    tested = table[["gain_p", "rotation_p"]].to_numpy()
    adjusted = holm(np.append(tested.ravel(), new_p))
    table[["gain_p", "rotation_p"]] = adjusted[:-1].reshape(tested.shape)
    table.insert(0, "component", np.arange(1, len(table) + 1))
    table.insert(1, "name", components)
    shares = [row.get("share", 1.0) for row in rows]
    certain = min(max(alpha / len(adjusted), least), alpha)
    table["verdict"] = [
        _verdict(row, share, alpha, certain)
        for row, share in zip(table.to_dict("records"), shares, strict=True)
    ]
    return table, float(adjusted[-1])


def _verdict(row: dict[str, float], share: float, alpha: float, certain: float) -> str:
    there = row["early_p"] <= alpha, row["late_p"] <= alpha
    if there != (True, True):
        # Not to be certain that it is there isn't to be certain that it is gone.
        gone = {(False, True): "new", (True, False): "lost"}.get(there)
        sure = share <= MAX_REST**2 and min(row["early_p"], row["late_p"]) <= certain
        return gone if gone and sure else "not seen"
    gain, rotation = row["gain_p"] <= alpha, row["rotation_p"] <= alpha
    if gain and rotation:
        return "gain change and rotation"
    return "gain change" if gain else "rotation" if rotation else "no change"


def _widened(vectors: np.ndarray, kept: np.ndarray) -> np.ndarray:
    whole = np.full((len(kept), vectors.shape[1]), np.nan)
    whole[kept] = vectors
    return whole
