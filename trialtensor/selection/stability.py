"""Agreement of restarts, corrected for chance."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trialtensor.alignment.factors import check_fitted, congruence
from trialtensor.data.shown import OneLine
from trialtensor.models.base import TrialEstimator
from trialtensor.models.fitted import Restart, comparable, different_starts
from trialtensor.models.parameters import REPEATS, check_flag, check_whole, generator
from trialtensor.models.verdict import about_unfinished
from trialtensor.selection.similarity import matched, weigh
from trialtensor.selection.unrelated_models import unrelated_pairs
from trialtensor.solvers.matching import cosines
from trialtensor.solvers.slices.diagnostics import subspace_overlap

# The known rows of the matrices of one restart.
Matrices = list[np.ndarray]
Match = Callable[[Matrices, Matrices, tuple[int, int]], np.ndarray]


@dataclass(frozen=True, eq=False, repr=False)
class Stability(OneLine):
    """Agreement of fits from different starts.

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
        their loadings; two of similar size can rotate into each other, and match badly even if the
        subspaces, which ``score`` compares, agree.
    pairs : (n_restarts, n_restarts) array
        Match of every pair, not corrected, of the restarts that were compared.
    """

    score: float
    chance: float
    corrected: float
    by_component: np.ndarray
    pairs: np.ndarray


def stability(
    model: TrialEstimator | Sequence[Restart],
    *,
    n_null: int = 50,
    weights: bool = False,
    random_state: Any = 0,
) -> Stability:
    """Compare all pairs of restarts of a model, and correct their agreement for chance.

    Unrelated non-negative models match well by chance (we have seen 0.77), and so do smooth ones,
    and those whose components all have the rates of the same neurons or the same envelope in time.
    Chance is therefore estimated from the restarts themselves: one of a pair keeps its factors and
    the other gets unrelated ones of the same shape, sign, smoothness and mean profile. Factors are
    divided by what all components have in common on their axis and multiplied by it afterwards; in
    between, trial and time factors are rotated by random offsets and reversed at random, and neuron
    factors have their entries permuted, independently for each component.

    Parameters
    ----------
    model : fitted model of any kind, or a list of Restart
        With at least two restarts that can be compared. Of those that began at the same place only
        the best counts, and of those that were stopped on the way (`Restart.finished`) none: their
        agreement means nothing.
    n_null : int
        Unrelated pairs to estimate chance from.
    weights : bool
        As in `factor_match_score`; not for SliceTCA.
    random_state : int or Generator

    Returns
    -------
    Stability

    Raises
    ------
    ValueError
        For fewer than two restarts that can be compared.

    Examples
    --------
    >>> from trialtensor import TCA, make_tca
    >>> X = make_tca(30, 20, 25, 2, snr=5.0, random_state=0).X
    >>> round(stability(TCA(2, n_init=4, random_state=0).fit(X)).corrected, 2)
    1.0
    """
    restarts = _restarts(model)
    check_whole("n_null", n_null, 1, REPEATS), check_flag("weights", weights)
    axes, joint = restarts[0].axes, restarts[0].joint
    if weights and not joint:
        raise ValueError(
            "weights: components of SliceTCA are compared as subspaces, which have no weights; "
            "leave it False"
        )
    factors = [_known(restart) for restart in restarts]
    single = _components_match(restarts, weights) if joint else _loadings_match
    overall = single if joint else _overlap
    pairs = np.eye(len(restarts))
    for i, j in itertools.combinations(range(len(restarts)), 2):
        pairs[i, j] = pairs[j, i] = overall(factors[i], factors[j], (i, j)).mean()
    by_component = [single(factors[0], other, (0, j)) for j, other in enumerate(factors) if j]
    draws = unrelated_pairs(factors, axes, n_null, generator(random_state), joint=joint)
    chance = float(np.mean([overall(*pair) for pair in draws]))
    by_chance = np.mean([single(*pair) for pair in draws], axis=0)
    score = float(pairs[np.triu_indices(len(pairs), 1)].mean())
    own = _corrected(np.mean(by_component, axis=0), by_chance)
    return Stability(score, chance, float(_corrected(score, chance)), own, pairs)


def _restarts(model: Any) -> list[Restart]:
    """Return the restarts that can be compared with each other."""
    if isinstance(model, (list, tuple)):
        restarts, whose = list(model), "the list"
    else:
        restarts, whose = check_fitted(model).record.restarts, type(model).__name__
    wrong = [each for each in restarts if not isinstance(each, Restart)]
    if wrong:
        raise ValueError(
            f"model: expected a fitted model or a list of Restart, got {type(wrong[0]).__name__} "
            "in the list"
        )
    if len(restarts) < 2:
        raise ValueError(
            f"model: expected at least 2 restarts to compare, but {whose} has {len(restarts)}; "
            "fit with n_init=2 or more"
        )
    if len(different_starts(restarts)) < 2:
        raise ValueError(
            f"model: expected restarts that began at different places, but all {len(restarts)} of "
            f"{whose} began at the same place, so their agreement means nothing"
        )
    compared = comparable(restarts)
    if len(compared) < 2:
        raise ValueError(
            f"model: expected restarts that were run to their end, but of {whose} only the best "
            f"was; {about_unfinished(restarts)}"
        )
    shapes = {(each.axes, each.joint, tuple(f.shape for f in each.factors)) for each in restarts}
    if len(shapes) > 1:
        raise ValueError("model: expected restarts of one fit, got matrices of different shapes")
    return compared


def _known(restart: Restart) -> Matrices:
    """Return the matrices of a restart without the rows of empty slices."""
    return [f[np.isfinite(f).all(axis=1)] for f in map(np.asarray, restart.factors)]


def _corrected(score: Any, chance: Any) -> Any:
    return (score - chance) / np.maximum(1 - chance, 1e-12)


def _components_match(restarts: Sequence[Restart], weights: bool) -> Match:
    def match(first: Matrices, second: Matrices, which: tuple[int, int]) -> np.ndarray:
        product = congruence(first, second)
        if weights:
            product = weigh(product, *(restarts[i].weights for i in which))
        return matched(product)

    return match


def _overlap(first: Matrices, second: Matrices, _: tuple[int, int]) -> np.ndarray:
    return np.array([subspace_overlap(first, second)])  # type: ignore[arg-type]


def _loadings_match(first: Matrices, second: Matrices, _: tuple[int, int]) -> np.ndarray:
    """Match components that are single columns, matrix by matrix."""
    return np.concatenate(
        [matched(np.abs(cosines(a, b))) for a, b in zip(first, second, strict=True)]
    )
