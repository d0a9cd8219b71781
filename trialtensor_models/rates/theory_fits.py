"""Fits of a theory to behaviour, by maximum likelihood."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import least_squares
from scipy.stats import t as t_distribution

from trialtensor.data.parameters import check_instance, check_share
from trialtensor.data.shown import OneLine
from trialtensor_models.rates.behaviour import Behaviour
from trialtensor_models.rates.theory_specs import TheorySpec

MIN_SUBJECTS = 5  # whose spread says how certain a parameter is
_STEP = 1e-4  # of derivatives
_N_POINTS, _N_BEST = 1024, 12
_VAGUE = 10.0  # logits or logarithms: what is known of a parameter that nothing tells of


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class TheoryFit(OneLine):
    """A theory with the parameters that fit behaviour best.

    Attributes
    ----------
    theory : str
    parameters : dict of float
    intervals : dict of (float, float)
        For each of the parameters, at `level`.
    noise : float
        Standard deviation of a movement about what is expected, in the unit of the perturbation.
    scale : float
        The largest perturbation in the behaviour that was fitted.
    log_likelihood, bic : float
        The criterion counts the parameters and the noise; smaller is better.
    n_observations : int
    level : float
    """

    theory: str
    parameters: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    noise: float
    scale: float
    log_likelihood: float
    bic: float
    n_observations: int
    level: float
    spec: TheorySpec = field(repr=False)

    def predict(self, behaviour: Behaviour) -> np.ndarray:
        """Expect movements from what happens on the trials, (n_subjects, n_trials).

        Parameters
        ----------
        behaviour : Behaviour
            Other subjects or trials. Its adaptation isn't used.
        """
        return self.spec.predict(self.parameters, behaviour, self.scale)

    def log_density(self, behaviour: Behaviour) -> np.ndarray:
        """Logarithm of the density of each movement, (n_subjects, n_trials).

        Parameters
        ----------
        behaviour : Behaviour
            NaN where its adaptation is missing.
        """
        gap = behaviour.adaptation - self.predict(behaviour)
        return -0.5 * (gap / self.noise) ** 2 - np.log(self.noise) - 0.5 * np.log(2 * np.pi)


def fit_theory(
    spec: TheorySpec,
    behaviour: Behaviour,
    *,
    level: float = 0.95,
    starts: Iterable[dict[str, float]] | None = None,
    intervals: bool = True,
) -> TheoryFit:
    """Fit the parameters that all subjects share, and the noise.

    Movements are independent and normal about the adaptation that the theory has without noise.
    What learners make of their own noise, of movements or of feedback, is left out of the
    likelihood, alike for all theories: the noise is what movements differ by.

    Parameters
    ----------
    spec : TheorySpec
    behaviour : Behaviour
    level : float
        Of the intervals.
    starts : iterable of dict, optional
        Values to start from; several of the theory's own by default.
    intervals : bool
        Whether to compute them; they are empty otherwise.

    Returns
    -------
    TheoryFit

    Raises
    ------
    ValueError
        If ``level`` is no share.

    Notes
    -----
    Intervals are by Student's t on a logit or logarithmic scale. From five subjects on their
    standard errors are those of a jackknife over subjects, by one Newton step each, so subjects may
    differ and their noise may drift; for fewer those of independent noise. A parameter that
    behaviour says nothing of has an interval over all of its range.
    """
    check_share("level", level)
    check_instance("behaviour", behaviour, Behaviour, "a Behaviour")
    scale = behaviour.size
    problem = _Problem(spec, behaviour, scale)
    tried = [problem.solve(start) for start in (starts or problem.starts())]
    free, loss = min(tried, key=lambda each: each[1])
    values = spec.values(free)
    n, k = problem.n, len(free)
    variance = max(2 * loss / n, np.finfo(float).tiny)
    log_likelihood = -n / 2 * (np.log(2 * np.pi * variance * scale**2) + 1)
    return TheoryFit(
        theory=spec.name,
        parameters=values,
        intervals=problem.intervals(values, level) if intervals else {},
        noise=float(np.sqrt(variance * n / max(n - k, 1)) * scale),
        scale=scale,
        log_likelihood=float(log_likelihood),
        bic=float((k + 1) * np.log(n) - 2 * log_likelihood),
        n_observations=n,
        level=level,
        spec=spec,
    )


class _Problem:
    """Residuals of the observed movements, as shares of the perturbation."""

    def __init__(self, spec: TheorySpec, behaviour: Behaviour, scale: float) -> None:
        self.spec, self.behaviour, self.scale = spec, behaviour, scale
        self.seen = np.isfinite(behaviour.adaptation)
        self.subject = np.nonzero(self.seen)[0]
        self.n = int(self.seen.sum())

    def residuals(self, values: dict[str, float]) -> np.ndarray:
        gap = self.spec.predict(values, self.behaviour, self.scale) - self.behaviour.adaptation
        # Where a theory diverges it's wrong, not infinitely so.
        return np.clip(np.nan_to_num(gap[self.seen], nan=1e3), -1e6, 1e6) / self.scale

    def starts(self) -> list[dict[str, float]]:
        """The theory's own, and the best of many points."""
        points = self.spec.more_starts(_N_POINTS)
        losses = [np.sum(self.residuals(each) ** 2) for each in points]
        best = np.argsort(losses, kind="stable")[:_N_BEST]
        return [*self.spec.starts, *(points[i] for i in best)]

    def solve(self, start: dict[str, float]) -> tuple[np.ndarray, float]:
        low, high = self.spec.bounds
        at = np.clip(self.spec.free(start), low + 1e-6, high - 1e-6)
        found = least_squares(
            lambda free: self.residuals(self.spec.values(free)),
            at,
            bounds=(low, high),
            diff_step=_STEP,
            x_scale=1.0,
            ftol=1e-7,
            xtol=1e-6,
            gtol=1e-9,
            max_nfev=60,
        )
        return found.x, float(found.cost)

    def intervals(self, values: dict[str, float], level: float) -> dict[str, tuple[float, float]]:
        at = self.spec.natural(values)
        error, freedom = self._errors(at)
        half = t_distribution.ppf((1 + level) / 2, freedom) * error
        ends = [self.spec.of_natural(at + side * half) for side in (-1, 1)]
        return {name: self._inside(name, *(end[name] for end in ends)) for name in values}

    def _inside(self, name: str, low: float, high: float) -> tuple[float, float]:
        """An interval, no longer than the range that is searched."""
        least, most = self.spec.positive.get(name, (0.0, 1.0))
        return max(low, least), min(high, most)

    def _errors(self, at: np.ndarray) -> tuple[np.ndarray, int]:
        """Standard errors of coordinates of each parameter on its own, and their freedom."""
        residuals = self.residuals(self.spec.of_natural(at))
        slopes = np.column_stack([self._slope(at, i) for i in range(len(at))])
        variance = max(residuals @ residuals / max(self.n - len(at), 1), 1e-30)
        vague = variance / _VAGUE**2 * np.eye(len(at))
        information = slopes.T @ slopes + vague
        n_subjects = self.behaviour.n_subjects
        if n_subjects < MIN_SUBJECTS:
            covariance = variance * np.linalg.inv(information)
            return np.sqrt(np.diag(covariance)), max(self.n - len(at), 1)
        steps = np.empty((n_subjects, len(at)))
        for subject in range(n_subjects):
            own = slopes[self.subject == subject]
            score = own.T @ residuals[self.subject == subject]
            steps[subject] = np.linalg.solve(information - own.T @ own, score)
        steps -= steps.mean(axis=0)
        spread = (n_subjects - 1) / n_subjects * (steps**2).sum(axis=0)
        # Subjects agree on what none of them tells.
        inverse = np.linalg.inv(information)
        untold = variance * np.diag(inverse @ vague @ inverse)
        return np.sqrt(spread + untold), n_subjects - 1

    def _slope(self, at: np.ndarray, i: int) -> np.ndarray:
        step = np.zeros(len(at))
        step[i] = _STEP
        ends = [self.residuals(self.spec.of_natural(at + side * step)) for side in (-1, 1)]
        return (ends[1] - ends[0]) / (2 * _STEP)
