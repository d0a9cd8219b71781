"""Run a network through a task and a schedule."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Literal, overload

import numpy as np
from threadpoolctl import threadpool_limits

from trialtensor_models.network import (
    CCRNN,
    Activity,
    UnstableDynamicsError,
    Versions,
    Wiring,
    run_trial,
    stack,
    take,
)
from trialtensor_models.plants import Movement, Plant, PointMass, check_is_plant
from trialtensor_models.plasticity import (
    Learner,
    Outcome,
    ReachOutcome,
    explored_error,
    reward_error,
    told_error,
)
from trialtensor_models.sessions.recorder import Recorder
from trialtensor_models.sessions.run import Run
from trialtensor_models.sessions.schedule import Schedule
from trialtensor_models.sessions.session import Session, Trial
from trialtensor_models.sessions.simulation_checks import (
    check_moved,
    check_networks,
    check_recording,
    check_schedule,
    check_trials,
    models_of,
    seeds_of,
    steps_after,
    with_conditions,
)
from trialtensor_models.sessions.trained_checks import check_settles, check_trained
from trialtensor_models.tasks import Task, has_choices

Record = Literal["all", "activity", "behaviour"]

# Versions of each trial. The first is what happens; the last two are probes without noise, with
# and without the cerebellum; between them, the counterfactuals, with the noise of the trial.
_PROBED = Versions(
    cerebellum=np.array([1.0, 1.0, 0.0]),
    cortex=np.array([1.0, 1.0, 1.0]),
    noise=np.array([1.0, 0.0, 0.0]),
    unfollowed=1,
)
_WITH_COUNTERFACTUALS = Versions(
    cerebellum=np.array([1.0, 0.0, 1.0, 0.0, 1.0, 0.0]),
    cortex=np.array([1.0, 1.0, 0.0, 0.0, 1.0, 1.0]),
    noise=np.array([1.0, 1.0, 1.0, 1.0, 0.0, 0.0]),
    unfollowed=1,
)
# Rates of a working network are of order 1.
_TOO_ACTIVE = 1e3


@overload
def simulate(
    model: CCRNN | Sequence[CCRNN],
    task: Task,
    schedule: Schedule,
    *,
    seed: int = 0,
    plant: Plant | None = None,
    record: Record = "all",
    bin_width: float = 0.02,
    n_granule: int | None = 200,
    outcome: float = 0.0,
) -> Run: ...
@overload
def simulate(
    model: CCRNN | Sequence[CCRNN],
    task: Task,
    schedule: Schedule,
    *,
    seed: Sequence[int],
    plant: Plant | None = None,
    record: Record = "all",
    bin_width: float = 0.02,
    n_granule: int | None = 200,
    outcome: float = 0.0,
) -> list[Run]: ...
def simulate(
    model: CCRNN | Sequence[CCRNN],
    task: Task,
    schedule: Schedule,
    *,
    seed: int | Sequence[int] = 0,
    plant: Plant | None = None,
    record: Record = "all",
    bin_width: float = 0.02,
    n_granule: int | None = 200,
    outcome: float = 0.0,
) -> Run | list[Run]:
    """Simulate sessions of learning.

    Parameters
    ----------
    model : CCRNN, or a sequence of them
        One for all seeds, or one for each; networks of a sequence have the same sizes.
    task : task
        `CenterOut`, or one with as many inputs as the network has.
    schedule : Schedule
        What happens on which trials.
    seed : int or sequence of int
        Of the order of targets and of all noise. Several seeds are simulated side by side, which
        is faster than one after the other and gives the same bits.
    plant : plant, optional
        What moves; `PointMass` unless given. Its ``motor_noise`` is what explores where rewards
        teach reaches (``Plasticity(teacher="rpe")``); some degrees are needed.
    record : {"all", "activity", "behaviour"}
        "all" keeps activity and its counterfactuals, "behaviour" neither. Behaviour, fast and
        slow components and weights are kept always.
    bin_width : float
        Activity is averaged in bins of this many seconds: a multiple of the network's step.
    n_granule : int or None
        How many granule cells are recorded; None is all.
    outcome : float
        Seconds after the movement in which the outcome is known, recorded as well: cortex goes on
        with its last inputs, and climbing fibres carry the reward prediction error, if that is what
        teaches. Movements and what is learned are the same with it and without.

    Returns
    -------
    Run, or a list of them if `seed` is a sequence

    Raises
    ------
    ValueError
        If the schedule has no trials, the network is trained on another task, sizes don't fit,
        rewards should teach a task that has none, or a number is out of range.
    UnstableDynamicsError
        If activity grows without bound; names the region and the trial.

    Warns
    -----
    UserWarning
        If the network isn't trained on this timing or doesn't do the task (with how far off naive
        trials end), or its rates make it oscillate.

    Examples
    --------
    >>> from trialtensor_models import CenterOut
    >>> schedule = Schedule().baseline(2).rotate(30, 3)
    >>> run = simulate(CCRNN.pretrained(), CenterOut(n_targets=8), schedule, seed=0)
    >>> run.activity.dims, run.behaviour["angle"].shape
    (('trial', 'neuron', 'time'), (5,))
    """
    seeds = seeds_of(seed)
    models = models_of(model, len(seeds))
    check_networks(models, task)
    check_schedule(schedule, task)
    schedule = with_conditions(schedule, task)
    n_steps = check_trials(models[0], task)
    n_after = steps_after(outcome, models[0].cortex.dt)
    for each in models:
        check_recording(record, bin_width, n_granule, each.cortex.dt, n_steps + n_after)
    if plant is None:
        plant = PointMass(motor_noise=task.exploration) if has_choices(task) else PointMass()
    check_is_plant(plant)
    check_trained(models, task)
    check_settles(models, schedule)
    recorders = [
        Recorder(each, task, schedule, s, plant, record, bin_width, n_granule, n_after)
        for each, s in zip(models, seeds, strict=True)
    ]
    # Matrices of this size are many times slower on more threads.
    with threadpool_limits(1, user_api="blas"):
        runs = _run_sessions(models, seeds, task, schedule, plant, record, recorders, n_after)
    return runs if isinstance(seed, Iterable) else runs[0]


def _run_sessions(
    models: list[CCRNN],
    seeds: list[int],
    task: Task,
    schedule: Schedule,
    plant: Plant,
    record: Record,
    recorders: list[Recorder],
    n_after: int,
) -> list[Run]:
    cortex = models[0].cortex
    sessions = [
        Session(task, schedule, seed, cortex.dt, each.cortex.n_units, each.cortex.noise, n_after)
        for each, seed in zip(models, seeds, strict=True)
    ]
    versions = _WITH_COUNTERFACTUALS if record == "all" else _PROBED
    if has_choices(task):
        versions = _with_naive(versions)
    going = list(range(len(sessions)))
    wiring, learner = stack([each.wiring for each in models]), Learner(models)
    while going:
        trials = [sessions[i].next() for i in going]
        output = np.array(
            [
                models[i].cerebellum.output * t.row.cerebellum
                for i, t in zip(going, trials, strict=True)
            ]
        )
        activity = _simulate_trials(wiring, learner, trials, versions, output)
        moved = activity.until(trials[0].draw.desired.shape[1])
        command = moved.command[:, 0]
        made = _tilted(command, trials, plant)
        movement = _move(made, trials, plant, cortex.dt)
        error = movement.error
        elsewhere = _counterfactual_errors(recorders[0], moved, trials, plant, cortex.dt)
        for i, (place, trial) in zip(going, enumerate(trials), strict=True):
            values = recorders[i].add(trial, activity, movement, learner, place)
            outcome = _outcome(models[i], sessions[i], trial, values)
            errors = [error[place], *(each[place] for each in elsewhere)]
            if outcome is not None:
                tried = (command[place], made[place])
                errors = [_taught(models[i], task, trial, outcome, each, tried) for each in errors]
                error[place] = errors[0]
                values |= recorders[i].add_outcome(outcome)
            recorders[i].add_complex_spikes(errors)
            sessions[i].seen(**values)
        learner.learn(moved, error, np.array([trial.row.learns for trial in trials]))
        wiring = learner.rewired(wiring)
        over = [sessions[i].is_over for i in going]
        if any(over):
            keep = [place for place, done in enumerate(over) if not done]
            going = [going[place] for place in keep]
            wiring, learner = take(wiring, keep), learner.take(keep)
    return [recorder.finish() for recorder in recorders]


def _with_naive(versions: Versions) -> Versions:
    """A noiseless probe of the naive network too: stimuli may be new on every trial."""
    cerebellum, cortex, noise = (
        np.insert(part, -2, 0.0) for part in (versions.cerebellum, versions.cortex, versions.noise)
    )
    return Versions(cerebellum, cortex, noise, versions.unfollowed)


def _simulate_trials(
    wiring: Wiring,
    learner: Learner,
    trials: list[Trial],
    versions: Versions,
    output: np.ndarray,
) -> Activity:
    inputs = np.concatenate([trial.draw.inputs for trial in trials])
    noise = np.stack([trial.noise for trial in trials])
    # After the movement there is noise, and the last inputs stay.
    last = np.repeat(inputs[:, -1:], noise.shape[1] - inputs.shape[1], axis=1)
    inputs = np.concatenate([inputs, last], axis=1)
    with np.errstate(over="ignore", invalid="ignore"):
        activity = run_trial(wiring, inputs, learner.W_PC, learner.C, versions, noise, output)
    # Granule cells can't be too active unless pons is, and there are many of them.
    for region in ("cortex", "pons", "nuclei"):
        part = getattr(activity, region)
        peak = np.maximum(part.max((1, 2, 3)), -part.min((1, 2, 3)))
        bad = ~(peak < _TOO_ACTIVE)
        if bad.any():
            trial = trials[int(np.argmax(bad))]
            raise UnstableDynamicsError(
                f"{region}: activity grew without bound on {trial.where}; "
                "lower the learning rates, or pretrain the network further"
            )
    return activity


def _tilted(command: np.ndarray, trials: list[Trial], plant: Plant) -> np.ndarray:
    """(S, T, 2) commands with the noise of the plant, by which the hand explores."""
    turn = np.deg2rad(plant.motor_noise * np.array([trial.tilt for trial in trials]))
    cos, sin = np.cos(turn), np.sin(turn)
    tilt: np.ndarray = np.stack([np.stack([cos, sin], -1), np.stack([-sin, cos], -1)], -2)
    return command @ tilt


def _move(command: np.ndarray, trials: list[Trial], plant: Plant, dt: float) -> Movement:
    """Carry out (S, T, 2) commands, together if all trials are perturbed alike."""
    desired = np.concatenate([trial.draw.desired for trial in trials])
    perturbation = trials[0].perturbation
    if all(trial.perturbation == perturbation for trial in trials):
        movement = plant.move(command, desired, perturbation, dt)
        check_moved(movement, command.shape, plant, trials[0].where)
        return movement
    alone = [
        plant.move(command[[i]], desired[[i]], trial.perturbation, dt)
        for i, trial in enumerate(trials)
    ]
    for movement, trial in zip(alone, trials, strict=True):
        check_moved(movement, command[:1].shape, plant, trial.where)
    return Movement(
        *(np.concatenate([getattr(each, part.name) for each in alone]) for part in fields(Movement))
    )


def _counterfactual_errors(
    recorder: Recorder, activity: Activity, trials: list[Trial], plant: Plant, dt: float
) -> list[np.ndarray]:
    """(S, T, 2) errors of the movement in each counterfactual, if climbing fibres are recorded."""
    versions = range(1, recorder.n_kept) if recorder.model.olive is not None else ()
    made = (_tilted(activity.command[:, v], trials, plant) for v in versions)
    return [_move(each, trials, plant, dt).error for each in made]


def _outcome(
    model: CCRNN, session: Session, trial: Trial, values: dict[str, float]
) -> Outcome | ReachOutcome | None:
    """What came of a choice, or of a reach where rewards teach."""
    if model.plasticity.teacher == "rpe" and not has_choices(session.task):
        return session.reached(trial, values["end_error"])
    return session.answer(trial, values["angle"])


def _taught(
    model: CCRNN,
    task: Task,
    trial: Trial,
    outcome: Outcome | ReachOutcome,
    missed: np.ndarray,
    tried: tuple[np.ndarray, np.ndarray],
) -> np.ndarray:
    """(T, 2) error that climbing fibres carry where a trial has an outcome."""
    if trial.perturbation.clamp:
        return np.zeros_like(missed)
    if isinstance(outcome, ReachOutcome):
        return explored_error(outcome, *tried)
    if not has_choices(task):
        return np.zeros_like(missed)
    if model.plasticity.teacher == "rpe":
        return reward_error(task, trial.draw, outcome)
    return told_error(task, trial.draw, outcome, missed)
