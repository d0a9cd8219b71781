"""Draws from the posterior of transitions, one after the other given the rest."""

from __future__ import annotations

import numpy as np

from trialtensor.kernels.compile import kernel
from trialtensor.kernels.slow_noise import whiten
from trialtensor.kernels.transition_scans import (
    fit_columns,
    gains_of_one_more,
    score_kinds,
    transition_shape,
)

EVERY = 4  # draws of transitions to one of the noise


@kernel
def _pick(log_weights: np.ndarray, uniform: float) -> int:
    """Return an index of the flat array, drawn in proportion to its weights."""
    peak = np.max(log_weights)
    weights = np.exp(log_weights - peak).ravel()
    left = uniform * weights.sum()
    for i in range(len(weights)):
        left -= weights[i]
        if left < 0:
            return i
    return int(np.argmax(weights))


@kernel
def _keep_apart(
    log_weights: np.ndarray,
    taus: np.ndarray,
    counts: np.ndarray,
    min_size: int,
    onset: int,
    tau: float,
) -> None:
    """Rule out transitions that would end an outlier that another one begins."""
    for j in range(len(taus)):
        longer, shorter = max(taus[j], tau), min(taus[j], tau)
        if longer >= min_size and taus[j] != tau and longer >= 2 * shorter:
            continue
        for t in range(len(counts)):
            if abs(counts[t] - counts[onset]) < min_size:
                log_weights[j, t] = -np.inf


@kernel
def _weigh(log_weights: np.ndarray, found: np.ndarray, left: float, least: float, n: int) -> None:
    """Add what a series says of each transition, given what it would explain of what is left."""
    for j in range(log_weights.shape[0]):
        for t in range(log_weights.shape[1]):
            if found[j, t] < 0:
                log_weights[j, t] = -np.inf
            elif log_weights[j, t] > -np.inf:
                rest = max(left - found[j, t], 0.0) + least
                log_weights[j, t] -= 0.5 * n * np.log(rest)


