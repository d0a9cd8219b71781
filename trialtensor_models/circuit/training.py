"""Train all regions of a circuit together, from the start."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from threadpoolctl import threadpool_limits

from trialtensor.data.parameters import SEEDS, check_instance, check_number, check_whole
from trialtensor_models.circuit.anatomy import Anatomy
from trialtensor_models.circuit.checkpointing import Checkpoint, State, read_state, write_state
from trialtensor_models.circuit.dynamics import Activity, Setpoints, error_of, run
from trialtensor_models.circuit.gradient import Gradient, one_thread
from trialtensor_models.circuit.local_rules import cortical_change, parallel_fibre_change
from trialtensor_models.circuit.olive import complex_spikes
from trialtensor_models.circuit.pathways import constraints_of, draw_weights
from trialtensor_models.circuit.rules import Rule, by_gradient, rules_of
from trialtensor_models.circuit.setpoints import settle, track
from trialtensor_models.circuit.trained import Training
from trialtensor_models.circuit.trials import Setting, Trials
from trialtensor_models.tasks import Task, check_is_task

# Rates of the local rules: a trial takes back about a tenth of its error by way of the cerebellum,
# and cortex learns about a hundredth of what the nuclei tell it.
FAST_RATE, SLOW_RATE = 0.02, 0.002
_N_SETTLING = 32


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
        Sizes and delays; the four that follow replace its own if they are given.
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
        How many, closer together at the beginning; or after which iterations.
    n_iterations, batch_size : int
        Batches of trials, and trials in each.
    learning_rate : float
        Of back-propagation (Adam), at its largest.
    fast_rate, slow_rate : float
        Of the local rules in the cerebellum and in cortex.
    cut : int, optional
        Gradients go back over so many steps only.
    pushes : float
        Share of trials in which the hand is pushed, so that feedback matters.
    outcome : float
        Seconds that are simulated after the response.
    seed : int
        Of weights, trials and noise; the same one gives the same bits.
    path : str or path, optional
        A file that each checkpoint goes to. If it exists and holds the beginning of the same
        training, it is continued, with the same bits.
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
    ...     CenterOut(n_targets=4), anatomy=Anatomy(n_cortex=40, ratio=2.0), rules="local",
    ...     n_iterations=20, checkpoints=3,
    ... )
    >>> training.run().activity.dims
    ('trial', 'neuron', 'time')
    """
    check_is_task(task)
    anatomy = _anatomy(anatomy, cerebellum, sparsity, ratio, coding_level, feedback_delay, task)
    given = rules_of(rules, anatomy.cerebellum)
    if cerebellum == "frozen":
        given = given | {"cerebellum": "none"}
    _check_numbers(n_iterations, batch_size, learning_rate, fast_rate, slow_rate, cut, pushes, seed)
    check_number("outcome", outcome, least=0)
    if not (report is None or callable(report)):
        raise ValueError(f"report: expected a function, got {report!r}")
    plan = Plan(
        anatomy=anatomy,
        setting=Setting(task=task, pushes=pushes, outcome=outcome),
        rules=given,
        kept=kept_iterations(checkpoints, n_iterations),
        n_iterations=n_iterations,
        batch_size=batch_size,
        learning_rate=learning_rate,
        fast_rate=fast_rate,
        slow_rate=slow_rate,
        cut=cut,
        seed=seed,
    )
    threads = one_thread() if by_gradient(given) else nullcontext()
    with threads, threadpool_limits(1, user_api="blas"):
        return _train(plan, None if path is None else Path(path), report)
