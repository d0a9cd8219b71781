"""Relation of a component to behaviour, and which one leads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.special
import scipy.stats

from trialtensor.data.per_entry import one_each, own_index
from trialtensor.data.shown import OneLine, is_least
from trialtensor.models.parameters import REPEATS, check_flag, check_share, check_whole, generator
from trialtensor.tracking.series import check_one_series, in_own_unit
from trialtensor.tracking.smooth import smooth_curve
from trialtensor.tracking.transitions import transitions

MIN_TRIALS = 40
N_DRAWS = 100  # from the posterior of transitions, for their mean course


@dataclass(frozen=True, eq=False, repr=False)
class Relation(OneLine):
    """Relation of a component and behaviour over trials.

    Attributes
    ----------
    lead : int
        Number of trials by which the component leads at the strongest correlation; negative if it
        follows. NaN, as are all other results, if one of the series doesn't vary (beyond its
        trend).
    lead_interval : (2,) array of int
    correlation : float
        At that lead.
    p_value : float
        Chance of a correlation as strong at any lead between unrelated series; at least
        ``least_p``.
    leads : (n_leads,) array of int
    correlations : (n_leads,) array
    chance : (n_leads,) array
        Absolute correlation that this share of unrelated series stays below at each lead.
    level : float
        Of the interval and of `chance`.
    least_p : float
        Smallest p value that the number of surrogates allows, ``1 / (n_null + 1)``.
    """

    lead: int | float
    lead_interval: np.ndarray
    correlation: float
    p_value: float
    leads: np.ndarray
    correlations: np.ndarray
    chance: np.ndarray
    level: float
    least_p: float = 0.0

    def at_floor(self, name: str = "p_value") -> bool:
        """Return whether the p value is the smallest possible."""
        return bool(is_least(self.p_value, self.least_p))


def relate(
    component: Any,
    behaviour: Any,
    *,
    max_lead: int | None = None,
    detrend: bool = True,
    n_null: int = 499,
    n_bootstrap: int = 500,
    level: float = 0.9,
    random_state: Any = 0,
) -> Relation:
    """Correlate a component with behaviour at every lead, against a null with the same memory.

    All leads are compared on the same trials of behaviour. Neighbouring trials resemble each
    other, so the null draws series with the component's own spectrum, values and random phases,
    and keeps the strongest correlation over leads.

    Two series that both learn correlate whether or not they are related: a trend is one event,
    however many trials it spans, and no null can be drawn from one event. So the `transitions` of
    each are taken off first, and a smooth curve through what they leave; and as two series that
    grow noisier together have their outliers together, both are divided by their local standard
    deviation. The test is whether what is left covaries from trial to trial.
    Without ``detrend`` the series are correlated as they are, and ``p_value`` is valid only for
    series without a trend or a change of variance: two unrelated learning curves are then
    significant in a quarter of cases.

    The interval of the lead is from a bootstrap of blocks of trials, each with its neighbours at
    all leads.

    Parameters
    ----------
    component, behaviour : (n_trials,) arrays
        NaN is missing; filled by interpolation for the null.
    max_lead : int, optional
        Trials; by default a tenth of all, at most 30.
    detrend : bool
    n_null, n_bootstrap : int
    level : float
        Of the interval.
    random_state : int, Generator or None

    Returns
    -------
    Relation

    Raises
    ------
    ValueError
        For fewer than 40 trials with a value, series of different length, or a lead of more than
        a quarter of the trials.

    References
    ----------
    Theiler et al. 1992 for surrogates with random phases and the same values; Künsch
    1989 for the bootstrap of blocks.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> shared = rng.normal(size=204)
    >>> found = relate(shared[4:], shared[:-4] + 0.5 * rng.normal(size=200))
    >>> found.lead, found.lead_interval.tolist(), found.p_value < 0.01
    (4, [4, 4], True)
    """
    x, _ = in_own_unit(check_one_series(component, "component", MIN_TRIALS))
    along = own_index(component, "trial", "component")
    behaviour = one_each(behaviour, len(x), "behaviour", along=along)
    y, _ = in_own_unit(check_one_series(behaviour, "behaviour", MIN_TRIALS))
    check_share("level", level), check_flag("detrend", detrend)
    check_whole("n_null", n_null, 19, REPEATS), check_whole("n_bootstrap", n_bootstrap, 20, REPEATS)
    limit = min(30, len(x) // 10) if max_lead is None else check_whole("max_lead", max_lead, 0)
    if limit > len(x) // 4:
        raise ValueError(
            f"max_lead: expected at most a quarter of the {len(x)} trials, got {limit}"
        )
    rng = generator(random_state)
    if detrend:
        x, y = _on_its_own_scale(x), _on_its_own_scale(y)
    leads = np.arange(-limit, limit + 1)
    y_inner = y[limit : len(y) - limit]
    correlations = _correlations(_at_leads(x, limit), y_inner)
    if not correlations.any():
        return _unknown(leads, level)
    best = int(np.nanargmax(np.abs(correlations)))
    # Either series may be the odd one: the null is that of the one which comes as far more often.
    nulls = [
        np.abs(
            [
                _correlations(_at_leads(draw, limit), other)
                for draw in _surrogates(series, n_null, rng, trend=not detrend)
            ]
        )
        for series, other in ((x, y_inner), (y[::-1], x[::-1][limit : len(x) - limit]))
    ]
    counts = [int(np.sum(each.max(axis=1) >= abs(correlations[best]))) for each in nulls]
    reached, null = max(counts), nulls[int(np.argmax(counts))]
    return Relation(
        int(leads[best]),
        _lead_interval(_at_leads(x, limit), y_inner, best, leads, level, n_bootstrap, rng),
        float(correlations[best]),
        float((1 + reached) / (1 + n_null)),
        leads,
        correlations,
        np.nanquantile(null, level, axis=0),
        level,
        1 / (1 + n_null),
    )


def _own_course(series: np.ndarray) -> np.ndarray:
    """Return what a series does on its own: its transitions."""
    return transitions(series, n_draws=N_DRAWS).course


def _on_its_own_scale(series: np.ndarray) -> np.ndarray:
    """Take off the course of a series, then divide by its local standard deviation.

    What transitions leave may still wander (they are none in a walk), so a smooth curve is
    subtracted too. The scale is a smooth curve through logarithms of squares: a level for noise
    that doesn't change.
    """
    if not np.nan_to_num(series).any():
        return series
    rest = series - _own_course(series)
    size = np.nanmax(np.abs(series))
    # What is left of a noise-free course is rounding.
    if np.nanmax(np.abs(rest)) < 1e-10 * size:
        return np.where(np.isnan(rest), np.nan, 0.0)
    rest = rest - smooth_curve(rest).value
    if np.nanmax(np.abs(rest)) < 1e-10 * size:
        return np.where(np.isnan(rest), np.nan, 0.0)
    return rest / _local_scale(rest)


def _local_scale(rest: np.ndarray) -> np.ndarray:
    """Return the local standard deviation of a series about zero."""
    # Zeros, as counts have, are as small as rounding to the median makes them.
    squares = rest**2 + 1e-3 * np.nanmedian(rest**2) + 1e-12 * np.nanmax(rest**2)
    log_scale = smooth_curve(np.log(squares)).value / 2
    return np.exp(log_scale - np.nanmean(log_scale))


def _unknown(leads: np.ndarray, level: float) -> Relation:
    """Return what is known of a series that doesn't vary: nothing."""
    nothing = np.full(len(leads), np.nan)
    none = np.full(2, np.nan)
    return Relation(np.nan, none, np.nan, np.nan, leads, nothing, nothing.copy(), level)


