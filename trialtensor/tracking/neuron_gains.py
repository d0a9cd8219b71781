"""Gains of components between two runs of trials, when every neuron also has a gain of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.stats

from trialtensor.tracking.strengths import Strengths

TAILS = 3.0  # degrees of freedom of the neurons' own gains: some fall silent
MIN_NEURONS = 8  # so that sign flips can be certain
N_ITERATIONS = 30
ALL = -1  # the gain of all neurons, among the numbers of components
# A term: neurons change along one component's time course in proportion to their strength in
# another, or in the same; ``(ALL, ALL)`` is a gain of all that a neuron does.
Term = tuple[int, int]


@dataclass(frozen=True, eq=False)
class NeuronChange:
    """What changes in every neuron from some trials to others.

    Attributes
    ----------
    before, after : slice
        The trials.
    neurons : (n_neurons,) bool array
        Those that were recorded enough in both, of all; the other arrays are of these alone.
    strength, change : (n, R) arrays
        Mean of both, and difference. Both are used alike, so that what a neuron's strength says
        is the same whether it went up or down.
    precision : (n, R, R) array
        Inverse covariance of the noise in ``change``.
    """

    before: slice
    after: slice
    neurons: np.ndarray
    strength: np.ndarray
    change: np.ndarray
    precision: np.ndarray

    def among_all(self, values: np.ndarray) -> np.ndarray:
        """Return values of these neurons among all, zero for the others."""
        found = np.zeros((len(self.neurons), *values.shape[1:]))
        found[self.neurons] = values
        return found

    def columns(self, terms: Sequence[Term]) -> np.ndarray:
        """Return how each neuron would change by each term, (n, R, n_terms)."""
        columns = np.zeros((*self.strength.shape, len(terms)))
        for i, (neurons_of, course_of) in enumerate(terms):
            if neurons_of == ALL:
                columns[:, :, i] = self.strength
            else:
                columns[:, course_of, i] = self.strength[:, neurons_of]
        return columns


def neuron_change(data: Strengths, before: slice, after: slice, min_trials: int) -> NeuronChange:
    """Compare the strengths of all neurons before and after a change.

    Parameters
    ----------
    data : Strengths
    before, after : slice
        Trials.
    min_trials : int
        With data, that a neuron needs in both.
    """
    enough = (data.seen[before].sum(axis=0) >= min_trials) & (
        data.seen[after].sum(axis=0) >= min_trials
    )
    own = data.of(enough)
    early, first = own.during(before)
    late, second = own.during(after)
    covariance = np.linalg.inv(first) + np.linalg.inv(second)
    precision = np.linalg.inv(covariance) / data.noise[enough][:, None, None]
    return NeuronChange(before, after, enough, (early + late) / 2, late - early, precision)


@dataclass(frozen=True, eq=False)
class GainFit:
    """Gains of some terms, fitted together with a gain for every neuron.

    Attributes
    ----------
    change : NeuronChange
    terms : tuple of (int, int)
    gains : (n_terms,) array
        Relative to the mean of before and after.
    own : (n,) array
        Share of a neuron's precision that its own gain takes away.
    residual : (n, R) array
        What is left of the changes.
    spread : float
        Standard deviation of the neurons' own gains.
    """

    change: NeuronChange
    terms: tuple[Term, ...]
    gains: np.ndarray
    own: np.ndarray
    residual: np.ndarray
    spread: float

    def weighted(self, columns: np.ndarray) -> np.ndarray:
        """Multiply ``(n, R, m)`` columns with the precision, neurons' own gains included."""
        told = self.change.precision @ columns
        along = np.einsum("nr,nrm->nm", self.change.strength, told)
        base = np.einsum("nrq,nq->nr", self.change.precision, self.change.strength)
        return np.asarray(told - (self.own[:, None] * along)[:, None, :] * base[:, :, None])

    def weights(self, term: Term, free: np.ndarray | None = None) -> tuple[np.ndarray, float]:
        """Return what a term's gain is a sum of, given the others: weights (n, R), information.

        Parameters
        ----------
        term : (int, int)
        free : (R,) array, optional
            Variances of gains that the components have by chance, without being terms.
        """
        others = [each for each in self.terms if each != term]
        penalty = [0.0] * len(others)
        if free is not None:
            more = [(r, r) for r in range(len(free)) if (r, r) not in (term, *others)]
            others, penalty = others + more, penalty + [1 / free[r] for r, _ in more]
        columns = self.change.columns([*others, term])
        weighted = self.weighted(columns)
        products = np.einsum("nri,nrj->ij", columns, weighted)
        known, own = products[:-1, :-1] + np.diag(penalty), products[:-1, -1]
        share = np.linalg.lstsq(known, own, rcond=1e-8)[0] if others else np.zeros(0)
        return weighted[:, :, -1] - weighted[:, :, :-1] @ share, float(
            products[-1, -1] - own @ share
        )


