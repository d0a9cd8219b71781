"""How far observed entries determine what a model says about missing ones.

With ``H`` the Gram matrix of a row over its observed entries and ``A = inv(H + ridge)``, the row
has the posterior covariance ``noise * A``, and noise in the data moves it by ``noise * A H A``.
With ``M`` the Gram matrix over missing entries, they are predicted with a squared error of
``noise * trace(M A)``, beside the sum of squares ``x' M x`` of the prediction itself. The rows of
one factor are taken as known when those of another are judged, so errors are lower bounds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from trialtensor.solvers.ridge import row_strengths
from trialtensor.solvers.row_updates import solve_rows

# Predictions are taken to be at least this large, relative to what the model says of what was seen.
_SILENT = 0.1


@dataclass(frozen=True, eq=False)
class Determination:
    """What a fit says about missing entries, and how far that is uncertain.

    Attributes
    ----------
    open_shares : dict
        Array index -> (n_rows,) array: the share of what is expected of each row's missing
        entries that the model can't know, 0 to 1; 0 where nothing is missing.
    noise_share : float
        Squares that the noise of observed entries put into the prediction of missing entries,
        relative to all of the prediction. From one half on, predicting zero would be better.
    """

    open_shares: Mapping[int, np.ndarray]
    noise_share: float


def determination(
    observed: Mapping[int, np.ndarray],
    everything: Mapping[int, np.ndarray],
    factors: Sequence[np.ndarray],
    strengths: Mapping[int, np.ndarray],
    noise: float,
    missing_per_observed: float,
) -> Determination:
    """Judge how far the rows of all factors are determined.

    Parameters
    ----------
    observed, everything : dicts of (n_rows, R, R) or (1, R, R) arrays
        Gram matrices over the observed entries, as :func:`trialtensor.solvers.ridge.row_grams`
        returns, and over all of them.
    factors : (n_rows, R) arrays
    strengths : dict of (n_rows,) or (1,) arrays
        The ridge of each row.
    noise : float
        Variance of an observed entry about the model.
    missing_per_observed : float
        Number of missing entries for each observed one.
    """
    shares, from_noise, predicted, fitted = {}, 0.0, 0.0, 0.0
    for mode, grams in observed.items():
        missing = everything[mode] - grams
        rows = factors[mode].astype(np.float64, copy=False)
        said = np.maximum(np.einsum("ir,irs,is->i", rows, _rows_of(missing, rows), rows), 0)
        unknown, noisy = (
            np.broadcast_to(noise * each, said.shape)
            for each in _errors(grams, strengths[mode], missing)
        )
        total = unknown + said
        shares[mode] = np.divide(unknown, total, out=np.zeros_like(total), where=total > 0)
        from_noise += float(noisy.sum())
        predicted = max(predicted, float(said.sum()))
        fitted = max(fitted, float(np.einsum("ir,irs,is->", rows, _rows_of(grams, rows), rows)))
    # Where next to nothing is expected, as of a silent neuron, a little noise is no fault.
    least = _SILENT * fitted * missing_per_observed
    size = max(predicted, least)
    return Determination(shares, min(from_noise / size, 1.0) if size > 0 else 0.0)


def _rows_of(grams: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return np.broadcast_to(grams, (len(rows), *grams.shape[1:]))


def _errors(
    observed: np.ndarray, strength: np.ndarray, missing: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return each row's squared error on missing entries in units of noise, all and from noise.

    With ``A = inv(H + ridge)`` these are ``trace(M A)`` and ``trace(M A H A)``.
    """
    rank = observed.shape[-1]
    whole = observed + strength[:, None, None] * np.eye(rank)
    inverse = np.linalg.pinv(whole, rcond=1e-12, hermitian=True)
    unknown = np.einsum("irs,irs->i", inverse, missing)
    spread = inverse @ observed @ inverse
    return np.maximum(unknown, 0), np.maximum(np.einsum("irs,irs->i", spread, missing), 0)


def solve_open_rows(
    grams: np.ndarray,
    rhs: np.ndarray,
    ridge: np.ndarray | None,
    missing: np.ndarray,
    *,
    nonnegative: bool,
) -> np.ndarray:
    """Solve row problems exactly, with a ridge on rows that the observed entries hardly determine.

    Parameters
    ----------
    grams : (1 or n_rows, R, R) array
        Gram matrices over the observed entries.
    rhs : (n_rows, R) array
    ridge : (R,) array or None
        Strength of the ridge of each component, on an undetermined row; None for no ridge, 0 for a
        component of zeros.
    missing : (n_rows,) array
        Share of missing entries of each row.
    nonnegative : bool

    Returns
    -------
    (n_rows, R) array
    """
    alive = np.zeros(rhs.shape[1], bool) if ridge is None else np.isfinite(ridge) & (ridge > 0)
    if ridge is None or not alive.any() or not missing.any():
        return solve_rows(grams, rhs, nonnegative=nonnegative)
    root = ridge[alive].astype(np.float64) ** -0.5
    across = grams[np.ix_(np.arange(len(grams)), alive, alive)] * (root[:, None] * root)
    strength = row_strengths(across, 1.0, missing)
    if not strength.any():
        return solve_rows(grams, rhs, nonnegative=nonnegative)
    scaled = across + strength[:, None, None] * np.eye(len(root))
    # In double precision, because the scale of a component that the ridge holds down may be tiny.
    solved = solve_rows(scaled, rhs[:, alive] * root, nonnegative=nonnegative)
    found = np.zeros_like(rhs)
    found[:, alive] = solved * root
    return found
