"""Cost of the CC-RNN and reach quality of its packaged networks: ``python -m benchmarks ccrnn``.

Limits are on processor time, which on one thread equals the wall clock of a quiet machine.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import fields, replace
from functools import partial
from typing import Any

import numpy as np

from benchmarks.evidence import Check
from benchmarks.timing import clock
from trialtensor_models import CCRNN, CenterOut, PointMass, Run, Schedule, simulate
from trialtensor_models.network import CorticalWeights
from trialtensor_models.plasticity import gains_of
from trialtensor_models.training.reaching import N_NETWORKS, pretrained_anew, reach_errors

N_TRIALS = (50, 200, 1000)
TRIAL_LIMIT = 15.0  # ms
GROWTH_LIMIT = 1.3
PRETRAINING_LIMIT = 240.0  # s
REACH_LIMITS = {"degrees": 2.0, "% of the distance": 5.0}
IMPORT_LIMIT = 4.0  # s
IMPORTS = {
    "import trialtensor_models": "import trialtensor_models",
    "trialtensor-models --help": (
        "import sys; from trialtensor_models.cli import app; sys.argv = ['x', '--help']; app()"
    ),
}
DIRECTIONS = {"to 16 targets": 0.0, "between them": 11.25}


def compare() -> list[Check]:
    """Measure times, memory and reaches; pretraining dominates and takes some minutes."""
    checks = _imports()
    longest, more = _adaptation()
    checks += more
    checks += _memory(longest)
    for seed in range(N_NETWORKS):
        checks += _reaches(seed)
    for seed in range(N_NETWORKS):
        checks.append(_pretraining(seed))
    return checks


def _imports() -> list[Check]:
    """Measure how long a new process takes to import the models, and to show the command's help."""
    found = []
    for name, code in IMPORTS.items():
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
        wall = time.perf_counter() - started
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        found.append(_below(f"{name}, s ({wall:.1f} by the clock)", cpu, IMPORT_LIMIT))
    return found


def _adaptation() -> tuple[Run, list[Check]]:
    """Measure milliseconds per trial in runs of several lengths."""
    checks, model = [], CCRNN.pretrained()
    _, wall, cpu = clock(lambda: (model.wiring, gains_of(model), model.subspaces))
    checks.append(_below(f"set-up of a network, s ({wall:.2f} by the clock)", cpu, 1.0))
    by_length = {}
    for n_trials in N_TRIALS:
        run, per_trial, by_clock = _adapt(model, n_trials, "behaviour")
        by_length[n_trials] = per_trial
        name = f"adaptation, {n_trials:,} trials, ms a trial ({by_clock:.1f} by the clock)"
        checks.append(_below(name, per_trial, TRIAL_LIMIT))
    growth = by_length[N_TRIALS[-1]] / by_length[N_TRIALS[0]]
    name = f"a trial of {N_TRIALS[-1]:,} over a trial of {N_TRIALS[0]}"
    checks.append(_below(name, growth, GROWTH_LIMIT))
    _, per_trial, by_clock = _adapt(model, N_TRIALS[0], "all")
    name = f"with activity and counterfactuals, ms a trial ({by_clock:.1f} by the clock)"
    checks.append(_below(name, per_trial, TRIAL_LIMIT))
    return run, checks


def _adapt(model: CCRNN, n_trials: int, record: Any) -> tuple[Run, float, float]:
    """Return a run and its milliseconds per trial, by the processor and by the clock."""
    call: Callable[[], Run] = partial(
        simulate, model, CenterOut(), Schedule().rotate(30, n_trials), record=record
    )
    run, wall, cpu = clock(call)
    return run, 1e3 * cpu / n_trials, 1e3 * wall / n_trials


def _memory(run: Run) -> list[Check]:
    """Compare the stored weights of all trials with the full matrices that they encode."""
    n_trials, _, N = run.truth.C.shape
    dense = 4e-6 * n_trials * N**2 + 1e-6 * run.truth.W_PC.nbytes
    name = f"weights of {n_trials:,} trials, MB ({dense:.0f} with dense changes of W)"
    return [_below(name, 1e-6 * run.truth.nbytes, dense / 10)]


def _reaches(seed: int) -> list[Check]:
    model = CCRNN.pretrained(seed)
    quiet = replace(model, cortex=replace(model.cortex, noise=0.0))
    checks = []
    for name, first_angle in DIRECTIONS.items():
        degrees, share = reach_errors(quiet, PointMass(motor_noise=0.0), first_angle)
        for (unit, limit), value in zip(REACH_LIMITS.items(), (degrees, 100 * share), strict=True):
            title = f"network {seed}: largest error of reaches {name}, {unit}"
            checks.append(_below(title, value, limit))
    return checks


def _pretraining(seed: int) -> Check:
    """Retrain a packaged network; the same machine gives the same bits."""
    model, wall, cpu = clock(lambda: pretrained_anew(seed))
    packaged = CCRNN.pretrained(seed).weights
    same = all(
        np.array_equal(getattr(model.weights, part.name), getattr(packaged, part.name))
        for part in fields(CorticalWeights)
    )
    bits = "the packaged bits" if same else "other bits than those packaged"
    name = f"network {seed}: pretraining, s ({wall:.0f} by the clock; {bits})"
    return _below(name, cpu, PRETRAINING_LIMIT)


def _below(name: str, value: float, limit: float) -> Check:
    return Check(name, value, f"<= {limit:.3g}", value <= limit)
