"""Which context it is, and what each context asks for: a filter over trials."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from trialtensor.kernels.compile import kernel

# Parameters, in this order everywhere.
RETENTION, PROCESS, SENSORY, DRIFT, CONCENTRATION, NEW, STAY, CUE = range(8)


class Belief(NamedTuple):
    """What is known after some trials; arrays that steps change in place.

    Attributes
    ----------
    probability : (n_contexts,) array
        Of each context on the last trial.
    mean : (n_contexts, 2) array
        Of the state and of the drift of each context.
    covariance : (n_contexts, 3) array
        Variance of the state, covariance of both, variance of the drift.
    moves : (n_contexts, n_contexts) array
        Expected number of transitions seen so far, from and to.
    cues : (n_contexts, n_cues) array
        Expected number of times that a cue was seen in a context.
    weights : (n_contexts,) array
        How common each context is anywhere; after those that are known, that of a new one.
    known : (1,) int array
        How many contexts there are so far. The next slot is that of a new one.
    """

    probability: np.ndarray
    mean: np.ndarray
    covariance: np.ndarray
    moves: np.ndarray
    cues: np.ndarray
    weights: np.ndarray
    known: np.ndarray


@kernel
def _new_belief(rates: np.ndarray, n_contexts: int, n_cues: int) -> Belief:
    """Return what is known before the first trial, which is in the first context.

    Parameters
    ----------
    rates : (8,) array
        Retention, process noise, sensory noise, standard deviation of drifts, concentration, that
        of new contexts, share of staying, concentration of cues.
    n_contexts, n_cues : int

    Returns
    -------
    Belief
    """
    belief = Belief(
        np.zeros(n_contexts),
        np.zeros((n_contexts, 2)),
        np.empty((n_contexts, 3)),
        np.zeros((n_contexts, n_contexts)),
        np.zeros((n_contexts, max(n_cues, 1))),
        np.zeros(n_contexts),
        np.ones(1, dtype=np.int64),
    )
    a, drift = rates[RETENTION], rates[DRIFT] ** 2
    belief.probability[0] = 1.0
    for j in range(n_contexts):
        belief.covariance[j, 0] = rates[PROCESS] ** 2 / (1 - a * a) + drift / (1 - a) ** 2
        belief.covariance[j, 1] = drift / (1 - a)
        belief.covariance[j, 2] = drift
    _weigh(belief, rates)
    return belief


@kernel
def _digamma(x: float) -> float:
    total = 0.0
    while x < 6:
        total -= 1 / x
        x += 1
    f = 1 / (x * x)
    return total + np.log(x) - 0.5 / x - f * (1 / 12 - f * (1 / 120 - f / 252))


@kernel
def _weigh(belief: Belief, rates: np.ndarray) -> None:
    """Renew the global weights by the expected numbers of tables of a Chinese restaurant franchise.

    Of the customers in restaurant i who eat dish j, those at tables that were opened by the global
    distribution count; tables that stickiness opened don't. There are no more tables than
    customers, of which soft counts may have less than one.
    """
    known, alpha, gamma = belief.known[0], rates[CONCENTRATION], rates[NEW]
    kappa = alpha * rates[STAY] / (1 - rates[STAY])
    tables = np.zeros(len(belief.weights))
    tables[0] = 1.0  # of the first trial
    for i in range(known):
        for j in range(known):
            seen, base = belief.moves[i, j], alpha * belief.weights[j]
            if seen > 0 and base > 0:
                pull = base + (kappa if i == j else 0.0)
                opened = base * (_digamma(pull + seen) - _digamma(pull))
                tables[j] += min(seen, opened)
    if known < len(tables):
        tables[known] = gamma
    belief.weights[:] = tables / tables.sum()


@kernel
def _advance(belief: Belief, rates: np.ndarray) -> None:
    """Let every state move by a trial."""
    a, noise = rates[RETENTION], rates[PROCESS] ** 2
    mean, covariance = belief.mean, belief.covariance
    for j in range(belief.known[0]):
        mean[j, 0] = a * mean[j, 0] + mean[j, 1]
        variance, both, drift = covariance[j]
        covariance[j, 0] = a * a * variance + 2 * a * both + drift + noise
        covariance[j, 1] = a * both + drift


@kernel
def _arrivals(belief: Belief, rates: np.ndarray) -> np.ndarray:
    """Return the joint probability of the last context and the next, before a cue."""
    n, alpha = len(belief.probability), rates[CONCENTRATION]
    kappa = alpha * rates[STAY] / (1 - rates[STAY])
    joint = np.zeros((n, n))
    for i in range(belief.known[0]):
        share = belief.probability[i] / (alpha + kappa + belief.moves[i].sum())
        for j in range(min(belief.known[0] + 1, n)):
            joint[i, j] = share * (alpha * belief.weights[j] + belief.moves[i, j])
        joint[i, i] += share * kappa
    return joint


@kernel
def _heed(belief: Belief, rates: np.ndarray, joint: np.ndarray, cue: int) -> None:
    """Weigh the joint probabilities by those of the cue that is shown."""
    n_cues = belief.cues.shape[1]
    for j in range(joint.shape[1]):
        seen = belief.cues[j]
        joint[:, j] *= (rates[CUE] / n_cues + seen[cue]) / (rates[CUE] + seen.sum())
    joint /= joint.sum()


@kernel
def _observe(belief: Belief, rates: np.ndarray, joint: np.ndarray, feedback: float) -> None:
    """Weigh the joint probabilities by the feedback, and update every context by its share.

    A context is then a mixture: it was this one, or not. It is kept as one normal distribution with
    the mean and the covariance of that mixture.
    """
    n = min(belief.known[0] + 1, len(joint))
    mean, covariance = belief.mean, belief.covariance
    logs, gap, spread = np.full(n, -np.inf), np.empty(n), np.empty(n)
    for j in range(n):
        arriving = joint[:, j].sum()
        gap[j] = feedback - mean[j, 0]
        spread[j] = covariance[j, 0] + rates[SENSORY] ** 2
        if arriving > 0:
            fit = gap[j] ** 2 / spread[j] + np.log(spread[j])
            logs[j] = np.log(arriving) - 0.5 * fit
            joint[:, j] /= arriving
    best = logs.max()
    for j in range(n):
        joint[:, j] *= np.exp(logs[j] - best)
    _settle(belief, joint)
    n = min(n, belief.known[0])
    for j in range(n):
        share = joint[:, j].sum()
        to_state, to_drift = covariance[j, 0] / spread[j], covariance[j, 1] / spread[j]
        rest = share * (1 - share) * gap[j] ** 2 - share * spread[j]
        mean[j, 0] += share * to_state * gap[j]
        mean[j, 1] += share * to_drift * gap[j]
        covariance[j, 0] += rest * to_state**2
        covariance[j, 1] += rest * to_state * to_drift
        covariance[j, 2] += rest * to_drift**2


@kernel
def _settle(belief: Belief, joint: np.ndarray) -> None:
    """Take in a new context if it's more likely than not, and rule it out otherwise."""
    joint /= joint.sum()
    known = belief.known[0]
    if known < len(joint):
        if joint[:, known].sum() > 0.5:
            belief.known[0] = known + 1
        else:
            joint[:, known] = 0.0
            joint /= joint.sum()