@kernel
def sample_transitions(
    pattern: np.ndarray,
    gains: np.ndarray,
    offsets: np.ndarray,
    y: np.ndarray,
    base: np.ndarray,
    energies: np.ndarray,
    n: np.ndarray,
    cost: np.ndarray,
    least: np.ndarray,
    taus: np.ndarray,
    log_prior: np.ndarray,
    counts: np.ndarray,
    min_size: int,
    onsets: np.ndarray,
    which_tau: np.ndarray,
    uniforms: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw onsets, time constants and kinds of noise by Gibbs sampling.

    Parameters
    ----------
    pattern : (n_series,) array of int
        Which filters each series uses.
    gains : (n_patterns, n_kinds, 3, n_trials) array
    offsets : (n_patterns, n_kinds) array
    y : (n_series, n_kinds, n_trials) array
        Whitened.
    base : (n_series, n_kinds, p0, n_trials) array
        Whitened.
    energies : (n_patterns, n_kinds, n_taus, n_trials) array
    n, cost, least : (n_series,) arrays
        As of `score_kinds`.
    taus : (n_taus,) array
    log_prior : (n_taus, n_trials) array
    counts : (n_trials,) array
        Observed trials before each.
    min_size : int
    onsets, which_tau : (n_transitions,) arrays of int
        Where to begin.
    uniforms : (n_draws, n_transitions + n_series) array
        Random numbers between 0 and 1.

    Returns
    -------
    onsets, which_tau : (n_draws, n_transitions) arrays of int
    kinds : (n_draws, n_series) array of int
    """
    n_draws, n_series, n_transitions = len(uniforms), len(pattern), len(onsets)
    n_trials, n_taus = len(counts), len(taus)
    onsets, which_tau = onsets.copy(), which_tau.copy()
    drawn = np.empty((n_draws, n_transitions), np.int64)
    drawn_taus, kinds = np.empty_like(drawn), np.empty((n_draws, n_series), np.int64)
    columns = np.empty((n_transitions, n_trials))
    for i in range(n_transitions):
        columns[i] = transition_shape(onsets[i], taus[which_tau[i]], n_trials)
    scores = np.empty((n_series, offsets.shape[1]))
    found, weights = np.empty((n_taus, n_trials)), np.empty((n_taus, n_trials))
    others = np.empty((max(n_transitions - 1, 0), n_trials))
    for draw in range(n_draws):
        # The noise takes longer to draw than transitions, and is surer.
        for s in range(n_series):
            if draw % EVERY == 0 and (n_transitions > 0 or draw == 0):
                scores[s] = score_kinds(
                    gains[pattern[s]], offsets[pattern[s]], y[s], base[s], columns,
                    n[s], cost[s], least[s],
                )  # fmt: skip
            if draw % EVERY == 0 or n_transitions == 0:
                kinds[draw, s] = _pick(scores[s], uniforms[draw, n_transitions + s])
            else:
                kinds[draw, s] = kinds[draw - 1, s]
        for i in range(n_transitions):
            weights[:] = log_prior
            for j in range(n_transitions):
                if j != i:
                    others[j - (j > i)] = columns[j]
                    _keep_apart(weights, taus, counts, min_size, onsets[j], taus[which_tau[j]])
            for s in range(n_series):
                p, k = pattern[s], kinds[draw, s]
                back, left, _, _ = fit_columns(gains[p, k], y[s, k], base[s, k], others)
                gains_of_one_more(back, taus, energies[p, k], found)
                _weigh(weights, found, left, least[s], n[s])
            if np.max(weights) > -np.inf:
                flat = _pick(weights, uniforms[draw, i])
                which_tau[i], onsets[i] = flat // n_trials, flat % n_trials
                columns[i] = transition_shape(onsets[i], taus[which_tau[i]], n_trials)
        drawn[draw], drawn_taus[draw] = onsets, which_tau
    return drawn, drawn_taus, kinds


@kernel
def sample_coefficients(
    gains: np.ndarray,
    y: np.ndarray,
    base: np.ndarray,
    onsets: np.ndarray,
    taus: np.ndarray,
    kinds: np.ndarray,
    n: int,
    least: float,
    normals: np.ndarray,
    chi_squares: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the levels and amplitudes of one series for each draw of transitions and noise.

    Parameters
    ----------
    gains : (n_kinds, 3, n_trials) array
    y : (n_kinds, n_trials) array
    base : (n_kinds, p0, n_trials) array
        Both whitened.
    onsets, taus : (n_draws, n_transitions) arrays
    kinds : (n_draws,) array of int
    n : int
        Observed trials less the base.
    least : float
        Sum of squares that is no noise any more.
    normals : (n_draws, p0 + n_transitions) array
    chi_squares : (n_draws,) array
        With ``n`` degrees of freedom.

    Returns
    -------
    coefficients : (n_draws, p0 + n_transitions) array
    variance : (n_draws,) array
        Of a trial about its course, in units of the kind's own variance.
    """
    n_draws, p = onsets.shape
    p0, n_trials = base.shape[1], base.shape[2]
    out, variance = np.empty((n_draws, p0 + p)), np.empty(n_draws)
    rows = np.empty((p0 + p, n_trials))
    columns = np.empty((p, n_trials))
    for draw in range(n_draws):
        k = kinds[draw]
        rows[:p0] = base[k]
        for i in range(p):
            columns[i] = transition_shape(onsets[draw, i], taus[draw, i], n_trials)
        rows[p0:] = whiten(gains[k], columns)
        # A triangle by which rows are an orthonormal basis: conditionals from last to first.
        basis = np.zeros_like(rows)
        triangle = np.zeros((p0 + p, p0 + p))
        rest = y[k].copy()
        along = np.zeros(p0 + p)
        for i in range(p0 + p):
            vector = rows[i].copy()
            for j in range(i):
                triangle[j, i] = np.dot(basis[j], vector)
                vector -= triangle[j, i] * basis[j]
            triangle[i, i] = np.sqrt(np.dot(vector, vector))
            if triangle[i, i] > 0:
                basis[i] = vector / triangle[i, i]
            along[i] = np.dot(basis[i], rest)
            rest -= along[i] * basis[i]
        variance[draw] = (np.dot(rest, rest) + least) / chi_squares[draw]
        sd = np.sqrt(variance[draw])
        for i in range(p0 + p - 1, -1, -1):
            value = along[i] + sd * normals[draw, i]
            for j in range(i + 1, p0 + p):
                value -= triangle[i, j] * out[draw, j]
            out[draw, i] = value / triangle[i, i] if triangle[i, i] > 0 else 0.0
    return out, variance
