"""The suite for simulators."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from trialtensor import TCA
from trialtensor_models.sessions import Run, Truth
from trialtensor_models.simulators import check_is_simulator
from trialtensor_models.testing.running import (
    expect,
    expect_array,
    expect_refusal,
    global_state,
    run_checks,
)


def check_simulator(simulator: Any) -> None:
    """Check that a simulator makes sessions that everything here can take.

    Parameters
    ----------
    simulator : simulator
        Simulates five sessions, so it should be set to short ones.

    Raises
    ------
    AssertionError
        Naming the check that failed, and what was expected.

    Examples
    --------
    >>> from trialtensor_models import Schedule
    >>> from trialtensor_models.simulators import CCRNNSimulator
    >>> check_simulator(CCRNNSimulator(schedule=Schedule().rotate(30, 4)))
    """
    run_checks((check_members,), simulator)
    before = global_state()
    runs: list[Any] = []
    run_checks((lambda s: runs.extend(s.simulate(seed) for seed in (0, 0, 1)),), simulator)
    expect(before == global_state(), "numpy's global random state left alone")
    run_checks((check_run,), runs[0])
    run_checks((check_seeds,), simulator, *runs)
    run_checks((check_activity, check_behaviour, check_truth, check_file, check_fit), runs[0])


def check_members(simulator: Any) -> None:
    """A simulator has a name, and simulates."""
    check_is_simulator(simulator)


def check_run(run: Any) -> None:
    """What comes is a run, with a truth."""
    expect(isinstance(run, Run), "a Run", type(run).__name__)
    expect(isinstance(run.truth, Truth), "a Truth in run.truth", type(run.truth).__name__)
    for name, value, kind in (
        ("behaviour", run.behaviour, xr.Dataset),
        ("truth.schedule", run.truth.schedule, xr.Dataset),
        ("truth.fast", run.truth.fast, xr.DataArray),
        ("truth.slow", run.truth.slow, xr.DataArray),
    ):
        wanted = f"{name} as an xarray.{kind.__name__}"
        expect(isinstance(value, kind), wanted, type(value).__name__)
        expect("trial" in value.dims, f"{name} with the axis trial", tuple(value.dims))


def check_seeds(simulator: Any, first: Run, again: Run, other: Run) -> None:
    """The same seed gives the same bits, another gives others, and a bad one is refused."""
    expect(_same(first, again), "the same bits from the same seed")
    expect(not _same(first, other), "another session from another seed")
    for seed in (-1, 0.5, "one", None):
        expect_refusal(lambda seed=seed: simulator.simulate(seed), f"seed={seed!r}")  # type: ignore[misc]


def _same(a: Run, b: Run) -> bool:
    if (a.activity is None) != (b.activity is None):
        return False
    if a.activity is not None and b.activity is not None and not a.activity.equals(b.activity):
        return False
    return a.behaviour.equals(b.behaviour) and a.truth.fast.equals(b.truth.fast)


def _n_trials(run: Run) -> int:
    return run.truth.schedule.sizes["trial"]


def check_activity(run: Run) -> None:
    """Activity is finite, with an axis for each of trial, neuron and time."""
    X = run.activity
    if X is None:
        return
    expect(isinstance(X, xr.DataArray), "activity as an xarray.DataArray", type(X).__name__)
    expect(X.dims == ("trial", "neuron", "time"), "the axes trial, neuron, time", X.dims)
    expect(X.sizes["trial"] == _n_trials(run), f"{_n_trials(run)} trials", X.sizes["trial"])
    expect_array(X, X.shape, "activity")
    expect("time" in X.coords, "the coordinate time, in seconds from the go signal")
    expect(np.all(np.diff(X["time"]) > 0), "rising times", X["time"].to_numpy()[:5])
    expect(float(X.std("trial").max()) > 0, "activity that changes over trials")
    region = run.truth.region
    expect(
        len(region) in (0, X.sizes["neuron"]),
        f"truth.region for each of {X.sizes['neuron']} neurons, or none",
        len(region),
    )


def check_behaviour(run: Run) -> None:
    """Behaviour is by trial, with a finite number of what is learned."""
    behaviour, n = run.behaviour, _n_trials(run)
    expect(behaviour.sizes["trial"] == n, f"behaviour of {n} trials", behaviour.sizes["trial"])
    numbers = [
        str(name)
        for name, each in behaviour.data_vars.items()
        if each.dims == ("trial",) and each.dtype.kind in "fiub"
    ]
    expect(numbers, "a number a trial in behaviour, such as adaptation", list(behaviour.data_vars))
    for name in numbers:
        expect_array(behaviour[name], (n,), f"behaviour.{name}")
    expect("epoch" in behaviour.coords, "the label epoch of each trial in behaviour")


def check_truth(run: Run) -> None:
    """The truth says what was done on each trial, and what each process added to behaviour."""
    truth, n = run.truth, _n_trials(run)
    expect("epoch" in truth.schedule, "the column epoch in truth.schedule", list(truth.schedule))
    for name in ("fast", "slow"):
        expect_array(getattr(truth, name), (n,), f"truth.{name}")
    try:
        json.dumps(truth.configuration)
    except (TypeError, ValueError) as error:
        raise AssertionError(
            f"expected numbers, text, lists and dicts in truth.configuration, got {error}"
        ) from error


def check_file(run: Run) -> None:
    """The run survives its file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.nc"
        run.save(path, exact=True)
        back = Run.load(path)
    xr.testing.assert_equal(run.behaviour, back.behaviour)
    xr.testing.assert_equal(run.truth.schedule, back.truth.schedule)
    expect(_same(run, back), "the same run from its file")
    expect(list(back.truth.region) == list(run.truth.region), "the same regions from its file")


def check_fit(run: Run) -> None:
    """A model takes the activity as it is."""
    if run.activity is None:
        return
    fitted = TCA(1, n_init=1, random_state=0).fit(run.activity)
    expect_array(fitted.trial_factors_, (_n_trials(run), 1), "trial factors of a fit")
