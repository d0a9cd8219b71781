"""Do restarts agree, and by more than chance would have it?"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg
from scipy.optimize import linear_sum_assignment

from trialtensor.solvers.matching import cosines
from trialtensor.solvers.slices.diagnostics import subspace_overlap

Factors = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class Stability:
    """How far fits from different starts agree.

    Attributes
    ----------
    score : float
        Mean over all pairs of restarts of their match, 0 to 1.
    chance : float
        The same mean when one of each pair is replaced by an unrelated model of the same kind.
    corrected : float
        ``(score - chance) / (1 - chance)``: 0 is chance, 1 is the same model every time.
    by_component : (R,) array
        Corrected match of each component of the best restart with the others. Components of
        SliceTCA, trial-slicing ones first, are those of its gauge, matched within their type by
        their loadings; two of nearly the same size turn into each other, and match badly even where
        the subspaces, which ``score`` compares, are the same.
    pairs : (n_restarts, n_restarts) array
        Match of every pair, not corrected.
    """

    score: float
    chance: float
    corrected: float
    by_component: np.ndarray
    pairs: np.ndarray


def factor_match_score(first: Any, second: Any, *, weights: bool = False) -> float:
    """How well the components of two models match, 0 to 1.

    Components are paired so that the mean congruence (the product of the absolute cosines
    of their factors) is largest, by the Hungarian algorithm.

    Parameters
    ----------
    first, second : fitted TCA, Restart, or three (n_axis, R) factors
    weights : bool
        Lower the congruence of components whose weights differ, by the factor
        ``1 - |w1 - w2| / max(w1, w2)``; needs models, not bare factors.

    Returns
    -------
    float
        Not corrected for chance, see :func:`stability`.

    References
    ----------
    Acar, Dunlavy & Kolda 2011, "A scalable optimization approach for fitting canonical tensor
    decompositions".

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> factors = tuple(rng.normal(size=(n, 2)) for n in (5, 6, 7))
    >>> round(factor_match_score(factors, tuple(-f[:, ::-1] for f in factors)), 6)
    1.0
    """
    a, b = _factors(first), _factors(second)
    scales = (first.weights, second.weights) if weights else None
    if weights and hasattr(first, "weights_"):
        scales = (first.weights_, second.weights_)
    return float(_matched(_congruence(a, b, scales)).mean())


def stability(
    model: Any, *, n_null: int = 50, weights: bool = False, random_state: Any = 0
) -> Stability:
    """The agreement of all pairs of restarts of a model, corrected for chance.

    Unrelated non-negative models match well by chance (0.77 has been seen), and so do smooth ones.
    Chance is therefore estimated from the restarts themselves: of a pair, one keeps
    its factors and the other gets unrelated ones of the same shape, sign and smoothness (trial
    and time factors rotated by random offsets and reversed at random, neuron factors with
    their entries permuted, each component by itself).

    Parameters
    ----------
    model : fitted TCA or SliceTCA, or a list of Restart
        With at least two restarts.
    n_null : int
        Unrelated pairs to estimate chance from.
    weights : bool
        As in `factor_match_score`; for TCA only.
    random_state : int or Generator

    Returns
    -------
    Stability

    Raises
    ------
    ValueError
        For fewer than two restarts.

    Examples
    --------
    >>> from trialtensor import TCA, make_tca
    >>> X = make_tca(30, 20, 25, 2, snr=5.0, random_state=0).X
    >>> round(stability(TCA(2, n_init=4, random_state=0).fit(X)).corrected, 2)
    1.0
    """
    restarts = list(getattr(model, "restarts_", model))
    if len(restarts) < 2:
        raise ValueError(f"model: expected at least 2 restarts to compare, got {len(restarts)}")
    sliced = _are_slices(restarts)
    factors = [_seen(_factors(restart)) for restart in restarts]
    single = _loadings_match if sliced else _components_match(restarts, weights)
    overall = _overlap if sliced else single
    pairs = np.eye(len(restarts))
    for i, j in itertools.combinations(range(len(restarts)), 2):
        pairs[i, j] = pairs[j, i] = overall(factors[i], factors[j], (i, j)).mean()
    by_component = [single(factors[0], other, (0, j)) for j, other in enumerate(factors) if j]
    rng = np.random.default_rng(random_state)
    draws = _unrelated_pairs(factors, n_null, rng)
    chance = float(np.mean([overall(*pair) for pair in draws]))
    by_chance = np.mean([single(*pair) for pair in draws], axis=0)
    score = float(pairs[np.triu_indices(len(pairs), 1)].mean())
    own = _corrected(np.mean(by_component, axis=0), by_chance)
    return Stability(score, chance, float(_corrected(score, chance)), own, pairs)


def subspace_angles(first: Any, second: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Principal angles between the spaces that the loadings, or factors, of two models span.

    Rotations of components within a slicing type, which are a choice, change none of them.

    Parameters
    ----------
    first, second : fitted SliceTCA or TCA, Restart, or three (n_axis, R) matrices

    Returns
    -------
    trial, neuron, time : arrays
        Degrees, the largest first; as many as the smaller of the two spaces has dimensions.

    References
    ----------
    Knyazev & Argentati 2002, "Principal angles between subspaces in an A-based scalar product".

    Examples
    --------
    >>> none, axes = np.empty((3, 0)), np.eye(3)
    >>> tilted = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    >>> trial, neuron, _ = subspace_angles((axes[:, :2], none, none), (tilted, none, none))
    >>> trial.round(6).tolist(), neuron.tolist()
    ([45.0, 0.0], [])
    """
    pairs = zip(_factors(first), _factors(second), strict=True)
    trial, neuron, time = (
        np.degrees(scipy.linalg.subspace_angles(a, b)) if a.shape[1] and b.shape[1] else np.empty(0)
        for a, b in pairs
    )
    return trial, neuron, time


