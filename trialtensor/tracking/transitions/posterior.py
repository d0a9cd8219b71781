"""The joint posterior of transitions: draws of onset, time constant, amplitude and noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trialtensor.kernels.transition_sampling import sample_coefficients, sample_transitions
from trialtensor.tracking.transitions.search import Search, Transition

WARM_UP = 20  # draws; the first begins at the most likely transitions


@dataclass(frozen=True, eq=False)
class Sample:
    """Draws, in the units of the search.

    Attributes
    ----------
    onsets, taus : (n_draws, n_transitions) arrays
    kinds : (n_draws, n_series) array of int
    levels : (n_draws, p0, n_series) array
        Of the columns that are there in any case.
    amplitudes : (n_draws, n_transitions, n_series) array
    variance : (n_draws, n_series) array
        Of the noise, in units of the variance of its kind.
    """

    onsets: np.ndarray
    taus: np.ndarray
    kinds: np.ndarray
    levels: np.ndarray
    amplitudes: np.ndarray
    variance: np.ndarray


def sample(
    search: Search, transitions: list[Transition], n_draws: int, rng: np.random.Generator
) -> Sample:
    """Draw from the posterior, given the number of transitions."""
    series = search.series
    p = len(transitions)
    # Kinds that are hopeless with these transitions are left out.
    columns = search.columns(transitions)
    for each in series:
        each.consider(columns)
    likely = np.flatnonzero(np.any([each.likely for each in series], axis=0))
    filters = list({id(each.filters): each.filters for each in series}.values())
    pattern = np.array([[f is each.filters for f in filters].index(True) for each in series])
    n = np.array([each.n for each in series])
    cost, least = (np.array([getattr(each, a) for each in series]) for a in ("cost", "least"))
    base = np.stack([each.base[likely] for each in series])
    y = np.stack([each.y[likely] for each in series])
    gains = np.stack([f.gains[likely] for f in filters])
    onsets, which, kinds = sample_transitions(
        pattern,
        gains,
        np.stack([f.offsets[likely] for f in filters]),
        y,
        base,
        np.stack([f.energies[likely] for f in filters]),
        n,
        cost,
        least,
        search.taus,
        search.log_prior,
        search.prior.counts,
        search.prior.min_size,
        np.array([onset for onset, _ in transitions], np.int64),
        np.array([np.searchsorted(search.taus, tau) for _, tau in transitions], np.int64),
        rng.random((n_draws + WARM_UP, p + len(series))),
    )
    onsets, taus, kinds = onsets[WARM_UP:], search.taus[which[WARM_UP:]], kinds[WARM_UP:]
    p0 = base.shape[2]
    coefficients, variance = np.empty((n_draws, p0 + p, len(series))), np.empty((n_draws, len(n)))
    for s in range(len(series)):
        coefficients[:, :, s], variance[:, s] = sample_coefficients(
            gains[pattern[s]],
            y[s],
            base[s],
            onsets,
            taus,
            kinds[:, s],
            int(n[s]),
            float(least[s]),
            rng.standard_normal((n_draws, p0 + p)),
            rng.chisquare(n[s], n_draws),
        )
    return Sample(onsets, taus, likely[kinds], coefficients[:, :p0], coefficients[:, p0:], variance)