@kernel
def _wait(belief: Belief, rates: np.ndarray, n_trials: int) -> None:
    """Let time pass, as long as some trials take.

    Parameters
    ----------
    belief : Belief
    rates : (8,) array
    n_trials : int
    """
    for _ in range(n_trials):
        joint = _arrivals(belief, rates)
        _settle(belief, joint)
        belief.probability[:] = joint.sum(axis=0)
        _advance(belief, rates)


@kernel
def _expect(belief: Belief, rates: np.ndarray, cue: int, first: bool) -> tuple[float, np.ndarray]:
    """Go to the next trial and see its cue.

    Parameters
    ----------
    belief : Belief
        Its states are those of the next trial afterwards.
    rates : (8,) array
    cue : int
        -1 for none.
    first : bool
        Whether this is the first trial of all.

    Returns
    -------
    float
        The adaptation: the mean of the states over contexts.
    (n_contexts, n_contexts) array
        Probability of the last context and of this one, together.
    """
    if first:
        joint = np.zeros_like(belief.moves)
        joint[0, 0] = 1.0
    else:
        _advance(belief, rates)
        joint = _arrivals(belief, rates)
    if cue >= 0:
        _heed(belief, rates, joint, cue)
    return float((joint.sum(axis=0) * belief.mean[:, 0]).sum()), joint


@kernel
def _learn(
    belief: Belief, rates: np.ndarray, joint: np.ndarray, cue: int, feedback: float, first: bool
) -> None:
    """Learn from the feedback of a trial.

    Parameters
    ----------
    belief : Belief
    rates : (8,) array
    joint : (n_contexts, n_contexts) array
        Of `_expect`; it is changed.
    cue : int
    feedback : float
        The perturbation as it was seen; NaN for none.
    first : bool
    """
    told = not np.isnan(feedback)
    if told:
        _observe(belief, rates, joint, feedback)
    else:
        _settle(belief, joint)
    belief.probability[:] = joint.sum(axis=0)
    if cue >= 0:
        belief.cues[:, cue] += belief.probability
    # Without a cue or feedback nothing was seen of where it went.
    if (told or cue >= 0) and not first:
        belief.moves[:] += joint
        _weigh(belief, rates)


@kernel
def _copy(belief: Belief) -> Belief:
    return Belief(
        belief.probability.copy(),
        belief.mean.copy(),
        belief.covariance.copy(),
        belief.moves.copy(),
        belief.cues.copy(),
        belief.weights.copy(),
        belief.known.copy(),
    )


@kernel
def infer_contexts(
    rates: np.ndarray,
    feedback: np.ndarray,
    cues: np.ndarray,
    pauses: np.ndarray,
    learns: np.ndarray,
    n_contexts: int,
    n_cues: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Run the filter over a series of trials.

    Parameters
    ----------
    rates : (8,) array
        Retention, process noise, sensory noise, standard deviation of drifts, concentration, that
        of new contexts, share of staying, concentration of cues.
    feedback : (n_trials,) array
        NaN where none was seen.
    cues : (n_trials,) int array
        -1 for none.
    pauses : (n_trials,) int array
        How many trials' time passes before each.
    learns : (n_trials,) bool array
        False for trials that leave no trace.
    n_contexts, n_cues : int

    Returns
    -------
    (n_trials,) array
        Adaptation.
    (n_trials, n_contexts) array
        Probability of each context, before the feedback.
    (n_trials, n_contexts) array
        Mean of the state of each.
    """
    n = len(feedback)
    output = np.empty(n)
    expected, states = np.empty((n, n_contexts)), np.empty((n, n_contexts))
    belief, first = _new_belief(rates, n_contexts, n_cues), True
    for trial in range(n):
        _wait(belief, rates, pauses[trial])
        at = belief if learns[trial] else _copy(belief)
        output[trial], joint = _expect(at, rates, cues[trial], first)
        expected[trial], states[trial] = joint.sum(axis=0), at.mean[:, 0]
        if learns[trial]:
            _learn(at, rates, joint, cues[trial], feedback[trial], first)
            first = False
    return output, expected, states
