"""Learn answers from their rewards, trial by trial, by local rules of the cerebellum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args

import numpy as np
from threadpoolctl import threadpool_limits

from trialtensor.data.parameters import (
    SEEDS,
    check_choice,
    check_instance,
    check_number,
    check_whole,
)
from trialtensor_models.circuit.ahead import check_rewarded, push_ahead
from trialtensor_models.circuit.anatomy import REGIONS, Anatomy
from trialtensor_models.circuit.circuit import Circuit
from trialtensor_models.circuit.dynamics import COMPLEX, Activity, Setpoints
from trialtensor_models.circuit.local_rules import parallel_fibre_change
from trialtensor_models.circuit.olive import complex_spikes
from trialtensor_models.circuit.pathways import Constraint, constraints_of
from trialtensor_models.circuit.recording import steps_of_bin
from trialtensor_models.circuit.rewarded_recording import Recording
from trialtensor_models.circuit.rewarded_trial import Outcome, action_of, draw_trial
from trialtensor_models.circuit.setpoints import track
from trialtensor_models.circuit.trials import Trials, in_turns
from trialtensor_models.sessions import Run
from trialtensor_models.tasks import ChoiceTask, check_is_task, has_choices

Teaching = Literal["reward", "unrelated", "told", "none"]
# Rates of parallel fibre synapses for a single trial: errors of reward come once in it, those of
# movement at every step.
_MOTOR_RATE = {"reward": 2.0, "unrelated": 2.0, "told": 0.5, "none": 0.0}
CRITIC_RATE = 1.0
# Share of what motor modules learned that is left a trial later. A circuit that keeps everything
# is caught in habits: a wrong answer that is expected to be wrong is no surprise, and teaches
# nothing.
RETENTION = 0.95
# Setpoints are made for batches of several trials, and move less with one.
_TRACKING = 0.1


@dataclass(frozen=True, kw_only=True)
class _Rules:
    """What learns from a trial, and how much."""

    teaching: Teaching
    motor_rate: float
    critic_rate: float
    retention: float

    @property
    def rewarded(self) -> bool:
        """Whether climbing fibres carry errors of a reward."""
        return self.teaching in ("reward", "unrelated")


def learn_from_rewards(
    task: ChoiceTask,
    *,
    start: Circuit | None = None,
    anatomy: Anatomy | None = None,
    blocks: Sequence[int] = (40,) * 10,
    teaching: Teaching = "reward",
    exploration: float = 15.0,
    motor_rate: float | None = None,
    critic_rate: float = CRITIC_RATE,
    retention: float = RETENTION,
    outcome: float = 0.4,
    lesion: str | None = None,
    share: float = 1.0,
    lesion_from: int = 0,
    bin_width: float = 0.04,
    n_granule: int | None = 50,
    seed: int = 0,
) -> Run:
    """Let a circuit learn answers from their rewards; with each block, answers are reversed.

    A trial is a cue, a response with noise that explores (the answer nearest to the hand is the
    choice), and an outcome: the reward reaches mossy fibres and the inferior olive. Nuclei of the
    reward module are the critic, taught by errors of temporal differences. Climbing fibres of
    motor modules carry the same error, times the side of the answer; parallel fibres stay eligible
    until the outcome. Cortex stays as it is.

    Built in: that complex spikes carry prediction errors, that those of motor modules carry them
    along the final answer from the go signal on, and that the critic learns from them.
    Not built in: what becomes of simple spikes, when in the trial, and of which cells.

    Parameters
    ----------
    task : task with two answers
        Such as `ReversalLearning`; rewards come with its ``reward_probability``.
    start : Circuit, optional
        One of `push_ahead`; trained on `task` with `seed` unless given.
    anatomy : Anatomy, optional
        Of the circuit that is trained; with ``signals=("motor", "reward")``.
    blocks : sequence of int
        Trials of each; after each, every cue's answer moves on to the next.
    teaching : {"reward", "unrelated", "told", "none"}
        What climbing fibres carry. "unrelated": errors of rewards by the toss of a coin, and not
        of those that are given, felt and recorded; as much is learned, and nothing of worth.
        "told": those of motor modules carry the motor error, as if the right answer were shown,
        and the critic rests. "none": all rest.
    exploration : float
        Standard deviation in degrees of the noise that turns the hand aside.
    motor_rate : float, optional
        Of learning in motor modules; 2 from rewards and 0.5 if told.
    critic_rate : float
        Of learning in the reward module.
    retention : float
        Share of what motor modules learned that is left a trial later.
    outcome : float
        Seconds after the response.
    lesion : {"nuclei", "purkinje", "granule", "pons", "cortex", "olive"}, optional
        What is lesioned; without the olive, climbing fibres rest.
    share : float
        How much of it is gone.
    lesion_from : int
        The first trial after the lesion.
    bin_width : float
        Activity is averaged in bins of this many seconds.
    n_granule : int or None
        How many granule cells are recorded; None is all.
    seed : int
        Of cues, rewards, exploration and noise.

    Returns
    -------
    Run
        Its activity has all regions, with complex spikes (as they taught) in region "olive", and
        its behaviour adaptation (the command's turn, degrees clockwise), choice, correct, reward,
        expected (by the critic, at the end of the cue),
        expected_outcome (just before the outcome) and prediction_error (at the outcome). Of its
        truth, "fast" is the turn of the command (degrees clockwise), "pathways" has parallel fibre
        synapses before the first and after each block.

    Raises
    ------
    ValueError
        If something is out of range, or `start` isn't a circuit for this task.

    References
    ----------
    Sutton & Barto 2018 for temporal differences; Fremaux & Gerstner 2016 for rules of three
    factors; Heffley & Hull 2019 and Kostadinov et al. 2019 for rewards in climbing fibres.

    Examples
    --------
    >>> from trialtensor_models import ReversalLearning
    >>> task = ReversalLearning()
    >>> start = push_ahead(task, n_iterations=5)
    >>> run = learn_from_rewards(task, start=start, blocks=(3, 3))
    >>> run.behaviour["prediction_error"].dims, run.activity.sizes["trial"]
    (('trial',), 6)
    """
    _check(task, blocks, teaching, exploration, critic_rate, retention, outcome, seed)
    rate = _MOTOR_RATE[teaching] if motor_rate is None else motor_rate
    check_number("motor_rate", rate, least=0)
    _check_lesion(lesion, share, lesion_from, sum(blocks))
    given = start.anatomy if isinstance(start, Circuit) else anatomy
    steps_of_bin(bin_width, given.dt if isinstance(given, Anatomy) else Anatomy().dt)
    if n_granule is not None:
        check_whole("n_granule", n_granule, 1)
    circuit = _start(task, start, anatomy, seed)
    rules = _Rules(teaching=teaching, motor_rate=rate, critic_rate=critic_rate, retention=retention)
    recording = Recording(circuit, bin_width, n_granule)
    recording.keep(circuit)
    rng = np.random.default_rng(np.random.SeedSequence([seed, 15]))
    learner = _Learner(circuit, rules, np.random.default_rng(np.random.SeedSequence([seed, 16])))
    with threadpool_limits(1, user_api="blas"):
        for block, n_trials in enumerate(blocks):
            for place, cue in enumerate(in_turns(len(task.labels), n_trials, rng)):
                if lesion is not None and len(recording) == lesion_from:
                    learner.lesion(lesion, share)
                trials, found, turn = draw_trial(
                    learner.circuit, cue, block, exploration, outcome, rng
                )
                activity, spikes = learner.meet(trials, found)
                labels = {"block": block, "trial_in_block": place, "reversed": block % 2 == 1}
                recording.add(labels, activity, trials, found, spikes, turn)
            recording.keep(learner.circuit)
    names = ("teaching", "motor_rate", "critic_rate", "retention")
    made: dict[str, Any] = {
        **{name: getattr(rules, name) for name in names},
        "exploration": exploration,
        "outcome": outcome,
        "blocks": list(map(int, blocks)),
        "lesion": lesion or "",
        "share": share,
        "lesion_from": lesion_from,
        "seed": int(seed),
        "built in": "complex spikes carry errors of reward; nuclei of the reward module expect it",
    }
    return recording.run(made)


class _Learner:
    """A circuit that learns trial by trial."""

    def __init__(self, circuit: Circuit, rules: _Rules, coin: np.random.Generator) -> None:
        self.circuit = circuit
        self._rules = rules
        self._coin = coin
        self._start = circuit.weights["w"]
        self._constraint = _parallel(circuit)
        is_critic = np.repeat(circuit.anatomy.module == "reward", circuit.anatomy.n_purkinje)
        self._rate = np.where(is_critic, rules.critic_rate, rules.motor_rate)[:, None]
        self._kept = np.where(is_critic, 1.0, rules.retention)[:, None]
        self._teaching = 0.0 if rules.teaching == "none" else 1.0

    def lesion(self, region: str, share: float) -> None:
        """Take a part of a region away; of the olive, of all that climbing fibres tell."""
        if region == "olive":
            self._teaching *= 1 - share
        elif region == "nuclei":
            self.circuit = self.circuit.lesion(region, scale=1 - share)
        else:
            self.circuit = self.circuit.lesion(region, fraction=share)
            self._constraint = _parallel(self.circuit)

    def meet(self, trials: Trials, outcome: Outcome) -> tuple[Activity, np.ndarray]:
        """Run a trial and learn from it; complex spikes are those that taught."""
        circuit = self.circuit
        activity = circuit.run(trials)
        spikes = self._spikes(activity, trials, outcome)
        points = _nearer(circuit.setpoints, track(
            circuit.setpoints, circuit.weights, circuit.anatomy, activity
        ))  # fmt: skip
        change = parallel_fibre_change(
            activity, spikes, circuit.anatomy, rewarded=self._rules.rewarded
        )
        w = circuit.weights["w"]
        w = self._start + self._kept * (w - self._start) + self._rate * change
        weights = {**circuit.weights, "w": self._constraint.hold(w)}
        self.circuit = replace(circuit, weights=weights, setpoints=points)
        return activity, spikes

    def _spikes(self, activity: Activity, trials: Trials, outcome: Outcome) -> np.ndarray:
        anatomy = self.circuit.anatomy
        if self._rules.teaching == "unrelated":
            activity = replace(activity, reward=self._coin.integers(0, 2, 1).astype(float))
        action = action_of(trials, outcome) if self._rules.rewarded else None
        spikes = complex_spikes(activity, trials, anatomy, action=action)
        if self._rules.teaching == "told":
            spikes[..., anatomy.module == "reward"] = COMPLEX
        return COMPLEX + self._teaching * (spikes - COMPLEX)


def _parallel(circuit: Circuit) -> Constraint:
    return constraints_of(circuit.weights, circuit.anatomy)["w"]


def _nearer(before: Setpoints, after: Setpoints) -> Setpoints:
    moved = {}
    for part in fields(Setpoints):
        old = getattr(before, part.name)
        moved[part.name] = old + _TRACKING * (getattr(after, part.name) - old)
    return Setpoints(**moved)


def _start(task: ChoiceTask, start: Circuit | None, anatomy: Anatomy | None, seed: int) -> Circuit:
    if start is None:
        return push_ahead(task, anatomy=anatomy, seed=seed)
    if anatomy is not None:
        raise ValueError("anatomy: that of start is used; give one of them")
    check_instance("start", start, Circuit, "a Circuit")
    check_rewarded(start.anatomy)
    if start.weights["W_in"].shape[1] != task.n_inputs:
        raise ValueError(
            f"start: expected a circuit with the {task.n_inputs} inputs of the task, got "
            f"{start.weights['W_in'].shape[1]}"
        )
    return replace(start, setting=replace(start.setting, task=task))


def _check(
    task: Any,
    blocks: Any,
    teaching: Any,
    exploration: Any,
    critic_rate: Any,
    retention: Any,
    outcome: Any,
    seed: Any,
) -> None:
    check_is_task(task)
    if not has_choices(task) or len(task.answers) != 2:
        raise ValueError(f"task: expected one with two answers, got {task!r}")
    if not isinstance(blocks, Sequence) or isinstance(blocks, str) or not len(blocks):
        raise ValueError(f"blocks: expected numbers of trials such as (40, 40), got {blocks!r}")
    for each in blocks:
        check_whole("blocks", each, 1)
    check_choice("teaching", teaching, get_args(Teaching))
    check_number("exploration", exploration, least=0, most=45)
    check_number("critic_rate", critic_rate, least=0)
    check_number("retention", retention, least=0, most=1)
    check_number("outcome", outcome, above=0)
    check_whole("seed", seed, 0, SEEDS)


def _check_lesion(lesion: Any, share: Any, lesion_from: Any, n_trials: int) -> None:
    if lesion is not None:
        check_choice("lesion", lesion, REGIONS)
    check_number("share", share, least=0, most=1)
    check_whole("lesion_from", lesion_from, 0, n_trials - 1)
