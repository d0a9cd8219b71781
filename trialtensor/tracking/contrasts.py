"""Differences between blocks of trials: baseline, adaptation, washout."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.special

from trialtensor.data.arrays import as_floats
from trialtensor.data.per_entry import own_index
from trialtensor.data.shown import OneLine
from trialtensor.models.parameters import check_share, check_whole, generator
from trialtensor.tracking.block_readings import Readings, draws_of, n_independent, read
from trialtensor.tracking.conditions import take_turns
from trialtensor.tracking.mixtures import TINY, Mixtures
from trialtensor.tracking.series import Unit, check_labels, check_one_series
from trialtensor.tracking.transitions.finding import MOST
from trialtensor.tracking.transitions.problem import prepare

if TYPE_CHECKING:
    import pandas

MIN_TRIALS = 5  # of a block, and of a change within one
ROUNDING = 1e-14  # of series of unit size


@dataclass(frozen=True, eq=False, repr=False)
class BlockContrasts(OneLine):
    """Means of blocks, their ends, and their differences.

    Attributes
    ----------
    blocks : pandas.DataFrame
        One row per block, in order of their first trials: ``block``, ``n_trials``, ``mean``,
        ``low``, ``high``; and the level of its last trial, ``end``, ``end_low``, ``end_high``.
    contrasts : pandas.DataFrame
        One row per pair: ``block``, ``minus``, ``difference``, ``low``, ``high``, ``p_value``
        and ``p_adjusted`` (Holm's, for all pairs); and of their ends ``end_difference``,
        ``end_low``, ``end_high``, ``end_p_value``.
    level : float
        Of the intervals.
    n_effective : float
        Effective number of independent trials.
    """

    blocks: pandas.DataFrame
    contrasts: pandas.DataFrame
    level: float
    n_effective: float


def block_contrasts(
    values: Any,
    labels: Any,
    *,
    level: float = 0.9,
    max_transitions: int = 4,
    random_state: Any = 0,
) -> BlockContrasts:
    """Compare blocks of trials, on the whole and at their ends.

    A series is a level for each block, `transitions` within blocks or across them, and noise that
    may be slow. So learning within a block belongs to its mean and not to the noise: a block in
    which much is learned differs as surely as any. Means are those of its trials; the end is what
    the course has reached on its last one.

    Labels that take turns, such as directions, are compared at the same trials: what all of them
    learn is taken off first, and slow noise cancels between neighbours. Their ends are levels on
    the last trial of all.

    Parameters
    ----------
    values : (n_trials,) array
        NaN is missing.
    labels : (n_trials,) array
        The block of each trial; None, NaN or empty text for no block, which leaves a trial out.
    level : float
        Of the intervals.
    max_transitions : int
        Beside the differences of blocks; at most 10.
    random_state : int, Generator or None

    Returns
    -------
    BlockContrasts

    Raises
    ------
    ValueError
        For fewer than two blocks, a block with fewer than 5 trials with a value, or fewer than 20
        trials in all.

    Notes
    -----
    There are transitions, as many as have the highest evidence, or none, each in proportion to its
    evidence. They begin on any trial or, as likely, all of them with blocks. Given their onsets and
    time constants and the kind of noise, a difference has a t distribution; intervals and p values
    are those of the mixture over draws.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> labels = np.repeat(["baseline", "adaptation"], 40)
    >>> values = np.repeat([0.0, 1.0], 40) + 0.5 * rng.normal(size=80)
    >>> found = block_contrasts(values, labels).contrasts
    >>> found[["block", "minus"]].values.tolist(), bool(found["p_value"][0] < 0.001)
    ([['adaptation', 'baseline']], True)
    """
    y = check_one_series(values, "values", 20)
    check_share("level", level)
    most = check_whole("max_transitions", max_transitions, 1, MOST)
    rng = generator(random_state)
    names, codes = check_labels(labels, len(y), along=own_index(values, "trial", "values"))
    codes = np.where(np.isfinite(y), codes, -1)
    counts = _counts(names, codes)
    indicators = (codes == np.arange(len(names))[:, None]).astype(float)
    series = np.where(codes >= 0, y, np.nan)[:, None]
    turns = take_turns(codes)
    problems = [
        prepare(series, indicators, onsets, None, MIN_TRIALS)
        for onsets in _onsets(indicators, turns)
    ]
    draws = draws_of(problems, most, rng)
    pairs = list(itertools.combinations(range(len(names)), 2))
    found = read(problems[0], draws, _readings(indicators, turns, pairs))
    n_asked = len(names) + len(pairs)
    whole, ends = found.of(slice(n_asked)), found.of(slice(n_asked, None))
    unit = problems[0].units[0]
    contrasts = _contrasts(names, pairs, whole, ends, unit, level)
    contrasts.insert(5, "p_value", _p_values(whole, counts, pairs))
    contrasts.insert(6, "p_adjusted", holm(contrasts["p_value"].to_numpy()))
    return BlockContrasts(
        _blocks(names, counts, whole, ends, unit, level),
        contrasts.assign(end_p_value=_p_values(ends, counts, pairs)),
        level,
        float(n_independent(draws)),
    )


def _counts(names: list[Any], codes: np.ndarray) -> np.ndarray:
    """Return the number of trials of each block, if there are blocks to compare."""
    counts = np.bincount(codes[codes >= 0], minlength=len(names))
    if len(names) < 2:
        raise ValueError(f"labels: expected at least 2 blocks to compare, got {len(names)}")
    if counts.min() < MIN_TRIALS:
        few = names[int(np.argmin(counts))]
        raise ValueError(
            f"labels: expected at least {MIN_TRIALS} trials with a value in each block, got "
            f"{counts.min()} in {few!r}"
        )
    return counts


def _onsets(indicators: np.ndarray, turns: bool) -> list[np.ndarray]:
    """Return where learning may begin: on any trial, or, as likely, with blocks only."""
    n_trials = indicators.shape[1]
    anywhere = np.ones(n_trials, bool)
    if turns:
        return [anywhere]
    inside = np.where(indicators.any(axis=0), indicators.argmax(axis=0), -1)
    known = np.flatnonzero(inside >= 0)
    begins = np.zeros(n_trials, bool)
    begins[known[np.flatnonzero(np.diff(inside[known], prepend=-1))]] = True
    return [anywhere, begins]


def _readings(indicators: np.ndarray, turns: bool, pairs: list[tuple[int, int]]) -> Readings:
    """Return what is asked of blocks and then of pairs: on the whole, then at their ends."""
    n_blocks, n_trials = indicators.shape
    # Labels that take turns are compared at the trials of all of them.
    common = np.tile(indicators.sum(axis=0), (n_blocks, 1)) if turns else indicators
    last = n_trials - 1 - np.argmax(common[:, ::-1], axis=1)
    blocks = np.eye(n_blocks)
    rows = np.vstack([blocks, *[blocks[b] - blocks[a] for a, b in pairs]])
    means, throughout = (rows @ _averages(each) for each in (indicators, common))
    ends = rows @ np.eye(n_trials)[last]
    return Readings(np.tile(means, (2, 1)), np.vstack([throughout, ends]), not turns)


def _averages(indicators: np.ndarray) -> np.ndarray:
    return indicators / indicators.sum(axis=1, keepdims=True)


def _blocks(
    names: list[Any],
    counts: np.ndarray,
    whole: Mixtures,
    ends: Mixtures,
    unit: Unit,
    level: float,
) -> pandas.DataFrame:
    import pandas

    table = pandas.DataFrame({"block": names, "n_trials": counts})
    own = slice(len(names))
    for found, words in ((whole, ("mean", "low", "high")), (ends, ("end", "end_low", "end_high"))):
        table[list(words)] = unit.levels(found.of(own).summary(level))
    return table


def _contrasts(
    names: list[Any],
    pairs: list[tuple[int, int]],
    whole: Mixtures,
    ends: Mixtures,
    unit: Unit,
    level: float,
) -> pandas.DataFrame:
    import pandas

    table = pandas.DataFrame(
        {"block": [names[b] for _, b in pairs], "minus": [names[a] for a, _ in pairs]}
    )
    own = slice(len(names), None)
    for found, words in (
        (whole, ("difference", "low", "high")),
        (ends, ("end_difference", "end_low", "end_high")),
    ):
        table[list(words)] = unit.sizes(found.of(own).summary(level))
    return table


def _p_values(found: Mixtures, counts: np.ndarray, pairs: list[tuple[int, int]]) -> np.ndarray:
    """Return the p value of each pair; 1 for constants, and never 0.

    Blocks that differ and don't vary leave nothing to estimate noise from. Then it is the share of
    orders of their trials that set them as far apart.
    """
    differences = found.of(slice(len(counts), None))
    p_values = differences.p_values()
    for i, (a, b) in enumerate(pairs):
        if np.abs(differences.middles[i]).max() <= ROUNDING:
            p_values[i] = 1.0
        elif differences.widths[i].max() <= ROUNDING:
            ways = 2.0 if counts[a] == counts[b] else 1.0
            n, fewer = counts[a] + counts[b], min(counts[a], counts[b])
            p_values[i] = max(ways / scipy.special.comb(n, fewer), TINY)
    return p_values


def holm(p_values: np.ndarray) -> np.ndarray:
    """Adjust p values for their number (Holm 1979); NaN stays and doesn't count.

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, 0.03])).tolist()
    [0.03, 0.06, 0.06]
    """
    p = as_floats(p_values, "p_values")
    adjusted = np.full(p.shape, np.nan)
    order = np.argsort(p)[: np.isfinite(p).sum()]
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(factors * p[order]), 1.0)
    return adjusted
