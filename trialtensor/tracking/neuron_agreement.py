"""How the neurons of one dataset explain each change that was found in a component."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.stats

from trialtensor.tracking.neuron_gains import (
    ALL,
    MIN_NEURONS,
    GainTest,
    NeuronChange,
    Term,
    fit_gains,
    neuron_change,
    own_gains,
    score_gain,
)
from trialtensor.tracking.strengths import Strengths
from trialtensor.tracking.transitions import transitions
from trialtensor.tracking.transitions.finding import MIN_TRIALS as FEWEST_TRIALS

MIN_TRIALS = 5  # before and after a change
COURSE_ALPHA = 0.2  # of the transition that the course of a component's neurons shows
MOST_TERMS = 3  # components, or all neurons, that explain one change before its own

CONFIRMED = "confirmed"
NOT_CONFIRMED = "not confirmed"
ALL_NEURONS = "all neurons together"
ALSO_SEEN = "also seen in"
NOT_TESTED = "not tested"


@dataclass(frozen=True, eq=False)
class Row:
    """One change, and what is known of it."""

    series: str
    trial: int
    verdict: str = NOT_TESTED
    others: tuple[str, ...] = ()
    gain: float = np.nan
    p_value: float = np.nan
    n_neurons: int = 0
    course: np.ndarray | None = None
    certain: str = NOT_CONFIRMED  # the verdict if p survives correction
    otherwise: str = NOT_CONFIRMED  # and if not


@dataclass(frozen=True, eq=False)
class Examiner:
    """Examines the changes of one dataset's components."""

    data: Strengths
    names: Mapping[int, str]
    flips: np.ndarray
    alpha: float

    def rows(self, name: str, component: int, onsets: list[int]) -> list[Row]:
        """Examine every change of a series."""
        rows = []
        edges = _edges(onsets, len(self.data.seen))
        for trial in onsets:
            row = Row(name, trial)
            if trial in edges and component in self.data.components:
                i = edges.index(trial)
                before, after = slice(edges[i - 1], trial), slice(trial, edges[i + 1])
                change = neuron_change(self.data, before, after, MIN_TRIALS)
                row = replace(row, n_neurons=len(change.change))
                own = self.data.components.index(component)
                # A component that turns from one sign to the other has no gain.
                if len(change.change) >= MIN_NEURONS and self.data.keeps_sign(own, before, after):
                    row = self._examined(row, own, change)
            rows.append(row)
        return rows

    def _examined(self, row: Row, own: int, change: NeuronChange) -> Row:
        """Explain what neurons do by as few gains as possible; see whether its own is one."""
        terms, tests, first = self._explained(own, change)
        test = tests[own]
        others = [each for each in terms if each != ALL]
        everyone = _everyone(change, [*others, own], self.alpha)
        row = replace(
            row,
            others=tuple(self.names[self.data.components[r]] for r in others),
            gain=test.gain,
            p_value=_p_value(test, self.alpha),
            course=test.course,
        )
        if row.p_value <= self.alpha:
            return replace(row, certain=ALL_NEURONS if everyone else CONFIRMED)
        shared = terms.get(ALL, first.get(ALL) if everyone else None)
        p_shared = 1.0 if shared is None else _p_value(shared, self.alpha)
        if shared is not None and p_shared <= self.alpha:
            return replace(row, certain=ALL_NEURONS, p_value=p_shared, gain=shared.gain)
        also = ALSO_SEEN if others and first[own].holds(self.alpha) else NOT_CONFIRMED
        return replace(row, certain=also, otherwise=also)

    def _explained(
        self, own: int, change: NeuronChange
    ) -> tuple[dict[int, GainTest], dict[int, GainTest], dict[int, GainTest]]:
        """Add the strongest gain until the component's own is next, or none is certain.

        Returns the gains that were added, the tests of the others given them, and the first tests.
        """
        n_components = change.strength.shape[1]
        candidates = list(range(n_components))
        if _everyone(change, [own], self.alpha):
            candidates.append(ALL)
        added: dict[int, GainTest] = {}
        first: dict[int, GainTest] = {}
        while True:
            fit = fit_gains(change, _terms(list(added), n_components))
            tests = {
                r: score_gain(fit, (r, r), self.data, self.flips)
                for r in candidates
                if r not in added
            }
            first = first or tests
            level = self.alpha / len(candidates)
            certain = [r for r, each in tests.items() if each.holds(level)]
            strongest = max(certain, key=lambda r: tests[r].evidence, default=own)
            if strongest == own or len(added) == MOST_TERMS:
                return added, tests, first
            added[strongest] = tests[strongest]


def _terms(added: Sequence[int], n_components: int) -> list[Term]:
    """Return terms for the gains of components, whose patterns may be a little wrong.

    A model mixes components slightly. So if one changes, its neurons may change along other time
    courses too, and other neurons along its own.
    """
    terms: dict[Term, None] = {}
    for r in added:
        terms[r, r] = None
        if r != ALL:
            for q in range(n_components):
                terms[r, q] = terms[q, r] = None
    return list(terms)


def _everyone(change: NeuronChange, components: Sequence[int], alpha: float) -> bool:
    """Return whether neurons that have least of some components change as the others do.

    If only these components changed, the halves with less and more of them would change in
    proportion to what they have; if all neurons do, by the same. The nearer of the two is it.
    """
    squares = change.strength**2
    total = squares.sum(axis=1)
    share = squares[:, components].sum(axis=1) / np.where(total > 0, total, 1)
    least = share <= np.median(share)
    gains = own_gains(change)
    if least.sum() < MIN_NEURONS // 2 or least.all() or not gains[least].any():
        return False
    apart, inside = np.median(gains[least]), np.median(gains[~least])
    nearer = 0.5 + 0.5 * np.median(share[least]) / np.median(share[~least])
    together = apart * inside > 0 and abs(apart) >= nearer * abs(inside)
    return bool(together and scipy.stats.wilcoxon(gains[least]).pvalue <= alpha)


def _p_value(test: GainTest, alpha: float) -> float:
    """Return the p value that neurons agree, and that what they agree on is a transition.

    The onset was chosen where a component changes most, so that a comparison of trials before and
    after it promises too much: the course has to have a transition wherever it is looked for. It
    is noisier than the component, in which the change was certain, so it need not be as certain.
    """
    if not test.holds(alpha):
        return test.p_value
    if np.isfinite(test.course).sum() < FEWEST_TRIALS:
        return 1.0
    found = transitions(test.course, max_transitions=2, alpha=COURSE_ALPHA, n_draws=20)
    return test.p_value if found.n_transitions else max(test.p_value, found.p_value)


def _edges(onsets: Sequence[int], n_trials: int) -> list[int]:
    """Return the edges of runs of trials between changes, each of at least five trials."""
    edges = [0]
    for trial in onsets:
        if trial - edges[-1] >= MIN_TRIALS and n_trials - trial >= MIN_TRIALS:
            edges.append(trial)
    return [*edges, n_trials]
