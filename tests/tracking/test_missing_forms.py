"""Masked, None and NA are missing, as NaN is, in every function of tracking that takes values."""

from __future__ import annotations

import dataclasses
import inspect

import numpy as np
import pandas
import pytest
import xarray

import trialtensor.tracking as tracking
from trialtensor import TCA
from trialtensor.tracking import (
    block_contrasts,
    change_points,
    learning_curve,
    one_rate_fit,
    pattern_change,
    rebound,
    relate,
    replicate,
    smooth_curve,
    subspace_drift,
    template_alignment,
    track,
    track_group,
    transitions,
    trial_similarity,
    two_rate_fit,
    unstable_neurons,
)

RNG = np.random.default_rng(0)
N = 60
# Whole numbers, so that what is masked may be an integer too.
STEP = np.round(10 * (np.repeat([0.0, 1.0], N // 2) + 0.3 * RNG.normal(size=N)))
OTHER = np.round(10 * np.convolve(RNG.normal(size=N + 4), np.ones(5), "valid"))
TENSOR = np.round(10 * RNG.normal(size=(N, 12, 8)))
BLOCKS = np.repeat([0, 1], N // 2)
ROTATION = np.r_[np.zeros(20), np.ones(N - 20)]
LEARNED = np.round(10 * np.r_[np.zeros(20), 1 - np.exp(-np.arange(N - 20) / 15)])
EARLY, LATE = np.arange(N) < N // 2, np.arange(N) >= N // 2

MODEL = TCA(1, n_init=1, random_state=0).fit(TENSOR)

# Function -> the arguments that take values, and the rest.
CALLS = {
    "transitions": (transitions, {"values": STEP}, {"n_draws": 20}),
    "transitions, with conditions": (
        transitions,
        {"conditions": np.arange(N) % 2},
        {"values": STEP, "n_draws": 20},
    ),
    "change_points": (change_points, {"values": STEP}, {}),
    "smooth_curve": (smooth_curve, {"values": STEP}, {}),
    "learning_curve": (learning_curve, {"values": STEP}, {}),
    "block_contrasts": (block_contrasts, {"values": STEP, "labels": BLOCKS}, {}),
    "relate": (
        relate,
        {"component": STEP, "behaviour": OTHER},
        {"n_null": 19, "n_bootstrap": 20},
    ),
    "two_rate_fit": (two_rate_fit, {"y": LEARNED, "perturbation": ROTATION}, {"scale": True}),
    "one_rate_fit": (one_rate_fit, {"y": LEARNED, "perturbation": ROTATION}, {"scale": True}),
    "rebound": (rebound, {"output": LEARNED, "perturbation": ROTATION}, {}),
    "track": (
        track,
        {"model": np.stack([STEP, OTHER], axis=1), "labels": BLOCKS, "behaviour": LEARNED},
        {},
    ),
    "track, with conditions": (track, {"conditions": np.arange(N) % 2}, {"model": STEP}),
    "track, with data": (track, {"X": TENSOR}, {"model": MODEL}),
    "replicate": (replicate, {"X": TENSOR}, {"model": MODEL, "found": {"component 1": [30]}}),
    "unstable_neurons": (unstable_neurons, {"X": TENSOR}, {}),
    "track_group": (
        track_group,
        {"models_or_sessions": np.stack([STEP, OTHER])},
        {"by": ["a", "b"]},
    ),
    "track, with rates": (track, {"perturbation": ROTATION}, {"model": LEARNED}),
    "pattern_change": (
        pattern_change,
        {"X": TENSOR, "early": EARLY, "late": LATE},
        {"components": 2, "n_null": 19},
    ),
    "pattern_change, with courses": (
        pattern_change,
        {"components": np.round(10 * RNG.normal(size=(8, 2)))},
        {"X": TENSOR, "early": EARLY, "late": LATE, "n_null": 19},
    ),
    "pattern_change, with conditions": (
        pattern_change,
        {"conditions": np.arange(N) % 2},
        {"X": TENSOR, "early": EARLY, "late": LATE, "n_null": 19},
    ),
    "subspace_drift": (subspace_drift, {"X": TENSOR}, {"n_null": 19}),
    "template_alignment": (template_alignment, {"X": TENSOR, "early": EARLY, "late": LATE}, {}),
    "template_alignment, of blocks": (template_alignment, {"labels": BLOCKS}, {"X": TENSOR}),
    "trial_similarity": (trial_similarity, {"X": TENSOR}, {"n_windows": 6}),
}
CASES = [(name, argument) for name, (_, given, _) in CALLS.items() for argument in given]
FORMS = ("masked integers", "masked", "objects", "a list", "DataArray")
# These take a second or more, and convert by the same functions as the others.
LONG = (
    "track",
    "track, with data",
    "track, with rates",
    "track_group",
    "pattern_change",
    "two_rate_fit",
    "one_rate_fit",
)


def gone_from(values: np.ndarray) -> np.ndarray:
    """Choose a tenth of the values, the same for every form."""
    return np.random.default_rng(1).random(values.shape) < 0.1


def outcome(name: str, argument: str, values: object) -> object:
    """Return what a function says of these values, or how it refuses them."""
    function, given, more = CALLS[name]
    try:
        return flat(function(**{**given, argument: values}, **more))
    except ValueError as error:
        assert str(error).startswith(f"{argument}:"), f"{argument} isn't named: {error}"
        return "refused"


def flat(found: object) -> list[object]:
    """List all numbers and names of a result."""
    if dataclasses.is_dataclass(found) and not isinstance(found, type):
        return [flat(getattr(found, each.name)) for each in dataclasses.fields(found)]
    if isinstance(found, pandas.DataFrame):
        return [list(found.columns), [flat(found[each].tolist()) for each in found]]
    if isinstance(found, dict):
        return [[str(key), flat(each)] for key, each in found.items()]
    if isinstance(found, list | tuple | np.ndarray):
        return [flat(each) for each in found]
    return None if found is None or found != found else found


@pytest.mark.filterwarnings("ignore")  # so much is missing here that fits warn of it
@pytest.mark.parametrize(
    ("name", "argument", "form"),
    [
        (*case, form)
        for case in CASES
        if case[1] not in ("early", "late")
        for form in (FORMS[:1] if case[0] in LONG else FORMS)
    ],
)
def test_all_forms_of_missing_are_nan(name, argument, form):
    values = CALLS[name][1][argument]
    gone = gone_from(values)
    nan = np.where(gone, np.nan, values)
    if form == "masked":
        given = np.ma.masked_array(np.where(gone, -999.0, values), gone)
    elif form == "masked integers":
        given = np.ma.masked_array(np.where(gone, -999, values).astype(int), gone)
    elif form == "objects":
        given = np.where(gone, None, values.astype(object))
        given[tuple(np.argwhere(gone)[0])] = pandas.NA
    elif form == "a list":
        given = [np.ma.masked_array(each, own) for each, own in zip(values, gone, strict=True)]
        given = given if values.ndim > 1 else np.where(gone, None, values.astype(object)).tolist()
    else:
        dims = ("trial", "neuron", "time")[: values.ndim]
        given = xarray.DataArray(np.ma.masked_array(values, gone), dims=dims)
    assert outcome(name, argument, given) == outcome(name, argument, nan)


@pytest.mark.parametrize("argument", ["early", "late"])
@pytest.mark.parametrize("function", [template_alignment, pattern_change])
def test_sets_of_trials_may_be_in_any_form(function, argument):
    sets = {"early": EARLY, "late": LATE}
    options = {"n_null": 19} if function is pattern_change else {}
    flags = sets[argument]
    expected = flat(function(TENSOR, **sets, **options))
    forms = [
        np.ma.masked_array(flags, False),
        pandas.array(flags, dtype="boolean"),
        pandas.Series(flags),
        flags.tolist(),
        np.flatnonzero(flags),
        np.flatnonzero(flags).tolist(),
    ]
    for given in forms[:: 1 if function is template_alignment else 3]:
        assert flat(function(TENSOR, **{**sets, argument: given}, **options)) == expected
    with pytest.raises(ValueError, match=f"^{argument}: .* masked"):
        function(TENSOR, **{**sets, argument: np.ma.masked_array(flags, gone_from(flags))})
    unsure = pandas.array([None, *flags[1:]], dtype="boolean")
    with pytest.raises(ValueError, match=f"^{argument}: .*expected"):
        function(TENSOR, **{**sets, argument: unsure})


def test_a_schedule_of_another_session_may_be_masked():
    found = one_rate_fit(LEARNED, ROTATION, scale=True)
    masked = np.ma.masked_array(np.ones(30), np.arange(30) >= 20)
    clamp = np.r_[np.ones(20), np.full(10, np.nan)]
    np.testing.assert_array_equal(found.predict(masked), found.predict(clamp))


def test_no_function_is_left_out():
    functions = {name for name in tracking.__all__ if inspect.isfunction(getattr(tracking, name))}
    assert {name.partition(",")[0] for name in CALLS} == functions
    taken = {
        "values", "labels", "component", "behaviour", "y", "perturbation", "output", "model", "X",
        "early", "late", "components", "conditions", "models_or_sessions",
    }  # fmt: skip
    # A fitted model.
    taken_otherwise = {"replicate": {"model"}}
    for function in functions:
        parameters = set(inspect.signature(getattr(tracking, function)).parameters)
        tried = {a for n, a in CASES if n.partition(",")[0] == function}
        assert (parameters & taken) - taken_otherwise.get(function, set()) == tried, function
