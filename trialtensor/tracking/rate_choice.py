"""Whether a series follows a perturbation, and with how many rates, in noise that may drift."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.special import logsumexp

from trialtensor.data.arrays import exponent_of, scaled
from trialtensor.tracking.rate_fitting import Grid, RateProblem, solve
from trialtensor.tracking.rate_models import ONE_RATE, TWO_RATE, RateModel
from trialtensor.tracking.rate_noise import Whitening, kinds

MODELS: dict[str, RateModel] = {"one rate": ONE_RATE, "two rates": TWO_RATE["parallel"]}
EVERY = 8
N_STARTS = 6
TOL = 1e-5  # of losses: a likelihood needs no more


def criteria(
    y: np.ndarray, perturbation: np.ndarray, scale: float | None = None
) -> dict[str, float]:
    """Return Schwarz's criterion of no learner, one and two rates, over all kinds of noise.

    What is no learner may still drift: the noise about each is white, slow, or a walk (see
    `rate_noise.kinds`), and the likelihoods of all kinds are averaged. So a learner must do better
    than any drift that has nothing to do with the perturbation. The offset and the variance are
    integrated out (restricted likelihood, Patterson & Thompson 1971), since a walk has no level;
    other parameters cost Schwarz's penalty (see `_penalties`).

    Parameters
    ----------
    y, perturbation : (n_trials,) arrays
    scale : float, optional
        Where it is known.

    Returns
    -------
    dict of str -> float
        Smaller is better. Only ``"none"`` for a series that doesn't vary.
    """
    shown, told = exponent_of(y), exponent_of(perturbation)
    y, perturbation = (
        # Some NaN of files in other languages warn in every product.
        scaled(np.where(np.isnan(each), np.nan, each), -exponent)
        for each, exponent in ((y, shown), (perturbation, told))
    )
    seen = np.isfinite(y)
    if not np.nanstd(y) > 0:
        return {"none": 0.0}
    affine = ("offset",) if scale is not None else ("scale", "offset")
    known = 1.0 if scale is None else float(scaled(scale, told - shown))
    problems = {
        name: RateProblem(model, perturbation, y, seen.astype(float), affine, known)
        for name, model in MODELS.items()
    }
    searches = [_Search(problem) for problem in problems.values()]
    floor = 1e-20 * float(np.nansum(y**2))
    evidence = []
    for prior, noise in kinds(seen):
        losses = [_loss_of_level(y, noise), *(search.loss(noise) for search in searches)]
        level = float((noise(np.ones((len(y), 1))) ** 2).sum())
        constant = np.log(prior) - (noise.log_determinant + np.log(level)) / 2
        likelihood = constant - (seen.sum() - 1) / 2 * np.log(np.maximum(losses, floor))
        evidence.append(likelihood - _penalties(problems, seen.sum(), level) / 2)
    found = -2 * logsumexp(evidence, axis=0)
    return dict(zip(("none", *MODELS), found.tolist(), strict=True))


def _penalties(problems: dict[str, RateProblem], n: int, level: float) -> np.ndarray:
    """Return Schwarz's penalty of no learner, one and two rates.

    A learner sets in with the perturbation, abruptly, and every trial tells of that. How its
    adaptation goes on, with one rate or two, is as slow as slow noise: those parameters count as
    many trials as independent ones would tell the level as well, ``level``.
    """
    one, two = (len(problem.names) - 1 for problem in problems.values())
    first = one * np.log(n)
    return np.array([0.0, first, first + (two - one) * np.log(np.clip(level, 2, n))])


class _Search:
    """Fits of one model in one kind of noise after the other.

    Kinds that follow each other are alike, and so are the best rates: most fits start from those
    of the kind before and of white noise, and only one in `EVERY` from the grid.
    """

    def __init__(self, problem: RateProblem) -> None:
        self.problem, self.grid = problem, Grid(problem)
        self.known: list[dict[str, float]] = []
        self.n_fits = 0

    def loss(self, noise: Whitening) -> float:
        """Return the least whitened sum of squares."""
        problem = replace(self.problem, noise=noise)
        starts = list(self.known)
        if self.n_fits % EVERY == 0:
            starts += self.grid.starts(problem, N_STARTS)
        found = min(
            (solve(problem, start, tol=TOL) for start in starts), key=lambda each: each.loss
        )
        self.n_fits += 1
        self.known = [*self.known[:1], found.parameters]
        return found.loss


def _loss_of_level(y: np.ndarray, noise: Whitening) -> float:
    """Return the whitened sum of squares about the best level."""
    target, one = noise(np.column_stack([np.nan_to_num(y), np.ones(len(y))])).T
    rest = target - one * (one @ target) / (one @ one)
    return float(rest @ rest)