def _at_leads(x: np.ndarray, limit: int) -> np.ndarray:
    """Return ``x`` shifted to each lead, at inner trials: ``(n_inner, n_leads)``."""
    windows = np.lib.stride_tricks.sliding_window_view(x, 2 * limit + 1)
    return windows[:, ::-1]


def _correlations(x: np.ndarray, y: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Correlate ``y`` with each column over trials known in both; one row per weighting."""
    seen = np.isfinite(x) & np.isfinite(y)[:, None]
    x0 = np.where(seen, x - np.nanmean(x), 0.0)
    y0 = np.where(seen, (y - np.nanmean(y))[:, None], 0.0)
    w = np.ones(len(y)) if weights is None else weights
    n, sx, sy, sxx, syy, sxy = (w @ each for each in (seen, x0, y0, x0**2, y0**2, x0 * y0))
    with np.errstate(invalid="ignore", divide="ignore"):
        covariance = sxy / n - sx * sy / n**2
        varies_x, varies_y = sxx / n - (sx / n) ** 2, syy / n - (sy / n) ** 2
        # Less than this is rounding of a constant.
        known = (varies_x > 1e-13 * sxx / n) & (varies_y > 1e-13 * syy / n)
        correlation = covariance / np.sqrt(np.where(known, varies_x * varies_y, np.nan))
    return np.nan_to_num(correlation)


def _surrogates(
    x: np.ndarray, n: int, rng: np.random.Generator, *, trend: bool = True
) -> np.ndarray:
    """Return series ``(n, n_trials)`` with the spectrum of ``x`` and random phases.

    Without a trend they have its values too: random phases are given to normal scores, and the
    values put in the order that comes of it, because outliers are part of what chance may bring
    together. With a trend, that would change the spectrum, and so would the jump from the end to
    the start: such a series is mirrored.
    """
    seen = np.isfinite(x)
    known = x[seen]
    if not trend:
        known = scipy.special.ndtri((scipy.stats.rankdata(known) - 0.5) / len(known))
    filled = np.interp(np.arange(len(x)), np.flatnonzero(seen), known)
    whole = np.concatenate([filled, filled[::-1]]) if trend else filled
    size = np.abs(np.fft.rfft(whole - whole.mean()))
    phases = np.exp(2j * np.pi * rng.random((n, len(size))))
    draws = np.fft.irfft(size * phases, n=len(whole))[:, : len(x)]
    if not trend:
        ranks = np.argsort(np.argsort(draws[:, seen], axis=1), axis=1)
        draws[:, seen] = np.sort(x[seen])[ranks]
    return np.where(seen, draws, np.nan)


def _lead_interval(
    x: np.ndarray,
    y: np.ndarray,
    best: int,
    leads: np.ndarray,
    level: float,
    n_bootstrap: int,
    rng: np.random.Generator,
) -> np.ndarray:
    n = len(y)
    length = int(np.clip(round(n ** (1 / 3) * 2), 2, max(n // 4, 2)))
    n_blocks = -(-n // length)
    starts = rng.integers(0, n - length + 1, size=(n_bootstrap, n_blocks))
    rows = (starts[:, :, None] + np.arange(length)).reshape(n_bootstrap, -1)[:, :n]
    weights = np.array([np.bincount(row, minlength=n) for row in rows], dtype=float)
    found = leads[np.argmax(np.abs(_correlations(x, y, weights)), axis=1)]
    tail = (1 - level) / 2
    low = np.quantile(found, tail, method="inverted_cdf")
    high = np.quantile(found, 1 - tail, method="inverted_cdf")
    return np.array([min(low, leads[best]), max(high, leads[best])], dtype=np.int64)
