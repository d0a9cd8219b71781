"""Search for the transitions of one or several series, by coordinates."""

from __future__ import annotations

from dataclasses import dataclass
from math import lgamma

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

from trialtensor.kernels.transition_scans import transition_shape
from trialtensor.tracking.transitions.evidence import SeriesEvidence
from trialtensor.tracking.transitions.prior import Prior, log_prior_of_number
from trialtensor.tracking.transitions.sharing import gain_by_sharing

Transition = tuple[int, float]  # onset and time constant

MAX_ROUNDS = 6
MAX_HALVINGS = 8
SHARP = 3  # halvings after which time constants are known well enough for a grid to be coarse
PATIENCE = 2
# Neighbours on the grid of time constants may differ by so much in log evidence.
FINE = 1.0


@dataclass(frozen=True, eq=False)
class Solution:
    """The most likely transitions of a given number.

    Attributes
    ----------
    transitions : list of (int, float)
        Onset and time constant, by onset.
    log_evidence : float
        Of this number of transitions, wherever they are: the peak, times what the others leave of
        the width of each.
    """

    transitions: list[Transition]
    log_evidence: float


class Search:
    """Evidence of several series that change together, and its maxima."""

    def __init__(self, series: list[SeriesEvidence], prior: Prior) -> None:
        self.series, self.prior = series, prior
        self.n_trials = len(prior.counts)
        self.use(prior.taus())

    def use(self, taus: np.ndarray) -> None:
        """Set the grid of time constants."""
        for filters in {id(each.filters): each.filters for each in self.series}.values():
            filters.use(taus)
        self.taus = self.series[0].filters.taus
        self.log_prior = self.prior.log(self.taus)
        self._known: dict[tuple[Transition, ...], np.ndarray] = {}

    def forget(self) -> None:
        """Forget what was computed of series that have changed since."""
        self._known = {}

    def columns(self, transitions: list[Transition]) -> np.ndarray:
        """Return the shape of each transition, ``(n_transitions, n_trials)``."""
        shapes = [transition_shape(onset, tau, self.n_trials) for onset, tau in transitions]
        return np.array(shapes).reshape(len(shapes), self.n_trials)

    def score(self, transitions: list[Transition]) -> float:
        """Return the log evidence of given transitions, over kinds of noise."""
        columns = self.columns(transitions)
        return float(sum(logsumexp(each.kinds(columns)) for each in self.series))

    def conditional(self, others: list[Transition]) -> np.ndarray:
        """Return the log evidence of one more transition, ``(n_taus, n_trials)``."""
        key = tuple(sorted(others))
        if key not in self._known:
            self._known[key] = self._scan(others)
        return self._known[key]

    def _scan(self, others: list[Transition]) -> np.ndarray:
        columns = self.columns(others)
        for each in self.series:
            each.consider(columns)
        free = self.prior.apart(self.taus, others) if others else True
        while True:
            total = np.sum([each.scan(columns) for each in self.series], axis=0)
            total = np.where(free, total, -np.inf)
            best = self._peak(total)
            # With it, other kinds of noise may be likely than without.
            if best is None:
                return total
            columns_then = self.columns([*others, best])
            if not any([each.consider(columns_then) for each in self.series]):
                return total

    def best(self, others: list[Transition], among: np.ndarray | None = None) -> Transition | None:
        """Return the most likely further transition, or None if there is no room.

        ``among`` says which time constants of the grid are possible.
        """
        conditional = self.conditional(others)
        if among is not None:
            conditional = np.where(among[:, None], conditional, -np.inf)
        return self._peak(conditional)

    def _peak(self, conditional: np.ndarray) -> Transition | None:
        joint = conditional + self.log_prior
        j, onset = np.unravel_index(int(np.argmax(joint)), joint.shape)
        return (int(onset), float(self.taus[j])) if np.isfinite(joint[j, onset]) else None

    def improve(self, transitions: list[Transition]) -> list[Transition]:
        """Move each transition to where it is most likely, given the others, until none moves."""
        for _ in range(MAX_ROUNDS):
            before = list(transitions)
            for i in range(len(transitions)):
                found = self.best(transitions[:i] + transitions[i + 1 :])
                if found is not None:
                    transitions = [*transitions[:i], found, *transitions[i + 1 :]]
            if transitions == before:
                break
        return transitions

    def refine(self, transitions: list[Transition]) -> list[Transition]:
        """Make the grid of time constants fine enough for these transitions, and improve them."""
        if self.prior.given is not None:
            return transitions
        for halving in range(MAX_HALVINGS):
            added = set()
            for i, (onset, tau) in enumerate(transitions):
                profile = self.conditional(transitions[:i] + transitions[i + 1 :])[:, onset]
                added |= self._between(tau, profile)
            if not added:
                break
            self.use(np.array(sorted(added)))
            transitions = self.improve(transitions)
            if halving >= SHARP:
                transitions = self.polish(transitions)
                self.use(np.array([tau for _, tau in transitions]))
        return transitions

    def polish(self, transitions: list[Transition]) -> list[Transition]:
        """Move time constants to their maximum between neighbours on the grid."""
        for i, (_, tau) in enumerate(transitions):
            if 0 < tau < np.inf and self.prior.given is None:
                transitions = self._polish_one(transitions, i)
        return transitions

    def _polish_one(self, transitions: list[Transition], i: int) -> list[Transition]:
        onset, tau = transitions[i]
        j = int(np.searchsorted(self.taus, tau))
        low, high = self.taus[j - 1], self.taus[j + 1]
        ends = np.log([low if low > 0 else tau, high if high < np.inf else tau * 2])

        def moved(log_tau: float) -> list[Transition]:
            return [*transitions[:i], (onset, float(np.exp(log_tau))), *transitions[i + 1 :]]

        found = minimize_scalar(
            lambda log_tau: -self.score(moved(log_tau)),
            bounds=ends,
            method="bounded",
            options={"xatol": 1e-7},
        )
        better = -found.fun >= self.score(transitions)
        return moved(found.x) if better else transitions

    def _between(self, tau: float, profile: np.ndarray) -> set[float]:
        """Return time constants to add next to one whose neighbours are too far away."""
        if not 0 < tau < np.inf:
            return set()
        j, added = int(np.searchsorted(self.taus, tau)), set()
        for k in (j - 1, j + 1):
            other = self.taus[k]
            known = np.isfinite(profile[j]) and np.isfinite(profile[k])
            if 0 < other < np.inf and known and profile[j] - profile[k] >= FINE:
                added.add(float(np.sqrt(tau * other)))
        return added

    def solve(self, n_max: int) -> list[Solution]:
        """Return the best solution of each number of transitions, from none to ``n_max``.

        Two transitions may show only together, so a number that is worse than the one before isn't
        the end, but two in a row are.
        """
        solutions = [Solution([], self.score([]) + self._shared([]))]
        for _ in range(n_max):
            evidence = [each.log_evidence for each in solutions]
            if len(evidence) - 1 - int(np.argmax(evidence)) >= PATIENCE:
                break
            known = solutions[-1].transitions
            found = self.best(known)
            if found is None:
                break
            transitions = self.refine(self.improve([*known, found]))
            solutions.append(self.solution(transitions))
        return solutions

    def solution(self, transitions: list[Transition]) -> Solution:
        """Return the evidence of a number of transitions, from the best ones."""
        peak, volume = -np.inf, 0.0
        for i, (onset, tau) in enumerate(transitions):
            conditional = self.conditional(transitions[:i] + transitions[i + 1 :])
            peak = conditional[int(np.searchsorted(self.taus, tau)), onset]
            if not np.isfinite(peak):
                return Solution(sorted(transitions), -np.inf)
            volume += float(logsumexp(conditional + self.log_prior)) - peak
        n = len(transitions)
        evidence = float(peak + volume + lgamma(n + 1) + log_prior_of_number(n))
        return Solution(sorted(transitions), evidence + self._shared(transitions))

    def _shared(self, transitions: list[Transition]) -> float:
        """Return what several series say together, beyond what each says."""
        several = len(self.series) > 1
        return gain_by_sharing(self.series, self.columns(transitions)) if several else 0.0
