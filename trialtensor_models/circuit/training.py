"""Train all regions of a circuit together, from the start."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from threadpoolctl import threadpool_limits

from trialtensor.data.parameters import check_instance, check_whole
from trialtensor.storage import check_target
from trialtensor_models.circuit.anatomy import Anatomy
from trialtensor_models.circuit.controls import without_cerebellum, without_feedback
from trialtensor_models.circuit.dynamics import Activity, error_of, run
from trialtensor_models.circuit.gradient import Gradient, one_thread
from trialtensor_models.circuit.local_rules import cortical_change, parallel_fibre_change
from trialtensor_models.circuit.olive import complex_spikes
from trialtensor_models.circuit.pathways import Constraint, constraints_of, draw_weights
from trialtensor_models.circuit.plan import FAST_RATE, SLOW_RATE, Plan
from trialtensor_models.circuit.rules import Rule, by_gradient, rules_of
from trialtensor_models.circuit.setpoints import settle, track
from trialtensor_models.circuit.state import Checkpoint, State
from trialtensor_models.circuit.state_files import read_state, write_state
from trialtensor_models.circuit.trained import Training
from trialtensor_models.circuit.trials import Setting, Trials, in_turns
from trialtensor_models.tasks import Task, check_is_task

_N_SETTLING = 32
# A loss that is so many times the first one won't come down again.
_GREW = 100.0
# Weights of a working circuit are of order 1.
_TOO_LARGE = 1e6


def train_jointly(
    task: Task,
    *,
    anatomy: Anatomy | None = None,
    cerebellum: bool | Literal["frozen"] = True,
    sparsity: float | None = None,
    ratio: float | None = None,
    coding_level: float | None = None,
    feedback_delay: float | Literal[False] | None = None,
    rules: str | dict[str, Rule] = "bptt",
    checkpoints: int | Sequence[int] = 24,
    n_iterations: int = 600,
    batch_size: int = 16,
    learning_rate: float = 3e-3,
    fast_rate: float = FAST_RATE,
    slow_rate: float = SLOW_RATE,
    cut: int | None = None,
    reverse_every: int | None = None,
    pushes: float = 0.5,
    outcome: float = 0.0,
    seed: int = 0,
    path: str | os.PathLike[str] | None = None,
    report: Callable[[int, float], None] | None = None,
) -> Training:
    """Train cortex and cerebellum together, from weights that know nothing.

    Anatomy is kept at every step: signs, absent synapses, few inputs of granule cells, convergence
    on Purkinje cells and nuclei. Weights are kept along the way, and become a run whose trials are
    (checkpoint x condition).

    Parameters
    ----------
    task : task
        Such as `RotatedReaching` or `SequenceDrawing`.
    anatomy : Anatomy, optional
        Sizes and delays; what follows replaces its own where it is given.
    cerebellum : bool or "frozen"
        False: a cortex alone, with as many trained weights. "frozen": one that never learns.
    sparsity, ratio, coding_level : float, optional
        See `Anatomy`.
    feedback_delay : float or False, optional
        In seconds; False is no feedback.
    rules : {"bptt", "local"} or dict
        Back-propagation through time (needs torch), or local rules: climbing fibres teach parallel
        fibre synapses, and the nuclei teach cortex. ``{"cortex": "bptt", "cerebellum": "local"}``
        mixes them; "none" is no learning.
    checkpoints : int or sequence of int
        How many at most, closer together at the beginning; or after which iterations.
    n_iterations, batch_size : int
        Batches of trials, and trials in each.
    learning_rate : float
        Of back-propagation (Adam), at its largest.
    fast_rate, slow_rate : float
        Of the local rules in the cerebellum and in cortex.
    cut : int, optional
        Gradients go back over so many steps only.
    reverse_every : int, optional
        In tasks with choices, right answers are exchanged every so many iterations.
    pushes : float
        Share of trials in which the hand is pushed, so that feedback matters.
    outcome : float
        Seconds that are simulated after the response.
    seed : int
        Of weights, trials and noise; the same one gives the same bits.
    path : str or path, optional
        A file that each checkpoint goes to. If it exists and holds the beginning of the same
        training, it is continued, with the same bits. Without it, what is interrupted is lost.
    report : callable, optional
        Called with the iteration and its loss.

    Returns
    -------
    Training

    Raises
    ------
    ImportError
        If back-propagation is asked for and torch isn't installed.
    ValueError
        If a number is out of range, or `path` holds another training.
    FloatingPointError
        If activity grows without bound.

    Examples
    --------
    >>> from trialtensor_models import CenterOut
    >>> training = train_jointly(
    ...     CenterOut(n_targets=4),
    ...     anatomy=Anatomy(n_cortex=40, ratio=2.0),
    ...     rules="local",
    ...     n_iterations=20,
    ...     checkpoints=3,
    ... )
    >>> training.run().activity.dims
    ('trial', 'neuron', 'time')
    """
    check_is_task(task)
    anatomy = _anatomy(anatomy, cerebellum, sparsity, ratio, coding_level, feedback_delay, task)
    given = rules_of(rules, anatomy.cerebellum, frozen=cerebellum == "frozen")
    if not (path is None or isinstance(path, str | os.PathLike)):
        raise ValueError(f"path: expected the name of a file, got {path!r}")
    if not (report is None or callable(report)):
        raise ValueError(f"report: expected a function, got {report!r}")
    plan = Plan(
        anatomy=anatomy,
        setting=Setting(task=task, pushes=pushes, outcome=outcome),
        rules=given,
        kept=kept_iterations(checkpoints, check_whole("n_iterations", n_iterations, 1)),
        n_iterations=n_iterations,
        batch_size=batch_size,
        learning_rate=learning_rate,
        fast_rate=fast_rate,
        slow_rate=slow_rate,
        cut=cut,
        reverse_every=reverse_every,
        seed=seed,
    )
    if path is not None:
        _check_kept(plan, Path(path))
    threads = one_thread() if by_gradient(given) else nullcontext()
    with threads, threadpool_limits(1, user_api="blas"):
        return _train(plan, None if path is None else Path(path), report)


def kept_iterations(checkpoints: Any, n_iterations: int) -> tuple[int, ...]:
    """Find after which iterations weights are kept; 0 is before learning.

    Parameters
    ----------
    checkpoints : int or sequence of int
    n_iterations : int

    Returns
    -------
    tuple of int
        Rising; the last iteration is always one of them.

    Raises
    ------
    ValueError
        If they aren't whole numbers from 0 to `n_iterations`.
    """
    if isinstance(checkpoints, np.ndarray):
        checkpoints = checkpoints.tolist()
    if isinstance(checkpoints, Sequence) and not isinstance(checkpoints, str):
        for each in checkpoints:
            check_whole("checkpoints", each, 0, n_iterations)
        return tuple(sorted({*map(int, checkpoints), n_iterations}))
    n = check_whole("checkpoints", checkpoints, 2)
    places = n_iterations * (np.arange(n) / (n - 1)) ** 2
    return tuple(sorted({round(place) for place in places}))


def _anatomy(
    anatomy: Anatomy | None,
    cerebellum: Any,
    sparsity: float | None,
    ratio: float | None,
    coding_level: float | None,
    feedback_delay: Any,
    task: Task,
) -> Anatomy:
    if anatomy is None:
        anatomy = Anatomy()
    check_instance("anatomy", anatomy, Anatomy, "an Anatomy")
    if cerebellum not in (True, False, "frozen"):
        raise ValueError(f"cerebellum: expected True, False or 'frozen', got {cerebellum!r}")
    changes: dict[str, Any] = {"sparsity": sparsity, "ratio": ratio, "coding_level": coding_level}
    changes = {name: value for name, value in changes.items() if value is not None}
    found = replace(anatomy, **changes)
    if feedback_delay is False:
        found = without_feedback(found)
    elif feedback_delay is not None:
        found = replace(found, feedback_delay=feedback_delay)
    return found if cerebellum else without_cerebellum(found, task.n_inputs)


def _check_kept(plan: Plan, path: Path) -> None:
    """Refuse, before the work, a file that can't be written or can't hold the training."""
    check_target(path)
    json.dumps(plan.configuration())


def _check_finite(state: State, iteration: int) -> None:
    if not all((np.abs(each) < _TOO_LARGE).all() for each in state.weights.values()):
        raise FloatingPointError(
            f"weights grew without bound at iteration {iteration}; lower learning_rate, fast_rate "
            "or slow_rate"
        )


def _train(plan: Plan, path: Path | None, report: Callable[[int, float], None] | None) -> Training:
    started = time.perf_counter()
    state, constraints = _first_state(plan)
    if path is not None and path.exists():
        state = read_state(path, plan)
    gradient = None
    if names := by_gradient(plan.rules):
        gradient = Gradient(names, state.weights, constraints, plan.anatomy, plan.cut)
        gradient.remember(state.moments)
    rng = np.random.default_rng()
    rng.bit_generator.state = state.rng
    for iteration in range(state.iteration, plan.n_iterations):
        conditions = in_turns(plan.setting.n_conditions, plan.batch_size, rng)
        trials = plan.setting_at(iteration).draw(conditions, plan.anatomy, rng)
        loss, state = _learn(plan, state, constraints, gradient, trials, iteration)
        if not loss < _GREW * max(1.0, state.losses[0] if state.losses else loss):
            raise FloatingPointError(
                f"activity grew without bound at iteration {iteration}; lower learning_rate, "
                "fast_rate or slow_rate"
            )
        state.losses.append(loss)
        if report is not None:
            report(iteration, loss)
        if iteration + 1 in plan.kept:
            _check_finite(state, iteration)
            state = replace(
                state,
                iteration=iteration + 1,
                rng=rng.bit_generator.state,
                moments=gradient.moments() if gradient else {},
                checkpoints=[*state.checkpoints, Checkpoint.of(iteration + 1, state)],
                seconds=state.seconds + time.perf_counter() - started,
            )
            started = time.perf_counter()
            if path is not None:
                write_state(path, plan, state)
    return Training(plan, state)


def _first_state(plan: Plan) -> tuple[State, dict[str, Constraint]]:
    rng = np.random.default_rng(np.random.SeedSequence([plan.seed, 12]))
    anatomy, setting = plan.anatomy, plan.setting
    weights = draw_weights(anatomy, setting.task.n_inputs, plan.seed)
    constraints = constraints_of(weights, anatomy)
    few = np.resize(rng.permutation(setting.n_conditions), max(_N_SETTLING, setting.n_conditions))
    weights, setpoints = settle(weights, anatomy, setting.draw(few[:128], anatomy, rng))
    state = State(weights, setpoints, rng.bit_generator.state)
    if 0 in plan.kept:
        state.checkpoints.append(Checkpoint.of(0, state))
    return state, constraints


def _learn(
    plan: Plan,
    state: State,
    constraints: Mapping[str, Constraint],
    gradient: Gradient | None,
    trials: Trials,
    iteration: int,
) -> tuple[float, State]:
    """Learn from a batch by all rules; the loss before it."""
    anatomy, weights = plan.anatomy, dict(state.weights)
    if gradient is None:
        activity = run(weights, state.setpoints, anatomy, trials)
        loss = float((error_of(activity, trials, anatomy) ** 2).mean())
    else:
        loss, activity = gradient.step(state.setpoints, trials, plan.pace(iteration))
        weights |= gradient.arrays()
    changed = _local_changes(plan, state, trials, activity)
    for name, change in changed.items():
        weights[name] = weights[name] + change
        if name in constraints:
            weights[name] = constraints[name].hold(weights[name])
        if gradient is not None:
            gradient.set(name, weights[name])
    setpoints = track(state.setpoints, weights, anatomy, activity)
    return loss, replace(state, weights=weights, setpoints=setpoints)


def _local_changes(
    plan: Plan, state: State, trials: Trials, activity: Activity
) -> dict[str, np.ndarray]:
    # Trials of one condition are one lesson: learning it many times at once would overshoot.
    anatomy, n = plan.anatomy, len(np.unique(trials.condition))
    changes: dict[str, np.ndarray] = {}
    if plan.rules["cerebellum"] == "local":
        spikes = complex_spikes(activity, trials, anatomy)
        change = parallel_fibre_change(activity, spikes, anatomy)
        changes["w"] = plan.fast_rate * n * change
    if plan.rules["cortex"] == "local":
        found = cortical_change(activity, trials, state.weights, state.setpoints, anatomy)
        changes |= {name: plan.slow_rate * n * change for name, change in found.items()}
    return changes