def fit_gains(change: NeuronChange, terms: Sequence[Term]) -> GainFit:
    """Fit gains of terms, with heavy-tailed gains of the neurons as random effects.

    Alternates between generalised least squares for the terms and expectation-maximisation for the
    neurons' own gains, which follow a t distribution: a scale mixture, in which a neuron that falls
    silent gets a large variance and so says nothing.

    Parameters
    ----------
    change : NeuronChange
    terms : sequence of (int, int)

    References
    ----------
    Pinheiro, Liu & Wu 2001, J. Comput. Graph. Stat. 10, 249
    """
    strength, precision = change.strength, change.precision
    base = np.einsum("nrq,nq->nr", precision, strength)
    information = np.maximum(np.einsum("nr,nr->n", base, strength), np.finfo(float).tiny)
    columns = change.columns(terms)
    along = np.einsum("nr,nrm->nm", base, columns)
    told = precision @ columns
    products = np.einsum("nri,nrj->ij", columns, told)
    goal = np.einsum("nrm,nr->m", told, change.change)
    own_change = np.einsum("nr,nr->n", base, change.change)
    gains, variance = np.zeros(len(terms)), 0.01
    certainty = np.ones(len(strength))
    for _ in range(N_ITERATIONS):
        prior = variance / certainty
        own = prior / (1 + prior * information)
        if len(terms):
            gains = np.linalg.lstsq(
                products - along.T @ (own[:, None] * along),
                goal - along.T @ (own * own_change),
                rcond=1e-10,
            )[0]
        # own = 1 / (information + 1 / prior), the posterior variance of a neuron's gain
        gain = own * (own_change - along @ gains)
        square = gain**2 + own
        certainty = (TAILS + 1) / (TAILS + square / variance)
        variance = max(float(np.mean(certainty * square)), 1e-6)
    residual = change.change - columns @ gains
    return GainFit(change, tuple(terms), gains, own, residual, float(np.sqrt(variance)))


