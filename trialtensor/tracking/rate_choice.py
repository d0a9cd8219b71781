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
    other parameters cost Schwarz's penalty.

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
    y, perturbation = scaled(y, -shown), scaled(perturbation, -told)
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
        constant = np.log(prior) - _log_volume(noise) / 2
        evidence.append(constant - (seen.sum() - 1) / 2 * np.log(np.maximum(losses, floor)))
    found = logsumexp(evidence, axis=0)
    counts = [0, *(len(each.names) - 1 for each in problems.values())]
    return {
        name: float(count * np.log(seen.sum()) - 2 * each)
        for name, count, each in zip(("none", *MODELS), counts, found, strict=True)
    }


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


def _log_volume(noise: Whitening) -> float:
    """Return the logarithms of determinants that a restricted likelihood divides by."""
    one = noise(np.ones((len(noise.root), 1)))
    return noise.log_determinant + float(np.log((one**2).sum()))
