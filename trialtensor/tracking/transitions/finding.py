"""Transitions of a trial series: whether, when, how fast and how far its level moves."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from trialtensor.models.parameters import REPEATS, check_share, check_whole, generator
from trialtensor.tracking.conditions import condition_base
from trialtensor.tracking.series import SORTED, check_series, looks_sorted
from trialtensor.tracking.transitions.describing import describe
from trialtensor.tracking.transitions.given import check_onsets, check_time_constants
from trialtensor.tracking.transitions.problem import prepare, solve
from trialtensor.tracking.transitions.result import Transitions

MIN_TRIALS = 20
MOST = 10  # transitions


def transitions(
    values: Any,
    *,
    onsets: Any = None,
    time_constants: Any = None,
    conditions: Any = None,
    max_transitions: int = 4,
    min_size: int = 5,
    alpha: float = 0.05,
    level: float = 0.9,
    n_draws: int = 400,
    random_state: Any = 0,
) -> Transitions:
    """Find when, how fast and how far a series changes, in noise that may be slow.

    A series is a level plus any number of transitions ``amplitude * (1 - exp(-(trial - onset + 1) /
    time_constant))``, from the onset on. A step has the time constant 0; a transition that has no
    end in sight is a ramp, with an infinite one; learning is between them, and learning that
    washes out is two. The posterior is joint over onset, time constant and amplitude of all of
    them, and over the noise: white, slow, a mixture of both, or a random walk. So noise that is
    slow makes for wide intervals and few transitions, and nothing about it is estimated first.

    Parameters
    ----------
    values : (n_trials,) or (n_trials, n_series) array
        NaN is missing. Several series are assumed to change together; for separate changes, call
        the function once per series.
    onsets : sequence of int, optional
        Trials at which transitions may begin, such as the first trials of blocks; by default any.
    time_constants : float or sequence of float, optional
        Those that are possible: 0 for steps only; by default all.
    conditions : (n_trials,) array, optional
        Label of each trial that takes turns with others, such as a target: each has a level of its
        own, and changes are looked for within all of them together.
    max_transitions : int
        At most 10.
    min_size : int
        Fewer trials than this that differ are outliers and no transition.
    alpha : float
        Share of series without transitions in which some are reported.
    level : float
        Of the intervals.
    n_draws : int
        From the posterior.
    random_state : int, Generator or None

    Returns
    -------
    Transitions

    Raises
    ------
    ValueError
        For fewer than 20 trials with a value, or parameters out of range.

    Warns
    -----
    UserWarning
        If there are transitions and the series never turns although it has noise: it looks sorted.

    Notes
    -----
    The noise is ``s * AR1(rho) + (1 - s) * white`` on a grid of ``rho`` and ``s``, or a random walk
    with white noise. Amplitudes and the variance have Zellner's prior with ``g = n``; those
    of several series may be of one smaller size, and their noise of one kind. The number of
    transitions is that with the highest evidence, from the conditional posterior of each
    transition at the joint optimum; draws are from a Gibbs sampler with that number. Transitions
    are reported if noise of any such kind would show them in at most ``alpha`` of series.

    References
    ----------
    Zellner 1986 for the prior; Chib 1995 for evidence from conditional posteriors; Huber 1981 for
    outliers, which are drawn in to 2.5 standard deviations.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> y = 2 * (1 - np.exp(-np.maximum(np.arange(200) - 69, 0) / 15)) + rng.normal(size=200) / 2
    >>> found = transitions(y)
    >>> found.onsets.tolist(), found.table["kind"].tolist()
    ([70], ['gradual'])
    """
    series = check_series(values, "values", MIN_TRIALS)
    check_share("alpha", alpha), check_share("level", level)
    most = check_whole("max_transitions", max_transitions, 1, MOST)
    min_size = check_whole("min_size", min_size, 1)
    n_draws = check_whole("n_draws", n_draws, 20, REPEATS)
    rng = generator(random_state)
    problem = prepare(
        series,
        condition_base(conditions, len(series)),
        check_onsets(onsets, len(series)),
        check_time_constants(time_constants),
        min_size,
    )
    found = describe(problem, solve(problem, most), alpha, level, n_draws, rng)
    if len(found.table) and looks_sorted(series, found.noise_sd):
        warnings.warn(f"values: the series {SORTED}", stacklevel=2)
    return found if np.ndim(values) != 1 else found.of_one_series()