@dataclass(frozen=True, eq=False)
class GainTest:
    """Test of the gain of one term.

    Attributes
    ----------
    p_neurons : float
        Whether neurons agree: by flipping the sign of what each says.
    gain : float
        Relative to the mean of before and after.
    evidence : float
        Its square in units of its variance.
    """

    p_neurons: float
    gain: float
    evidence: float
    _fit: GainFit
    _term: Term
    _data: Strengths

    @cached_property
    def course(self) -> np.ndarray:
        """Strength on each trial, as neurons agree on it, relative to its mean; NaN without data.

        Components that aren't terms may vary by as much as they do from trial to trial.
        """
        change = self._fit.change
        lengths = [each.stop - each.start for each in (change.before, change.after)]
        chance = np.maximum(self._data.fluctuation * sum(1 / n for n in lengths), 1e-9)
        weights, _ = self._fit.weights(self._term, chance)
        expected = np.einsum("nr,nr->n", weights, change.columns([self._term])[:, :, 0])
        found = np.tensordot(self._data.deviations, change.among_all(weights), axes=2)
        known = self._data.seen @ change.among_all(expected)
        enough = known > 0.2 * expected.sum()
        return np.where(enough, 1 + found / np.where(enough, known, 1), np.nan)

    @cached_property
    def p_trials(self) -> float:
        """Whether the course changes by more than it does from trial to trial."""
        change = self._fit.change
        return _p_of_difference(self.course[change.before], self.course[change.after])

    @cached_property
    def p_value(self) -> float:
        """Whether the gain exceeds what neurons and trials do by chance, together.

        If neurons change one by one it is off by as much as their sign flips tell, and because
        components vary from trial to trial it is off as well: the variances of both add up.
        """
        deviates = scipy.stats.norm.isf(np.clip([self.p_neurons, self.p_trials], 1e-300, 1) / 2)
        if deviates.min() <= 0:
            return 1.0
        return float(2 * scipy.stats.norm.sf(1 / np.sqrt((1 / deviates**2).sum())))

    def holds(self, level: float) -> bool:
        """Return whether the p value is at most this."""
        # The first is found at once.
        return self.p_neurons <= level and self.p_value <= level


def score_gain(fit: GainFit, term: Term, data: Strengths, flips: np.ndarray) -> GainTest:
    """Test a further gain given those that were fitted, over neurons and over trials.

    Each neuron's contribution to the score of this gain keeps its size and, if neurons change
    independently, its sign is arbitrary, whatever its distribution.

    Parameters
    ----------
    fit : GainFit
    term : (int, int)
    data : Strengths
    flips : (n_flips, n_all_neurons) array
        Signs.

    References
    ----------
    Hemerik, Goeman & Finos 2020, J. R. Stat. Soc. B 82, 841
    """
    change = fit.change
    weights, information = fit.weights(term)
    scores = np.einsum("nr,nr->n", weights, fit.residual)
    score = float(scores.sum())
    unit = np.abs(scores).max(initial=np.finfo(float).tiny)
    flipped = np.abs(flips @ change.among_all(scores / unit).astype(flips.dtype))
    n_as_far = int((flipped >= abs(score / unit) * (1 - 1e-5)).sum())
    known = information > 0
    return GainTest(
        p_neurons=(1 + n_as_far) / (1 + len(flips)),
        gain=score / information if known else 0.0,
        evidence=score**2 / information if known else 0.0,
        _fit=fit,
        _term=term,
        _data=data,
    )


def _p_of_difference(before: np.ndarray, after: np.ndarray) -> float:
    """Compare means of two runs of a series whose neighbours may resemble each other."""
    parts = [each[np.isfinite(each)] for each in (before, after)]
    if min(map(len, parts)) < 3:
        return 1.0
    rest = np.concatenate([each - each.mean() for each in parts])
    power = float(rest @ rest)
    difference = float(parts[1].mean() - parts[0].mean())
    if power <= 1e-24 * len(rest):
        return float(abs(difference) <= 1e-12)
    # Means that were taken off make neighbours look less alike.
    memory = float(np.clip(rest[1:] @ rest[:-1] / power + 2 / len(rest), 0, 0.98))
    slowness = (1 + memory) / (1 - memory)
    variance = power / (len(rest) - 2) * slowness * sum(1 / len(each) for each in parts)
    freedom = max(3.0, len(rest) / slowness - 2)
    return float(2 * scipy.stats.t.sf(abs(difference) / np.sqrt(variance), freedom))


def own_gains(change: NeuronChange) -> np.ndarray:
    """Return how much more each neuron does after than before, relative to their mean, (n,)."""
    base = np.einsum("nrq,nq->nr", change.precision, change.strength)
    information = np.einsum("nr,nr->n", base, change.strength)
    gains = np.einsum("nr,nr->n", base, change.change)
    return np.asarray(gains / np.maximum(information, np.finfo(float).tiny))