def _corrected(score: Any, chance: Any) -> Any:
    return (score - chance) / np.maximum(1 - chance, 1e-12)


def _unrelated_pairs(
    factors: Sequence[Factors], n_null: int, rng: np.random.Generator
) -> list[tuple[Factors, Factors, tuple[int, int]]]:
    """The best restart beside unrelated models."""
    pairs = []
    for _ in range(n_null):
        other = int(rng.integers(1, len(factors)))
        pairs.append((factors[0], unrelated(factors[other], rng), (0, other)))
    return pairs


def unrelated(factors: Factors, rng: np.random.Generator) -> Factors:
    """Factors of the same shape, sign and smoothness that have nothing to do with these."""
    trial, neuron, time = factors
    return _turned(trial, rng), rng.permuted(neuron, axis=0), _turned(time, rng)


def _turned(factor: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Every column rotated by an offset of its own, and reversed or not."""
    n, rank = factor.shape
    rows = (np.arange(n)[:, None] + rng.integers(n, size=rank)) % max(n, 1)
    turned = np.take_along_axis(factor, rows, axis=0)
    backwards = rng.random(rank) < 0.5
    turned[:, backwards] = turned[::-1, backwards]
    return turned


def _components_match(
    restarts: Sequence[Any], weights: bool
) -> Callable[[Factors, Factors, tuple[int, int]], np.ndarray]:
    def match(first: Factors, second: Factors, which: tuple[int, int]) -> np.ndarray:
        scales = (restarts[which[0]].weights, restarts[which[1]].weights) if weights else None
        return _matched(_congruence(first, second, scales))

    return match


def _overlap(first: Factors, second: Factors, _: tuple[int, int]) -> np.ndarray:
    return np.array([subspace_overlap(first, second)])


def _loadings_match(first: Factors, second: Factors, _: tuple[int, int]) -> np.ndarray:
    """Match of the components of SliceTCA, type by type."""
    return np.concatenate(
        [_matched(np.abs(cosines(a, b))) for a, b in zip(first, second, strict=True)]
    )


def _are_slices(restarts: Sequence[Any]) -> bool:
    """Whether restarts have loadings, of which each is a component, not factors."""
    counts = {factor.shape[1] for factor in _factors(restarts[0])}
    weights = getattr(restarts[0], "weights", None)
    return len(counts) > 1 or (weights is not None and {len(weights)} != counts)


def _matched(congruence: np.ndarray) -> np.ndarray:
    """Congruence of each component with its partner."""
    rows, columns = linear_sum_assignment(congruence, maximize=True)
    return congruence[rows, columns]


def _congruence(
    first: Factors, second: Factors, scales: tuple[np.ndarray, np.ndarray] | None
) -> np.ndarray:
    product = np.ones((first[0].shape[1], second[0].shape[1]))
    for ours, theirs in zip(first, second, strict=True):
        product = product * np.abs(cosines(ours, theirs))
    if scales is not None:
        a, b = np.asarray(scales[0])[:, None], np.asarray(scales[1])[None]
        product = product * (1 - np.abs(a - b) / np.maximum(np.maximum(a, b), 1e-300))
    return product


def _factors(model: Any) -> Factors:
    if hasattr(model, "trial_factors_"):
        return _seen((model.trial_factors_, model.neuron_factors_, model.time_factors_))
    trial, neuron, time = getattr(model, "factors", model)
    return _seen((np.asarray(trial), np.asarray(neuron), np.asarray(time)))


def _seen(factors: Factors) -> Factors:
    """Without the rows of slices that had no data."""
    trial, neuron, time = (f[np.isfinite(f).all(axis=1)] for f in factors)
    return trial, neuron, time
