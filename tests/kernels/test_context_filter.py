"""The filter of contexts against exact inference: closed form for one, enumeration for several."""

import numpy as np
import pytest

from trialtensor.kernels.context_filter import infer_contexts

PUBLISHED = np.array([0.9425, 0.0089, 0.03, 8.18e-4, 8.955, 0.1, 0.2501, 25.0])


def run(rates, feedback, cues=None, pauses=None, learns=None, n_contexts=6, n_cues=0):
    n = len(feedback)
    return infer_contexts(
        np.asarray(rates, float),
        np.asarray(feedback, float),
        np.full(n, -1) if cues is None else np.asarray(cues),
        np.zeros(n, int) if pauses is None else np.asarray(pauses),
        np.ones(n, bool) if learns is None else np.asarray(learns),
        n_contexts,
        n_cues,
    )


def gaussian_expectation(rates, feedback):
    """Expected state on each trial of one context: conditioning a joint normal distribution."""
    a, process, sensory, drift = rates[:4]
    n = len(feedback)
    # States as a linear map of: the first state given its drift, the drift, and every noise.
    basis = np.zeros((n, n + 1))
    basis[0, :2] = 1.0, 1 / (1 - a)
    for t in range(1, n):
        basis[t] = a * basis[t - 1]
        basis[t, 1] += 1.0
        basis[t, t + 1] = 1.0
    spread = np.r_[process**2 / (1 - a**2), drift**2, np.full(n - 1, process**2)]
    covariance = basis * spread @ basis.T
    expected = []
    for t in range(n):
        seen = [s for s in range(t) if np.isfinite(feedback[s])]
        inner = covariance[np.ix_(seen, seen)] + sensory**2 * np.eye(len(seen))
        weights = np.linalg.solve(inner, np.asarray(feedback)[seen]) if seen else np.zeros(0)
        expected.append(covariance[t, seen] @ weights)
    return np.array(expected)


def test_one_context_is_a_joint_normal_distribution():
    feedback = np.array([0.1, -0.3, 0.2, np.nan, np.nan, 0.5, 0.4, 0.0])
    rates = PUBLISHED.copy()
    rates[:4] = 0.8, 0.1, 0.2, 0.05
    output, expected, _ = run(rates, feedback, n_contexts=1)
    assert np.allclose(expected, 1)
    assert np.allclose(output, gaussian_expectation(rates, feedback), atol=1e-10)


class Urn:
    """Exact inference: every way in which contexts may have followed each other.

    A sticky hierarchical Chinese restaurant process, one draw after the other: the next context
    after i is that of an earlier transition from i, or i itself (stickiness), or a draw of the
    franchise, which is that of an earlier such draw, or a new one.
    """

    def __init__(self, rates):
        self.a, self.process, self.sensory, self.drift = rates[:4]
        self.alpha, self.gamma, rho, self.cue = rates[4:]
        self.kappa = self.alpha * rho / (1 - rho)

    def new(self):
        drift = self.drift**2
        variance = self.process**2 / (1 - self.a**2) + drift / (1 - self.a) ** 2
        covariance = np.array([[variance, drift / (1 - self.a)], [drift / (1 - self.a), drift]])
        return np.zeros(2), covariance

    def advance(self, memory):
        move = np.array([[self.a, 1.0], [0.0, 1.0]])
        mean, covariance = memory
        return move @ mean, move @ covariance @ move.T + np.diag([self.process**2, 0.0])

    def update(self, memory, seen):
        mean, covariance = memory
        spread = covariance[0, 0] + self.sensory**2
        gap, gain = seen - mean[0], covariance[:, 0] / spread
        likelihood = np.exp(-0.5 * gap**2 / spread) / np.sqrt(2 * np.pi * spread)
        return (mean + gain * gap, covariance - np.outer(gain, covariance[0])), likelihood

    def next(self, last, memories, moves, tables):
        """Each possible next context: its probability, and the tables then."""
        row = moves.get(last, {})
        total = self.alpha + self.kappa + sum(row.values())
        for context, seen in row.items():
            yield context, seen / total, tables
        yield last, self.kappa / total, tables
        base = self.alpha / total / (sum(tables) + self.gamma)
        for context, seen in enumerate(tables):
            more = (*tables[:context], seen + 1, *tables[context + 1 :])
            yield context, base * seen, more
        yield len(memories), base * self.gamma, (*tables, 1)

    def expectations(self, feedback, cues, n_cues):
        """Adaptation on each trial."""
        # weight, last context, memories, transitions, tables, cues by context
        paths = [(1.0, None, (self.new(),), {}, (1,), {})]
        outputs = []
        for trial, (seen, cue) in enumerate(zip(feedback, cues, strict=True)):
            grown, output, total = [], 0.0, 0.0
            for weight, last, memories, moves, tables, shown in paths:
                if trial:
                    memories = tuple(map(self.advance, memories))
                    options = self.next(last, memories, moves, tables)
                else:
                    options = [(0, 1.0, tables)]
                for context, share, more in options:
                    known = (*memories, self.new()) if context == len(memories) else memories
                    row = shown.get(context, (0,) * max(n_cues, 1))
                    part = weight * share
                    if cue >= 0:
                        part *= (self.cue / n_cues + row[cue]) / (self.cue + sum(row))
                        row = (*row[:cue], row[cue] + 1, *row[cue + 1 :])
                    output += part * known[context][0][0]
                    total += part
                    if np.isfinite(seen):
                        learned, likelihood = self.update(known[context], seen)
                        known = (*known[:context], learned, *known[context + 1 :])
                        part *= likelihood
                    steps = moves
                    if last is not None:
                        from_last = dict(moves.get(last, {}))
                        from_last[context] = from_last.get(context, 0) + 1
                        steps = moves | {last: from_last}
                    grown.append((part, context, known, steps, more, shown | {context: row}))
            outputs.append(output / total)
            best = max(path[0] for path in grown)
            paths = [(part / best, *rest) for part, *rest in grown if part > 1e-9 * best]
        return np.array(outputs)


CASES = {
    "onset": ([0, 0, 0, 1, 1, 1, 1], None),
    "and back": ([0, 0, 1, 1, 0, 0, 1], None),
    "two new ones": ([0, 1, 1, -1, -1, 1, -1], None),
    "cues": ([0, 1, -1, 1, -1, 1, -1], [-1, 0, 1, 0, 1, 0, 1]),
    "clamp": ([0, 1, 1, 1, np.nan, np.nan, 1], None),
}


@pytest.mark.parametrize("feedback, cues", CASES.values(), ids=CASES)
def test_several_contexts_are_near_enumeration(feedback, cues):
    cues = np.full(len(feedback), -1) if cues is None else np.array(cues)
    n_cues = max(cues.max() + 1, 0)
    exact = Urn(PUBLISHED).expectations(feedback, cues, n_cues)
    output = run(PUBLISHED, feedback, cues, n_cues=n_cues)[0]
    assert np.abs(exact).max() > 0.2
    assert np.abs(output - exact).max() < 0.03


def test_contexts_that_noise_hides_are_near_enumeration():
    """Perturbations of two standard deviations of the noise: which context it was isn't clear."""
    rates = PUBLISHED.copy()
    rates[1:4] = 0.1, 0.4, 0.02
    feedback = np.array([0.1, -0.2, 1.1, 0.7, 1.2, 0.1, 0.9])
    exact = Urn(rates).expectations(feedback, np.full(7, -1), 0)
    assert np.abs(run(rates, feedback)[0] - exact).max() < 0.1


def test_nothing_is_adapted_to_without_a_perturbation():
    output, expected, _ = run(PUBLISHED, np.zeros(30))
    assert np.all(output == 0)
    assert np.allclose(expected.sum(axis=1), 1)


def test_a_pause_is_time_without_feedback():
    feedback = np.r_[np.zeros(5), np.ones(20)]
    pauses = np.zeros(25, int)
    pauses[15] = 4
    waited = run(PUBLISHED, feedback, pauses=pauses)[0]
    unseen = run(PUBLISHED, np.insert(feedback, 15, [np.nan] * 4))[0]
    assert np.allclose(waited, np.delete(unseen, np.arange(15, 19)))


def test_trials_that_leave_no_trace():
    feedback = np.r_[np.zeros(5), np.ones(20)]
    probed = np.insert(feedback, [3, 10, 10], [5.0, -3.0, np.nan])
    learns = np.insert(np.ones(25, bool), [3, 10, 10], False)
    output = run(PUBLISHED, probed, learns=learns)[0]
    assert np.allclose(output[learns], run(PUBLISHED, feedback)[0], atol=0, rtol=0)


def test_contexts_come_back_by_their_cues():
    rng = np.random.default_rng(0)
    feedback = rng.choice([-1.0, 1.0], 300)
    cues = (feedback > 0).astype(int)
    output = run(PUBLISHED, feedback, cues, n_cues=2)[0]
    without = run(PUBLISHED, feedback)[0]
    assert (output * feedback)[-50:].mean() > 0.7
    assert abs((without * feedback)[-50:].mean()) < 0.2


def test_no_more_contexts_than_allowed():
    feedback = np.repeat([0.0, 1.0, -1.0], 10)
    for n_contexts in (1, 2, 3, 8):
        _, expected, states = run(PUBLISHED, feedback, n_contexts=n_contexts)
        assert expected.shape == states.shape == (30, n_contexts)
        assert np.allclose(expected.sum(axis=1), 1)
    # Three of eight were met; the others stay as they are.
    assert np.all(states[:, 3:] == 0) and np.all(np.abs(states[-1, 1:3]) > 0.5)


def test_extreme_feedback_stays_finite():
    for size in (1e-8, 1e3, 1e8):
        assert np.isfinite(run(PUBLISHED, np.tile([0.0, size, -size], 8))[0]).all()
